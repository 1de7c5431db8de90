"""A box on which somebody was named rightly and wrongly, and somebody was not: for tests of corrections."""

import dataclasses
import time

import numpy as np

from twinface.events import Event, Kind, LookRecord, Subject, TrackKey
from twinface.networks import Network
from twinface.recognition.embedding import EmbeddedFace

STREAM = 35
NOW_NS = time.time_ns()
ADA, IMPOSTOR, BOB, BLURRED = (TrackKey("door", STREAM, number) for number in (1, 2, 3, 4))


def told(
    second: int, kind: Kind, key: TrackKey, name: str | None, state: str, *, subject: Subject = Subject.TRACK
) -> Event:
    at_ns = NOW_NS + second * 10**9
    return Event(
        kind, subject, *key, name, state, 0.9, at_ns, NOW_NS + 2 * 10**9, 1.0, media_ms=second * 1e3, frame=second
    )


def looks_of(
    key: TrackKey, face: EmbeddedFace, network: Network, name: str | None = None, **measures: float
) -> list[LookRecord]:
    """Two looks of a track, which differ a little; the first one alone decides nothing."""
    first = LookRecord(
        key=key,
        crop=10 * key.track,
        face=0,
        at_ns=NOW_NS + key.track * 10**9,
        frame=1,
        network=network.recipe.fingerprint,
        vector=face.vector,
        quality=face.quality,
        state="pending",
        name=None,
        score=0.25,
        reason="1 looks so far",
        candidates=(("Ada", 0.25),),
        together=(("Ada", 0.25), ("[red]Eve", 0.125)),
        measures={**dataclasses.asdict(face.measures), **measures},
        bounds={"rule": "template", "threshold": 0.5, "threshold_source": "set", "margin": 0.25, "agreeing_looks": 2},
    )
    shifted = face.vector + 0.2 * np.linalg.norm(face.vector) * np.eye(1, len(face.vector), dtype=np.float32)[0]
    state = "known" if name else "unknown"
    reason = "" if name else "Ada misses the threshold of 0.500 by 0.250"
    second = dataclasses.replace(first, crop=10 * key.track + 1, vector=shifted, state=state, name=name, reason=reason)
    return [first, second]

"""A box on which somebody was named rightly and wrongly, and somebody was not: for tests of corrections.

The fixtures are those of whoever imports them into a conftest.
"""

import dataclasses
import datetime
from pathlib import Path

import numpy as np
import pytest

from twinface.events import Event, EventStore, Kind, LookRecord, Subject, TrackKey
from twinface.faces import FaceDetector, read_image
from twinface.gallery import Gallery
from twinface.gallery.keys import KEY_VARIABLE
from twinface.networks import Network
from twinface.recognition.embedding import EmbeddedFace, embed_one_face
from twinface.settings import UnknownSettings
from twinface.types import Candidate
from twinface.unknowns import Unknowns

STREAM = 35
YESTERDAY = datetime.date.today() - datetime.timedelta(days=1)
NOW_NS = int(datetime.datetime.combine(YESTERDAY, datetime.time(12)).timestamp()) * 10**9
"""Noon of yesterday: what is asserted holds also where a day ends while the tests run."""

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
        reason="1 look so far",
        candidates=(Candidate("Ada", 0.25),),
        together=(Candidate("Ada", 0.25), Candidate("[red]Eve", 0.125)),
        measures=dataclasses.replace(face.measures, **measures),
        bounds={"rule": "template", "threshold": 0.5, "threshold_source": "set", "margin": 0.25, "agreeing_looks": 2},
    )
    shifted = face.vector + 0.2 * np.linalg.norm(face.vector) * np.eye(1, len(face.vector), dtype=np.float32)[0]
    state = "known" if name else "unknown"
    reason = "" if name else "Ada misses the threshold of 0.500 by 0.250"
    second = dataclasses.replace(first, crop=10 * key.track + 1, vector=shifted, state=state, name=name, reason=reason)
    return [first, second]


@pytest.fixture(scope="session")
def faces(portraits: Path, detector: FaceDetector, sface: Network) -> dict[str, EmbeddedFace]:
    """The demo's portraits, embedded."""
    names = ("person_a_1", "person_a_2", "person_b_1", "person_b_2", "impostor_1")
    return {name: embed_one_face(read_image(portraits / f"{name}.jpg"), detector, sface) for name in names}


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(KEY_VARIABLE, str(tmp_path / "key"))
    path = tmp_path / "pipeline.toml"
    path.write_text(f'gallery = "{tmp_path}/gallery"\n[[camera]]\nname = "door"\nsource = "0"\n')
    return path


@pytest.fixture
def box(config: Path, tmp_path: Path, faces: dict[str, EmbeddedFace], sface: Network) -> Path:
    """Ada is enrolled. She came, and an impostor, twice, was taken for nobody; Bob was taken for her, and a blurred
    face is known to nobody. The file of events.
    """
    gallery = Gallery.open(tmp_path / "gallery", network=sface.recipe.fingerprint, create=True)
    gallery.add("Ada", ("1.jpg",), faces["person_a_1"].vector[np.newaxis], np.ones(1, np.float32))
    path = tmp_path / "events.sqlite"
    ada, bob, impostor = (faces[name] for name in ("person_a_2", "person_b_1", "impostor_1"))
    looks = [
        *looks_of(ADA, ada, sface, "Ada"),
        *looks_of(IMPOSTOR, impostor, sface),
        *looks_of(BOB, bob, sface, "Ada"),
        *looks_of(BLURRED, faces["person_b_2"], sface, sharpness=0.2),
    ]
    events = [
        told(1, Kind.ENTER, ADA, None, "pending"),
        told(2, Kind.UPDATE, ADA, "Ada", "known"),
        told(2, Kind.ENTER, ADA, "Ada", "known", subject=Subject.PERSON),
        told(3, Kind.ENTER, IMPOSTOR, None, "pending"),
        told(4, Kind.UPDATE, IMPOSTOR, None, "unknown"),
        told(5, Kind.ENTER, BOB, None, "pending"),
        told(6, Kind.UPDATE, BOB, "Ada", "known"),
        told(7, Kind.EXIT, IMPOSTOR, None, "unknown"),
        dataclasses.replace(told(8, Kind.EXIT, ADA, "Ada", "known", subject=Subject.PERSON), track=None),
        told(9, Kind.ENTER, BLURRED, None, "pending"),
    ]
    with EventStore(path) as store:
        store.append(events, looks)
    Unknowns(path, UnknownSettings(), lambda _look: True).take(events)
    return path

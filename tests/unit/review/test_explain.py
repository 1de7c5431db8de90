"""What was decided when: by the frames of a track, whatever its clock said."""

import numpy as np
import pytest

from twinface.events import Event, Kind, LookRecord, Subject, TrackKey
from twinface.review.evidence import Evidence
from twinface.review.explain import explain

KEY = TrackKey("door", 7, 1)
DAY_NS = 86_400 * 10**9


def look(frame: int, at_ns: int, state: str) -> LookRecord:
    vector = np.ones(4, np.float32)
    return LookRecord(KEY, frame, 0, at_ns, frame, "a" * 64, vector, 0.5, state, None, 0.5)


@pytest.mark.parametrize("put_ns", [0, -40 * DAY_NS, 40 * DAY_NS])
def test_an_event_is_explained_by_the_looks_before_it(put_ns: int) -> None:
    at_ns = 100 * DAY_NS
    event = Event(
        Kind.UPDATE, Subject.TRACK, *KEY, None, "unknown", 0.5, at_ns, at_ns, 1.0, media_ms=0.0, frame=5, sequence=3
    )
    looks = (look(4, at_ns - 10**9, "unknown"), look(5, at_ns, "uncertain"), look(9, at_ns + 10**9 + put_ns, "known"))
    (track,) = explain(Evidence(event, (KEY,), (event,), looks))["tracks"]
    assert track["decision"]["state"] == "uncertain"

"""The box of corrected_box, on which more has happened since: for tests of the queue that a person answers.

The fixtures are those of whoever imports them into a conftest.
"""

import dataclasses
from pathlib import Path

import pytest
from corrected_box import looks_of, told

from twinface.events import EventStore, Kind, LookRecord, TrackKey
from twinface.networks import Network
from twinface.recognition.embedding import EmbeddedFace
from twinface.settings import UnknownSettings
from twinface.types import Candidate
from twinface.unknowns import Unknowns

STREAM = 35
AGAIN, UNSURE, CLOSE = (TrackKey("door", STREAM, number) for number in (1000, 1001, 1002))
YARD = TrackKey("yard", STREAM, 1003)


def _uncertain(look: LookRecord, *scores: float) -> LookRecord:
    together = tuple(Candidate(name, score) for name, score in zip(("Ada", "Eve"), scores, strict=True))
    return dataclasses.replace(look, state="uncertain", together=together, score=scores[0])


@pytest.fixture
def review_box(box: Path, faces: dict[str, EmbeddedFace], sface: Network) -> Path:
    """The impostor came again; a face like Ada's was uncertain at the door and one at the yard, and one was as near to
    her as to Eve. Nobody has said yet that the name Ada is right. The file of events.
    """
    ada, impostor, bob = (faces[name] for name in ("person_a_2", "impostor_1", "person_b_1"))
    looks = [
        *looks_of(AGAIN, impostor, sface),
        *(_uncertain(look, 0.4, 0.1) for look in looks_of(UNSURE, ada, sface)),
        *(_uncertain(look, 0.7, 0.65) for look in looks_of(CLOSE, bob, sface)),
        *(_uncertain(look, 0.3, 0.1) for look in looks_of(YARD, bob, sface)),
    ]
    events = []
    for key, state in ((AGAIN, "unknown"), (UNSURE, "uncertain"), (CLOSE, "uncertain"), (YARD, "uncertain")):
        events += [
            told(key.track, Kind.ENTER, key, None, "pending"),
            told(key.track + 1, Kind.UPDATE, key, None, state),
            told(key.track + 2, Kind.EXIT, key, None, state),
        ]
    with EventStore(box) as store:
        store.append(events, looks)
    Unknowns(box, UnknownSettings(), lambda _look: True).take(events)
    return box

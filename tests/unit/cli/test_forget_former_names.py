"""`forget` finds a person under the names they had before, and leaves who has such a name now."""

import dataclasses
import json
import sqlite3
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from corrected_box import STREAM, told

from twinface.corrections import Correction, CorrectionKind, add_corrections, read_corrections
from twinface.events import EventQuery, EventStore, Kind, Subject, TrackKey, read_events
from twinface.gallery import Gallery
from twinface.recognition.embedding import EmbeddedFace
from twinface.settings import Settings
from twinface.settings_file import load_settings

Run = Callable[..., tuple[int, str, str]]


def vectors_of(settings: Settings) -> dict[str, int]:
    return {name: len(person.files) for name, person in Gallery.open(settings.gallery).people.items()}


def rejected_now(name: str, face: EmbeddedFace, settings: Settings) -> Correction:
    network = Gallery.open(settings.gallery).network
    return Correction(CorrectionKind.REJECT, name, face.vector, network, 1.0, "door:z:9", None, time.time_ns())


def test_whoever_was_renamed_is_forgotten_under_the_former_name_too(twinface: Run, config: Path, box: Path) -> None:
    assert twinface("gallery", "rename", "Ada", "Adele", "--config", config)[0] == 0
    assert twinface("reject", "--event", 7, "--config", config)[0] == 0, "the event says Ada"
    code, _, errors = twinface("forget", "Adele", "--config", config)
    assert code == 2
    assert "Adele was called Ada before, and what was kept under that name goes too\n" in errors
    _, _, errors = twinface("forget", "Ada", "--config", config)
    assert "Ada is called Adele now, who stays; `twinface forget` of that name forgets both" in errors
    code, output, _ = twinface("forget", "Adele", "--config", config, "--yes", "--json")
    assert code == 0
    report = json.loads(output)
    assert report["names"] == ["Adele", "Ada"]
    assert {one["what"]: one["count"] for one in report["erased"]} == {
        "vectors": 1,
        "corrections": 2,
        "events": 6,
        "looks": 4,
        "mentions": 4,
        "steps to be taken back": 2,
    }
    for file in box.parent.rglob("*"):
        assert not file.is_file() or not {b"Ada", b"Adele"} & set(file.read_bytes().split(b'"')), file


@pytest.fixture
def another_ada(twinface: Run, config: Path, box: Path, faces: dict[str, EmbeddedFace], portraits: Path) -> Settings:
    """The Ada who came an hour ago is called Adele now; since then there is another one, who has come and was said not
    to be somebody else.
    """
    with closing(sqlite3.connect(box)) as connection:
        for table in ("events", "looks"):
            connection.execute(f"UPDATE {table} SET at_ns = at_ns - 3600000000000")
        connection.commit()
    assert twinface("gallery", "rename", "Ada", "Adele", "--config", config)[0] == 0
    assert twinface("gallery", "add", "Ada", portraits / "person_b_2.jpg", "--config", config)[0] == 0
    settings, now_ns = load_settings(config), time.time_ns()
    visit = {"subject": Subject.PERSON, "since_ns": now_ns, "at_ns": now_ns}
    events = [told(1, kind, TrackKey("door", STREAM, 9), "Ada", "known") for kind in (Kind.ENTER, Kind.EXIT)]
    with EventStore(box) as store:
        store.append([dataclasses.replace(one, **visit) for one in events])
    add_corrections(settings.gallery, [rejected_now("Ada", faces["person_b_2"], settings)])
    return settings


def test_events_are_found_by_all_names_that_were_somebodys(twinface: Run, config: Path, another_ada: Settings) -> None:
    def seen(name: str) -> int:
        code, output, _ = twinface("events", "--name", name, "--json", "--config", config)
        assert code == 0
        return len(output.splitlines())

    assert names_seen(another_ada) == {"Ada": seen("Adele") + seen("Ada")}
    assert seen("Ada") == 2
    assert seen("Nobody") == 0


def names_seen(settings: Settings) -> Counter[str]:
    return Counter(event.name for event in read_events(settings.events_path, EventQuery()) if event.name)


def test_somebody_else_who_has_a_former_name_now_is_not_touched(
    twinface: Run, config: Path, another_ada: Settings
) -> None:
    code, _, errors = twinface("forget", "Adele", "--yes", "--config", config)
    assert code == 0
    assert "Adele was called Ada before, and what was kept under that name goes too, but for what came after" in errors
    assert names_seen(another_ada) == {"Ada": 2}
    assert vectors_of(another_ada) == {"Ada": 1}
    assert [one.name for one in read_corrections(another_ada.gallery)] == ["Ada"]
    assert "1 picture of Ada added" in twinface("undo", "--config", config)[1]


def test_whoever_had_the_name_before_is_not_touched(twinface: Run, config: Path, another_ada: Settings) -> None:
    code, _, errors = twinface("forget", "Ada", "--yes", "--config", config)
    assert code == 0
    assert "Ada was somebody else's name until" in errors
    assert names_seen(another_ada) == {"Ada": 4}
    assert vectors_of(another_ada) == {"Adele": 1}
    assert read_corrections(another_ada.gallery) == ()
    assert "Ada is called Adele" in twinface("undo", "--config", config)[1]

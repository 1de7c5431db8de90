"""A head that is published, rolled back or calibrated at one box is in force at every box with its gallery."""

import dataclasses
import io
import zipfile
from pathlib import Path

import pytest
from retrained_box import NETWORK, contents, make_people, write_metric
from retrained_box import run as retrain
from sharing_galleries import Box, MakeBox

from twinface.calibration.calibrate import Calibrated, Wanted, calibrate
from twinface.errors import ArtefactError, DatabaseError
from twinface.matching.head_folder import head_place
from twinface.matching.open_head import open_head_in_use
from twinface.settings import MatchingSettings
from twinface.sharing.moving import Whose
from twinface.sharing.shared_heads import digest_of, read_head_files
from twinface.training.retraining.previous_head import roll_back_published


def place_of(box: Box) -> Path:
    return head_place(None, box.settings.gallery, NETWORK)


def give_head(box: Box, slope: float, before: float | None = None) -> None:
    write_metric(place_of(box), slope)
    if before is not None:
        write_metric(place_of(box) / "previous", before)


def in_force(box: Box) -> str:
    settings = box.act()
    return open_head_in_use(settings.head, settings.gallery, NETWORK, MatchingSettings()).fingerprint


def test_the_head_of_the_first_box_is_everybodys_and_a_rollback_is_too(gate: Box, door: Box) -> None:
    bundled = in_force(door)
    give_head(gate, 8.0, before=3.0)
    assert (gate.turn(), door.turn()) == ("", "")
    first = in_force(gate)
    assert first == in_force(door) != bundled
    roll_back_published(door.act())
    assert gate.turn() == ""
    assert in_force(gate) == in_force(door) != first
    roll_back_published(gate.act())
    assert door.turn() == ""
    assert in_force(gate) == in_force(door) == first
    assert contents(place_of(gate)) == contents(place_of(door))


def test_a_retrained_head_and_its_thresholds_reach_the_other_box(gate: Box, make_box: MakeBox) -> None:
    gallery = gate.gallery
    for person in make_people(40, first=100):
        gallery.add(person.name, person.files, person.vectors, person.quality)
    give_head(gate, 1.0)
    door = make_box("door")
    assert gate.turn() == door.turn() == ""
    report = retrain(gate.act())
    assert report.published, report.reasons
    assert door.turn() == gate.turn() == ""
    assert in_force(door) == in_force(gate)
    done = calibrate(door.act(), Wanted(far=0.01))
    assert isinstance(done, Calibrated)
    assert done.stored == place_of(door)
    assert gate.turn() == ""
    settings = MatchingSettings(false_accept_rate=0.01)
    thresholds = [open_head_in_use(None, box.act().gallery, NETWORK, settings).threshold for box in (gate, door)]
    assert thresholds[0] == thresholds[1]
    assert "false-accept rate 0.01" in thresholds[0].source


def test_who_publishes_second_hears_of_it_and_changes_nothing(gate: Box, door: Box) -> None:
    give_head(gate, 8.0, before=3.0)
    gate.turn()
    door.turn()
    roll_back_published(gate.act())
    before = in_force(door)
    with pytest.raises(ArtefactError, match="another box has published a head meanwhile; nothing was changed"):
        roll_back_published(door.act())
    assert in_force(door) == before
    assert door.turn() == ""
    assert in_force(door) == in_force(gate) != before


def test_without_the_database_no_head_is_published_and_the_one_here_is_in_force(gate: Box, door: Box) -> None:
    give_head(gate, 8.0, before=3.0)
    gate.turn()
    door.turn()
    before = in_force(door)
    mark = door.gallery.shared
    assert mark is not None
    door.gallery.be_copy_at(dataclasses.replace(mark, url="postgresql://x@127.0.0.1:9/x"))
    with pytest.raises(DatabaseError, match="cannot be reached"):
        roll_back_published(door.act())
    assert in_force(door) == before


def test_a_box_with_a_head_of_its_own_says_so(gate: Box, door: Box, tmp_path: Path) -> None:
    give_head(gate, 8.0)
    gate.turn()
    write_metric(tmp_path / "own", 2.0)
    door.settings = door.settings.model_copy(update={"head": tmp_path / "own"})
    door.copy = type(door.copy)(door.settings, door.copy._box)
    assert door.turn() == "the head of all boxes is not in use here: `head` is set; leave it out"
    assert not place_of(door).exists()


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("head.json", b"{}", "its SHA-256 does not fit"),
        ("../head.json", b"{}", "files that no head has"),
        ("/tmp/head.json", b"{}", "files that no head has"),
        ("head.pkl", b"", "files that no head has"),
    ],
)
def test_a_head_that_is_not_what_it_says_is_not_taken(
    gate: Box, door: Box, name: str, content: bytes, reason: str
) -> None:
    give_head(gate, 8.0)
    gate.turn()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(name, content)
    gate.connection.execute("UPDATE heads SET files = %s", [packed.getvalue()])
    before = in_force(door)
    assert reason in door.turn()
    assert in_force(door) == before
    assert not place_of(door).exists()
    gate.connection.execute("UPDATE heads SET files = %s, digest = 'none'", [b"no archive"])
    assert "damaged" in door.turn()


def test_a_head_of_another_network_is_not_taken(gate: Box, door: Box) -> None:
    give_head(gate, 8.0)
    text = (place_of(gate) / "head.json").read_text()
    (place_of(gate) / "head.json").write_text(text.replace(NETWORK, "f" * 64))
    files = read_head_files(place_of(gate))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("head.json", files["head.json"])
    gate.connection.execute(
        "INSERT INTO heads VALUES (%s, 1, %s, 'x', %s)", [NETWORK, digest_of(files), packed.getvalue()]
    )
    assert "this head is for the network" in door.turn()
    assert not place_of(door).exists()


def test_with_the_people_of_a_box_its_head_counts(gate: Box, make_box: MakeBox) -> None:
    give_head(gate, 8.0)
    gate.turn()
    hall = make_box("hall")
    hall.add(50)
    give_head(hall, 2.0)
    hall.move(Whose.HERE)
    assert gate.turn() == hall.turn() == ""
    assert in_force(gate) == in_force(hall)
    assert b'"slope": 2.0' in (place_of(gate) / "head.json").read_bytes()

"""The matcher learns from tracks that end, by their good looks, and the file says what was learnt, come what may."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from clocks import Clock
from harness import until
from numpy.typing import NDArray

from twinface.averages import (
    FEWEST,
    AveragesInUse,
    Clusters,
    FacesFile,
    Learner,
    averages_of_people,
    forget_person,
    read_faces,
    reset_all_faces,
    reset_faces,
)
from twinface.averages.faces_file import MOST_SOURCES, averages_lock, write_faces
from twinface.errors import ArtefactError, FingerprintError, InputError, SignatureError
from twinface.events import Event, EventStore, Kind, LookRecord, Subject, TrackKey, read_looks
from twinface.events.age_clock import AgeClock
from twinface.gallery import PersonVectors, box_key
from twinface.gallery.keys import KEY_VARIABLE
from twinface.gallery.signing import seal, unseal
from twinface.settings import AverageSettings

DAY_NS = 86_400 * 10**9
START_NS = 20_000 * DAY_NS
NETWORK = "a" * 64
DIMENSION = 64
PRIOR = np.zeros(DIMENSION, np.float32)

pytestmark = pytest.mark.usefixtures("_own_key")


@pytest.fixture
def _own_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, str(tmp_path / "key"))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "averages.pkl"


def face(number: int, shift: float = 0.0) -> NDArray[np.float32]:
    """A vector of a person; the `shift` turns it away from their others."""
    axes = np.eye(DIMENSION, dtype=np.float32)
    return np.asarray(10 * (axes[number] + shift * axes[DIMENSION - 1]), np.float32)


def looks_of(key: TrackKey, vectors: Sequence[NDArray[np.float32]], quality: float = 0.9) -> list[LookRecord]:
    state = {"state": "unknown", "name": None, "score": 0.1, "network": NETWORK, "quality": quality}
    return [
        LookRecord(key, 100 * key.track + number, 0, START_NS, number, vector=vector, **state)
        for number, vector in enumerate(vectors)
    ]


class Box:
    """A store of events, and a matcher's learner beside it; each track that ends is an hour after the one before."""

    def __init__(self, path: Path, *, cameras: Sequence[str] = ("door", "yard"), keep_days: float = 90.0) -> None:
        self.path, self.events = path, path.with_name("events.sqlite")
        self.clock: AgeClock | None = AgeClock.begun(START_NS)
        self.tracks = 0
        self.time = Clock()
        self.learner = Learner(
            path,
            NETWORK,
            PRIOR,
            AverageSettings(keep_days=keep_days),
            cameras=cameras,
            find_looks=partial(read_looks, self.events),
            is_good=lambda look: look.quality > 0.5,
            tell_clock=lambda: self.clock,
            clock=self.time,
        )

    def pass_days(self, days: float) -> None:
        assert self.clock is not None
        passed_ns = int(days * DAY_NS)
        self.clock = self.clock.advanced(passed_ns, self.clock.ran_ns + passed_ns)

    def end(self, *vectors: NDArray[np.float32], camera: str = "door", kind: Kind = Kind.EXIT, q: float = 0.9) -> None:
        """A track with these looks ends."""
        self.pass_days(1 / 24)
        self.tracks += 1
        key = TrackKey(camera, 1, self.tracks)
        now_ns = START_NS + self.tracks
        said = {"name": None, "state": "unknown", "score": 0.1, "media_ms": 0.0, "frame": 1}
        event = Event(kind, Subject.TRACK, *key, at_ns=now_ns, since_ns=now_ns, duration_s=1.0, **said)
        with EventStore(self.events) as store:
            store.append([event], looks_of(key, vectors, q), clock=self.clock)
        self.learner.take([event])

    def count(self, camera: str = "door") -> int:
        source = f"camera:{camera}"
        faces = self.learner()
        return len(faces[source]) if source in faces else 0

    def counted(self) -> dict[str, int]:
        return {source: len(clusters) for source, clusters in read_faces(self.path, NETWORK).items()}


@pytest.fixture
def box(path: Path) -> Box:
    return Box(path)


def person(name: str, vectors: Sequence[NDArray[np.float32]], source: str) -> PersonVectors:
    files = tuple(map(str, range(len(vectors))))
    ones = np.ones(len(vectors), np.float32)
    return PersonVectors(name, files, np.stack(vectors), ones, NETWORK, (source,) * len(vectors))


# --- what teaches -----------------------------------------------------------------------------------------------


def test_a_track_that_ends_teaches_its_camera_once(box: Box) -> None:
    box.end(*[face(1, shift) for shift in (0.0, 0.1, 0.2, 0.3)])
    box.end(face(2), face(2))
    box.end(face(2), face(2, 0.4), camera="yard")
    assert {source: len(clusters) for source, clusters in box.learner().items()} == {"camera:door": 2, "camera:yard": 1}
    (centre,) = box.learner()["camera:yard"].centres
    assert float(centre @ face(2, 0.2)) == pytest.approx(np.linalg.norm(face(2, 0.2)), rel=1e-3)


def test_poor_looks_and_single_ones_teach_nothing(box: Box) -> None:
    box.end(face(1))
    box.end(face(2), face(2), q=0.4)
    box.end()
    box.end(face(3), face(3), kind=Kind.UPDATE)
    assert box.count() == 0
    assert not box.path.exists()


def test_cameras_that_do_not_teach_are_passed_over(path: Path) -> None:
    box = Box(path, cameras=["yard"])
    box.end(face(1), face(1))
    box.end(face(1), face(1), camera="yard")
    assert (box.count("door"), box.count("yard")) == (0, 1)


def test_nothing_is_learnt_without_a_clock(box: Box) -> None:
    box.end(face(1), face(1))
    clock, box.clock = box.clock, None
    box.learner.take([])
    assert box.count() == 1
    box.clock = clock
    box.end(face(2), face(2))
    assert box.count() == 2


def test_who_is_enrolled_from_a_camera_teaches_it_once(box: Box) -> None:
    box.end(face(1), face(1))
    ada, bob = person("Ada", [face(1), face(1, 0.3)], "camera:door"), person("Bob", [face(2)], "camera:door")
    box.learner.people = {"Ada": ada, "Bob": bob, "Eve": person("Eve", [face(3)], "photos")}
    box.end(face(4), face(4))
    assert box.count() == 3
    assert box.learner()["camera:door"].tracks.tolist() == [1, 1, 1]
    seen_ns = box.learner()["camera:door"].seen_ns.tolist()
    box.learner.people = {"Ada": ada, "Bob": bob}
    box.end(face(4), face(4))
    assert box.learner()["camera:door"].seen_ns.tolist()[0] == seen_ns[0]
    assert box.learner()["camera:door"].tracks.tolist() == [1, 2, 1]


def test_people_of_other_cameras_or_networks_teach_nothing(path: Path) -> None:
    box = Box(path, cameras=["door"])
    short = PersonVectors("Bob", ("1",), np.ones((1, 8), np.float32), np.ones(1, np.float32), "b", ("camera:door",))
    box.learner.people = {"Ada": person("Ada", [face(1)], "camera:yard"), "Bob": short}
    box.end(face(4), face(4))
    assert {source: len(clusters) for source, clusters in box.learner().items()} == {"camera:door": 1}


def test_who_was_not_seen_for_long_is_let_go_by_the_time_the_box_ran(path: Path) -> None:
    box = Box(path, keep_days=10.0)
    box.end(face(1), face(1))
    box.pass_days(8)
    box.end(face(2), face(2))
    assert box.count() == 2
    box.pass_days(3)
    box.end(face(3), face(3))
    assert box.count() == 2


def test_a_camera_whose_passers_by_are_all_too_old_has_the_average_of_who_is_enrolled(path: Path) -> None:
    box = Box(path, keep_days=10.0)
    box.end(face(1), face(1))
    box.pass_days(11)
    box.end(face(2), face(2), camera="yard")
    assert set(box.learner()) == {"camera:yard"}
    box.learner.write()
    assert box.counted() == {"camera:yard": 1}
    in_use = AveragesInUse(box.learner, PRIOR)
    in_use.refresh({"Ada": person("Ada", [face(1)], "camera:door")})
    assert in_use.gauges == {"average_people camera:door": 1, "average_people camera:yard": 1}


def test_a_clock_that_jumps_lets_go_of_nobody(path: Path) -> None:
    box = Box(path, keep_days=10.0)
    box.end(face(1), face(1))
    assert box.clock is not None
    for wall_ns in (START_NS + 10_000 * DAY_NS, START_NS - 10_000 * DAY_NS, START_NS):
        box.clock = box.clock.advanced(10**9, wall_ns)
        box.learner.take([])
    assert box.count() == 1
    box.clock = AgeClock.begun(START_NS - 10_000 * DAY_NS)
    box.end(face(2), face(2))
    assert box.count() == 2


def test_the_average_is_the_bundled_one_until_enough_have_passed(box: Box) -> None:
    in_use = AveragesInUse(box.learner, PRIOR)
    for number in range(FEWEST - 1):
        box.end(face(number), face(number))
        in_use.refresh()
        np.testing.assert_array_equal(in_use.snapshot.of("camera:door"), PRIOR)
    assert in_use.snapshot.version == 1
    box.end(face(40), face(40))
    assert in_use.refresh()
    assert np.linalg.norm(in_use.snapshot.of("camera:door")) > 0.02
    assert in_use.snapshot.version == 2


def test_scores_are_not_derived_again_at_every_passer_by(box: Box) -> None:
    in_use, versions = AveragesInUse(box.learner, PRIOR), []
    for number in range(60):
        for _ in range(3):
            box.end(face(number), face(number))
            in_use.refresh()
            versions.append(in_use.snapshot.version)
    assert in_use.latest.known["camera:door"].people == 60
    assert 2 <= versions[-1] <= 30, "180 tracks of 60 faces"


# --- the file ---------------------------------------------------------------------------------------------------


def test_the_first_track_is_written_at_once_and_the_next_at_the_end(box: Box, path: Path) -> None:
    box.end(face(1), face(1))
    assert box.counted() == {"camera:door": 1}
    assert path.stat().st_mode & 0o777 == 0o600
    box.end(face(2), face(2))
    assert box.counted() == {"camera:door": 1}
    box.learner.write()
    assert box.counted() == {"camera:door": 2}


def test_what_is_learnt_is_written_once_a_minute(box: Box) -> None:
    for number, passed_s in enumerate((0.0, 59.0, 1.0)):
        box.time.now_s += passed_s
        box.end(face(number), face(number))
        assert box.counted() == {"camera:door": 3 if number == 2 else 1}


def test_a_learner_that_starts_again_goes_on(box: Box, path: Path) -> None:
    box.end(face(1), face(1))
    before = box.learner()["camera:door"]
    again = Box(path)
    np.testing.assert_array_equal(again.learner()["camera:door"].centres, before.centres)
    assert again.learner()["camera:door"].seen_ns.tolist() == before.seen_ns.tolist()
    assert again.learner()["camera:door"].since_ns.tolist() == before.since_ns.tolist()
    again.tracks = 10
    again.end(face(1, 0.2), face(1, 0.2))
    assert again.learner()["camera:door"].tracks.tolist() == [2]


def test_readers_see_what_was_written_and_the_same_object_until_then(box: Box, path: Path) -> None:
    file = FacesFile(path, NETWORK)
    assert (file(), file.problem) == ({}, "")
    box.end(face(1), face(1))
    first = file()
    assert (len(first["camera:door"]), file() is first) == (1, True)
    reset_all_faces(path)
    assert file() == {}


def test_what_is_written_is_not_read_again(box: Box) -> None:
    box.end(face(1), face(1))
    box.end(face(2), face(2))
    faces = box.learner()
    box.learner.write()
    assert box.learner() is faces


def test_a_file_that_others_could_read_is_made_private(box: Box, path: Path) -> None:
    box.end(face(1), face(1))
    path.chmod(0o644)
    assert len(FacesFile(path, NETWORK)()["camera:door"]) == 1
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("damage", [b"", b"TWINFACE", b"x" * 200])
def test_a_damaged_file_costs_the_averages_only_and_is_left_as_it_is(path: Path, damage: bytes) -> None:
    path.write_bytes(damage)
    box = Box(path)
    in_use = AveragesInUse(box.learner, PRIOR)
    box.end(face(1), face(1))
    in_use.refresh({"Ada": person("Ada", [face(1)], "photos")})
    assert str(path) in box.learner.problem
    assert "twinface averages --reset all" in box.learner.problem or "delete it" in box.learner.problem
    box.learner.write()
    assert path.read_bytes() == damage
    np.testing.assert_array_equal(in_use.snapshot.of("camera:door"), PRIOR)
    reset_all_faces(path)
    box.end(face(1), face(1))
    assert (box.learner.problem, box.count(), box.counted()) == ("", 1, {"camera:door": 1})


def test_a_file_that_another_box_signed_is_refused(box: Box, path: Path, tmp_path: Path) -> None:
    box.end(face(1), face(1))
    (tmp_path / "key").unlink()
    with pytest.raises(SignatureError):
        read_faces(path, NETWORK)
    assert "signature does not fit" in Box(path).learner.problem or Box(path).learner() == {}


def test_averages_of_another_network_are_learnt_again(box: Box, path: Path) -> None:
    box.end(face(1), face(1))
    with pytest.raises(FingerprintError, match="another network"):
        read_faces(path, "b" * 64)
    other = Learner(
        path,
        "b" * 64,
        PRIOR,
        AverageSettings(),
        cameras=["door"],
        find_looks=partial(read_looks, box.events),
        is_good=lambda _look: True,
        tell_clock=lambda: box.clock,
    )
    assert (other(), other.problem) == ({}, "")
    other.people = {"Ada": PersonVectors("Ada", ("1",), face(1)[None], np.ones(1, np.float32), "b", ("camera:door",))}
    other.take([])
    assert len(read_faces(path, "b" * 64)["camera:door"]) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"format": 2},
        {"dimension": "8"},
        {"dimension": 32},
        {"sources": []},
        {"sources": {"a b": {}}},
        {"sources": {"camera:door": 7}},
        {"sources": {f"camera:{number}": {} for number in range(MOST_SOURCES + 1)}},
    ],
)
def test_signed_data_that_is_no_file_of_averages_is_refused(box: Box, path: Path, change: dict[str, object]) -> None:
    box.end(face(1), face(1))
    path.write_bytes(seal(unseal(path, box_key()) | change, box_key()))
    with pytest.raises(ArtefactError, match="averages"):
        read_faces(path, NETWORK)


@pytest.mark.parametrize(
    "change",
    [
        {"tracks": [1, 2]},
        {"tracks": [1.5]},
        {"seen_ns": [-1]},
        {"since_ns": [2**63 - 1]},
        {"seen_ns": None},
        {"centres": None},
        {"centres": {"dtype": "<f4", "shape": (1, DIMENSION), "bytes": b"\0" * 4 * DIMENSION}},
        {"centres": {"dtype": "<f4", "shape": (1, DIMENSION), "bytes": b"\xff" * 4 * DIMENSION}},
        {"centres": {"dtype": "<f4", "shape": (1, DIMENSION), "bytes": b"\x7f" * 4 * DIMENSION}},
        {
            "centres": {"dtype": "<f4", "shape": (0, DIMENSION), "bytes": b""},
            "tracks": [],
            "seen_ns": [],
            "since_ns": [],
        },
    ],
)
def test_signed_faces_that_are_none_are_refused(box: Box, path: Path, change: dict[str, object]) -> None:
    box.end(face(1), face(1))
    value = unseal(path, box_key())
    value["sources"]["camera:door"] |= change
    path.write_bytes(seal(value, box_key()))
    with pytest.raises(ArtefactError, match="no averages"):
        read_faces(path, NETWORK)


def test_no_more_sources_are_kept_than_are_read_and_those_seen_last(path: Path) -> None:
    faces = {
        f"camera:{number}": Clusters.none(DIMENSION).learnt(face(1), PRIOR, START_NS + number)
        for number in range(MOST_SOURCES + 3)
    }
    with averages_lock(path):
        write_faces(path, faces | {"camera:empty": Clusters.none(DIMENSION)}, NETWORK)
    assert set(read_faces(path, NETWORK)) == {f"camera:{number}" for number in range(3, MOST_SOURCES + 3)}


KILLED_AT_EVERY_STEP = """
# Writes averages again and again, each time in a process that kills itself one file operation later than the last one,
# until it gets through. Prints how many faces the file had after each, and what else lay in its folder.
import json, os, signal, sys
from pathlib import Path
import numpy as np
from twinface.averages import Clusters, read_faces
from twinface.averages.faces_file import averages_lock, write_faces

path = Path(sys.argv[1])
OPERATIONS = {"open", "os.remove", "os.rename", "os.mkdir", "os.listdir", "os.scandir"}


def faces(count):
    clusters = Clusters.none(64)
    for number in range(count):
        clusters = clusters.learnt(np.eye(64, dtype=np.float32)[number], np.zeros(64, np.float32), number)
    return {"camera:door": clusters}


def write(count, dies_at):
    if child := os.fork():
        return os.WIFSIGNALED(os.waitpid(child, 0)[1])
    steps = iter(range(dies_at))

    def watch(event, arguments):
        if event in OPERATIONS and next(steps, None) is None:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(watch)
    with averages_lock(path):
        write_faces(path, faces(count), "a" * 64)
    os._exit(0)


with averages_lock(path):
    write_faces(path, faces(3), "a" * 64)
found, killed = [], True
while killed:
    killed = write(5, len(found))
    found.append(len(read_faces(path, "a" * 64)["camera:door"]))
left = sorted(one.name for one in path.parent.iterdir() if one.name.startswith("."))
print(json.dumps([found, left]))
"""


def test_whenever_it_is_killed_the_file_is_the_old_one_or_the_new_one(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    done = subprocess.run(
        [sys.executable, "-c", KILLED_AT_EVERY_STEP, str(tmp_path / "state" / "averages.pkl")],
        env=dict(os.environ),
        capture_output=True,
        text=True,
        check=True,
    )
    found, left = json.loads(done.stdout)
    assert (set(found), found == sorted(found), left) == ({3, 5}, True, [])
    assert found.count(3) >= 4


def test_a_file_that_cannot_be_written_is_said_and_written_later(box: Box, path: Path) -> None:
    box.end(face(1), face(1))
    box.end(face(2), face(2))
    with averages_lock(path):  # as of another command, for longer than is waited
        box.learner.write()
    assert "another command is writing it" in box.learner.problem
    assert box.counted() == {"camera:door": 1}
    box.learner.write()
    assert (box.learner.problem, box.counted()) == ("", {"camera:door": 2})


def test_what_changes_while_the_file_is_waited_for_is_taken_up_and_not_overwritten(box: Box, path: Path) -> None:
    box.end(face(1), face(1))
    box.end(face(2), face(2))
    writer = threading.Thread(target=box.learner.write)

    def waits() -> bool:
        frame = sys._current_frames().get(writer.ident or 0)
        while frame is not None and frame.f_code.co_name != "open_locked":
            frame = frame.f_back
        return frame is not None

    with averages_lock(path):
        writer.start()
        until(waits, 10.0, "the writer to wait for the lock")
        write_faces(path, {"camera:yard": Clusters.none(DIMENSION).learnt(face(3), PRIOR, 7)}, NETWORK)
    writer.join()
    assert box.counted() == {"camera:yard": 1}
    assert (box.count("door"), box.count("yard")) == (0, 1)


# --- forgotten and reset ----------------------------------------------------------------------------------------


def test_whoever_is_forgotten_is_erased_from_every_camera(box: Box, path: Path) -> None:
    for number in range(4):
        box.end(face(number), face(number))
    box.end(face(2), face(2), camera="yard")
    box.learner.write()
    ada = person("Ada", [face(9), face(2, 0.3)], "photos")
    averages = averages_of_people([ada], PRIOR)
    assert forget_person(path, ada, averages, dry_run=True) == 2
    assert box.counted() == {"camera:door": 4, "camera:yard": 1}
    assert forget_person(path, ada, averages) == 2
    assert box.counted() == {"camera:door": 3}
    assert (box.count(), box.count("yard")) == (3, 0)
    assert forget_person(path, ada, averages) == 0


def test_what_was_not_written_yet_is_given_up_when_somebody_is_forgotten(box: Box, path: Path) -> None:
    box.end(face(1), face(1))
    box.end(face(2), face(2))
    ada = person("Ada", [face(2)], "photos")
    assert forget_person(path, ada, averages_of_people([ada], PRIOR)) == 0
    box.learner.write()
    assert box.counted() == {"camera:door": 1}


def test_whoever_is_forgotten_is_not_learnt_again_while_the_gallery_still_has_them(box: Box, path: Path) -> None:
    ada = person("Ada", [face(2)], "camera:door")
    box.learner.people = {"Ada": ada}
    box.end(face(1), face(1))
    assert box.counted() == {"camera:door": 2}
    assert forget_person(path, ada, averages_of_people([ada], PRIOR)) == 1
    box.end(face(3), face(3))
    assert box.count() == 2
    box.learner.people = {}
    box.learner.write()
    assert box.counted() == {"camera:door": 2}


def test_a_reset_is_taken_up_and_learning_begins_again(box: Box, path: Path) -> None:
    box.end(face(1), face(1))
    box.end(face(2), face(2), camera="yard")
    box.learner.write()
    reset_faces(path, NETWORK, "camera:door")
    assert (box.count("door"), box.count("yard")) == (0, 1)
    with pytest.raises(InputError, match="nothing was learnt from 'camera:door'"):
        reset_faces(path, NETWORK, "camera:door")
    box.end(face(3), face(3))
    box.learner.write()
    assert box.counted() == {"camera:door": 1, "camera:yard": 1}


def test_nobody_is_forgotten_where_nothing_was_learnt(path: Path) -> None:
    ada = person("Ada", [face(2)], "photos")
    assert forget_person(path, ada, averages_of_people([ada], PRIOR)) == 0
    assert not path.exists()


def test_learning_and_forgetting_at_a_time_lose_nothing_that_stays(box: Box, path: Path) -> None:
    """A learner whose file changes between what it read and what it learnt takes up the file."""
    box.end(face(1), face(1))
    box.end(face(2), face(2))
    box.learner.write()
    find = box.learner._find_looks
    ada = person("Ada", [face(2)], "photos")

    def forget_meanwhile(keys: object) -> Sequence[LookRecord]:
        forget_person(path, ada, averages_of_people([ada], PRIOR))
        box.learner()
        return find(keys)  # type: ignore[arg-type]

    box.learner._find_looks = forget_meanwhile
    box.end(face(3), face(3))
    assert box.count() == 1
    box.learner._find_looks = find
    box.end(face(3), face(3))
    box.learner.write()
    assert box.counted() == {"camera:door": 2}

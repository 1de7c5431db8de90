"""`undo` brings back what was, to the byte, or says in a line why it cannot; `corrections` lists the steps."""

import getpass
import json
import platform
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from corrected_box import IMPOSTOR
from gallery_state import state_of as state

from twinface.corrections.steps_file import STEPS_FOLDER
from twinface.events import read_looks
from twinface.gallery import Gallery
from twinface.gallery.person_files import SetAside
from twinface.recognition.embedding import EmbeddedFace
from twinface.recognition.vetoes import Vetoes
from twinface.review.forget import forget
from twinface.settings_file import load_settings
from twinface.unknowns import list_unknowns

Run = Callable[..., tuple[int, str, str]]


def add_eve(config: Path, faces: dict[str, EmbeddedFace]) -> None:
    """Ada once more, by another name."""
    vectors = faces["person_a_2"].vector[np.newaxis]
    Gallery.open(load_settings(config).gallery).add("Eve", ("e.jpg",), vectors, np.ones(1, np.float32), [b"a third"])


@pytest.fixture
def people(config: Path, box: Path, faces: dict[str, EmbeddedFace]) -> Path:
    """The box, with crops of Ada, copies of her pictures that were set aside, and Bob in the gallery."""
    gallery = Gallery.open(load_settings(config).gallery)
    ada, bob = faces["person_a_1"].vector[np.newaxis], faces["person_b_1"].vector[np.newaxis]
    gallery.add("Ada", ("1.jpg",), ada + 0.3, np.ones(1, np.float32), [b"a crop"])
    gallery.add("Bob", ("b.jpg",), bob, np.ones(1, np.float32), [b"another"])
    gallery.remember_set_aside("Ada", [SetAside("x.jpg", "/aside/x.jpg", "0" * 64)])
    return box


@pytest.fixture
def twinface_here(twinface: Run, config: Path, people: Path, faces: dict[str, EmbeddedFace]) -> Run:
    """Runs a command on the box, where Eve is, too."""
    add_eve(config, faces)
    return lambda *words: twinface("--config", config, *words)


CHANGES: dict[str, tuple[object, ...]] = {
    "reject": ("reject", "--event", 7),
    "confirm": ("confirm", "--track", "door:1"),
    "confirm what is not like her": ("confirm", "--track", "door:3", "--force"),
    "enrol unknown": ("enrol", "--unknown", "unknown-1", "--name", "Zoë"),
    "enrol a track": ("enrol", "--track", "door:2", "--name", "Zoë"),
    "enrol more of her": ("enrol", "--track", "door:1", "--name", "Ada", "--merge"),
    "rename": ("gallery", "rename", "Ada", "Adele"),
    "merge": ("gallery", "rename", "Ada", "Eve", "--merge"),
    "merge the other way": ("gallery", "rename", "Eve", "Ada", "--merge"),
    "merge two who are two": ("gallery", "rename", "Bob", "Ada", "--merge", "--force"),
    "remove": ("gallery", "remove", "Ada"),
}


def test_a_rename_that_was_renamed_again_is_not_taken_back_by_its_number(twinface_here: Run) -> None:
    """Else one person would be two."""
    assert twinface_here("gallery", "rename", "Bob", "Bert")[0] == 0
    assert twinface_here("gallery", "rename", "Bert", "Bill")[0] == 0
    code, _, errors = twinface_here("undo", "1")
    assert (code, "by step 2 (" in errors) == (2, True)
    assert twinface_here("undo", "2")[0] == twinface_here("undo", "1")[0] == 0


@pytest.mark.parametrize("change", CHANGES)
def test_undo_leaves_everything_as_it_was_and_undo_of_that_does_it_again(
    twinface: Run, config: Path, people: Path, faces: dict[str, EmbeddedFace], change: str
) -> None:
    twinface("reject", "--config", config, "--track", "door:1")
    if "merge" in change:
        add_eve(config, faces)
    before = state(people)
    code, _, errors = twinface("--config", config, *CHANGES[change])
    assert code == 0, errors
    after = state(people)
    assert after != before
    code, output, errors = twinface("--config", config, "undo")
    assert (code, errors) == (0, "")
    assert output.startswith("step 2 taken back: ")
    assert state(people) == before
    assert Gallery.open(load_settings(config).gallery).verify() == {}
    assert twinface("--config", config, "undo", 3)[0] == 0
    assert state(people) == after
    assert twinface("--config", config, "undo")[1].startswith("step 2 taken back")
    assert state(people) == before


def test_a_mistaken_rejection_is_taken_back_where_confirm_would_refuse(
    twinface: Run, config: Path, people: Path
) -> None:
    gallery = load_settings(config).gallery
    network = Gallery.open(gallery).network
    assert twinface("--config", config, "reject", "--event", 7)[0] == 0
    vetoes = Vetoes(gallery, network)
    assert vetoes.refresh()
    assert twinface("--config", config, "confirm", "--event", 7)[0] == 2, "not like her, says the gate"
    assert twinface("--config", config, "undo")[1] == "step 1 taken back: door:z:3 is not Ada\n"
    assert vetoes.refresh(), "the matcher notices"
    assert not (gallery / "corrections.pkl").exists()


def test_one_after_the_other_is_taken_back_to_the_beginning(twinface: Run, config: Path, people: Path) -> None:
    states = [state(people)]
    for change in CHANGES.values():
        code, _, errors = twinface("--config", config, *change)
        if code == 0 and state(people) != states[-1]:
            states.append(state(people))
    assert len(states) >= 5
    for before in reversed(states[:-1]):
        assert twinface("--config", config, "undo")[0] == 0
        assert state(people) == before
    code, _, errors = twinface("--config", config, "undo")
    assert (code, errors) == (
        2,
        "twinface: there is nothing to take back; `twinface corrections` lists what was changed\n",
    )


def test_steps_are_listed_with_who_and_what(twinface: Run, config: Path, people: Path) -> None:
    assert "nothing was corrected" in twinface("--config", config, "corrections")[2]
    twinface("--config", config, "reject", "--event", 7)
    output = twinface("--config", config, "enrol", "--unknown", "unknown-1", "--name", "Zoë", "--json")[1]
    assert json.loads(output)["step"] == 2
    twinface("--config", config, "undo", 1)
    lines = twinface("--config", config, "corrections")[1].splitlines()
    who = f"{getpass.getuser()}@{platform.node()}"
    assert [line.split()[0] for line in lines] == ["1", "2", "3"]
    assert lines[0].endswith(f"{who}  reject: door:z:3 is not Ada; taken back by step 3")
    assert lines[1].endswith(f"{who}  enrol: unknown-1 is Zoë")
    assert lines[2].endswith(f"{who}  undo: step 1 taken back: door:z:3 is not Ada")
    listed = json.loads(twinface("--config", config, "corrections", "--json")[1])["steps"]
    assert [(one["kind"], one["undoes"], one["taken_back_by"]) for one in listed] == [
        ("reject", None, 3),
        ("enrol", None, None),
        ("undo", 1, None),
    ]
    folder = load_settings(config).gallery / STEPS_FOLDER
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}


def test_what_changed_nothing_is_no_step(twinface: Run, config: Path, people: Path) -> None:
    code, output, _ = twinface("--config", config, "confirm", "--track", "door:3", "--json")
    assert (code, json.loads(output)["step"]) == (2, None)
    assert twinface("--config", config, "gallery", "rename", "Nobody", "Somebody")[0] == 2
    assert json.loads(twinface("--config", config, "corrections", "--json")[1])["steps"] == []


# --- what does not fit ------------------------------------------------------------------------------------------


def refused(twinface: Run, config: Path, *words: object) -> str:
    code, output, errors = twinface("--config", config, "undo", *words)
    assert (code, output) == (2, "")
    assert errors.count("\n") == 1
    return errors


def test_what_has_changed_since_is_named_and_nothing_is_done(twinface: Run, config: Path, people: Path) -> None:
    twinface("--config", config, "confirm", "--track", "door:1")
    twinface("--config", config, "gallery", "rename", "Ada", "Adele")
    before = state(people)
    assert "step 1 cannot be taken back: Ada has changed since, by step 2 (Ada is called Adele); take that back" in (
        refused(twinface, config, 1)
    )
    assert state(people) == before
    assert twinface("--config", config, "undo")[0] == twinface("--config", config, "undo")[0] == 0


def test_pictures_that_were_added_since_are_not_lost(
    twinface: Run, config: Path, people: Path, faces: dict[str, EmbeddedFace]
) -> None:
    twinface("--config", config, "confirm", "--track", "door:1")
    gallery = Gallery.open(load_settings(config).gallery)
    gallery.add("Ada", ("n.jpg",), faces["impostor_1"].vector[np.newaxis], np.ones(1, np.float32))
    assert "step 1 cannot be taken back: Ada has changed since, otherwise than by a step" in refused(twinface, config)
    assert "n.jpg" in Gallery.open(gallery.folder).people["Ada"].files


def test_an_opinion_that_was_changed_is_not_overruled(twinface: Run, config: Path, people: Path) -> None:
    twinface("--config", config, "reject", "--track", "door:1")
    twinface("--config", config, "confirm", "--track", "door:1")
    message = refused(twinface, config, 1)
    assert "step 1 cannot be taken back: what was said of Ada has changed since, by step 2 (door:z:1 is Ada)" in message


def test_of_two_rejections_the_first_can_be_taken_back_alone(twinface: Run, config: Path, people: Path) -> None:
    twinface("--config", config, "reject", "--track", "door:3")
    only_first = state(people)
    twinface("--config", config, "undo")
    twinface("--config", config, "reject", "--track", "door:1")
    twinface("--config", config, "reject", "--track", "door:3")
    assert twinface("--config", config, "undo", 3)[0] == 0
    now, then = state(people), only_first
    assert {key: len(value) for key, value in now["files"].items()} == {k: len(v) for k, v in then["files"].items()}


def test_numbers_that_are_none_are_said(twinface: Run, config: Path, people: Path) -> None:
    assert "there is no step 7, or it is too long ago" in refused(twinface, config, 7)
    twinface("--config", config, "reject", "--track", "door:1")
    twinface("--config", config, "undo")
    assert "step 1 is taken back already, by step 2; `twinface undo 2` does it again" in refused(twinface, config, 1)


def test_a_gallery_of_another_network_is_left_alone(twinface: Run, config: Path, people: Path) -> None:
    twinface("--config", config, "gallery", "remove", "Bob")
    gallery = Gallery.open(load_settings(config).gallery)
    with gallery.replacing("b" * 64, "other"):
        pass
    assert "the network of the gallery has changed since" in refused(twinface, config)


def test_looks_that_were_forgotten_meanwhile_stay_so(twinface: Run, config: Path, people: Path) -> None:
    twinface("--config", config, "enrol", "--unknown", "unknown-1", "--name", "Zoë")
    with closing(sqlite3.connect(people)) as connection:
        connection.execute("DELETE FROM looks WHERE track = ? AND crop = 20", [IMPOSTOR.track])
        connection.commit()
    assert twinface("--config", config, "undo")[0] == 0
    assert [look.unknown for look in read_looks(people, [IMPOSTOR])] == [1]
    assert [str(one) for one in list_unknowns(people)] == ["unknown-1"]


def test_whoever_is_forgotten_cannot_be_brought_back(twinface: Run, config: Path, people: Path) -> None:
    twinface("--config", config, "enrol", "--unknown", "unknown-1", "--name", "Wilhelmine")
    twinface("--config", config, "gallery", "rename", "Wilhelmine", "Mina")
    twinface("--config", config, "reject", "--track", "door:3")
    twinface("--config", config, "gallery", "remove", "Mina")
    erased = {one.what: one.count for one in forget("Mina", load_settings(config))}
    assert erased["steps to be taken back"] == 3, "those of her former name too"
    for number in (1, 2, 4):
        assert f"step {number} cannot be taken back: it was of somebody who was forgotten since" in (
            refused(twinface, config, number)
        )
    for file in people.parent.rglob("*"):
        assert not file.is_file() or b"Wilhelmine" not in file.read_bytes(), file
    listed = json.loads(twinface("--config", config, "corrections", "--json")[1])["steps"]
    assert [(one["step"], one["kind"]) for one in listed] == [
        (1, "forgotten"),
        (2, "forgotten"),
        (3, "reject"),
        (4, "forgotten"),
    ]
    assert twinface("--config", config, "undo")[1].startswith("step 3 taken back")


def test_pictures_that_were_added_are_taken_back(twinface: Run, config: Path, people: Path, portraits: Path) -> None:
    before = state(people)
    for name, file in (("Ada", "person_a_2.jpg"), ("Newcomer", "impostor_1.jpg")):
        assert twinface("--config", config, "gallery", "add", name, portraits / file)[0] == 0
    pictures = [portraits / "impostor_1.jpg", portraits / "impostor_2.jpg"]
    assert twinface("--config", config, "gallery", "add", "Newcomer", "--force", *pictures)[0] == 0
    said = "step 3 taken back: 1 picture of Newcomer added\n"
    assert twinface("--config", config, "undo")[1] == said, "the other one was known"
    assert twinface("--config", config, "undo")[1] == "step 2 taken back: 1 picture of Newcomer added\n"
    assert twinface("--config", config, "undo")[0] == 0
    assert state(people) == before


def test_what_cannot_be_read_keeps_nobody_from_changing_anything(
    twinface: Run, config: Path, people: Path, portraits: Path
) -> None:
    gallery = load_settings(config).gallery
    twinface("--config", config, "reject", "--track", "door:1")
    (gallery / STEPS_FOLDER / "00000001.step").write_bytes(b"damaged")
    (gallery / "corrections.pkl").write_bytes(b"damaged")
    assert twinface("--config", config, "gallery", "add", "Newcomer", portraits / "impostor_1.jpg")[0] == 0
    assert "corrections.pkl" in twinface("--config", config, "reject", "--track", "door:3")[2]
    assert "1 picture of Newcomer added" in twinface("--config", config, "undo")[1]
    lines = twinface("--config", config, "corrections")[1].splitlines()
    assert ["unreadable:" in line for line in lines] == [True, False, False]
    assert "step 1 cannot be taken back: " in refused(twinface, config, 1)
    assert "there is nothing to take back" in refused(twinface, config)


# --- killed -----------------------------------------------------------------------------------------------------

_KILLER = """
# Reads lines [operations, words]: runs a command in a process that kills itself after so many operations that change
# the box's files; prints whether it was killed. Between two of them the files are as after the first.
import json, os, signal, sys
from twinface.cli.main import main
import numpy.random, twinface.box.running, twinface.review.correct, twinface.review.rename, twinface.review.undo

OPERATIONS = {"open", "os.remove", "os.rename", "os.mkdir", "sqlite3.connect"}
for line in sys.stdin:
    left, words = json.loads(line)
    if child := os.fork():
        print(json.dumps(os.WIFSIGNALED(os.waitpid(child, 0)[1])), flush=True)
        continue

    def count(event, arguments):
        global left
        if event not in OPERATIONS or event == "open" and not arguments[2] & (os.O_WRONLY | os.O_RDWR):
            return
        if "gallery" in (path := str(arguments[0])) or "events.sqlite" in path:
            left -= 1
            if left < 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.stdout = open(os.devnull, "w")
    sys.addaudithook(count)
    sys.argv = ["twinface", *words]
    main()
"""


@pytest.fixture
def is_killed(config: Path) -> Iterator[Callable[..., bool]]:
    """Runs a command that is killed after so many operations; False where it ended before."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "text": True}
    with subprocess.Popen([sys.executable, "-c", _KILLER], **pipes) as process:

        def run(operations: int, *words: object) -> bool:
            process.stdin.write(json.dumps([operations, ["--config", str(config), *map(str, words)]]) + "\n")
            process.stdin.flush()
            return bool(json.loads(process.stdout.readline()))

        yield run
        process.stdin.close()


@pytest.mark.parametrize("change", ["reject", "merge", "enrol unknown"])
def test_whatever_is_killed_can_be_taken_back_or_completed(
    twinface_here: Run, people: Path, is_killed: Callable[..., bool], change: str
) -> None:
    """A change killed at one operation after the other, another one, then the undo of both: all is as before."""
    before, operations = state(people), 0
    while is_killed(operations, *CHANGES[change]):
        if state(people) != before:
            assert twinface_here("reject", "--track", "door:1")[0] == 0
            for _ in range(2):
                code, _, errors = twinface_here("undo")
                assert code == 0, (operations, errors)
            assert state(people) == before, operations
        operations += 1
    assert operations > 10
    operations = 0
    while is_killed(operations, "undo"):
        operations += 1
    assert operations > 5
    assert state(people) == before
    leftovers = [path.name for path in people.parent.rglob(".*.*") if path.is_file()]
    assert leftovers == [], "what a kill left is swept by the next change"

"""Steps are kept signed and bounded, under numbers that are never given twice."""

from pathlib import Path

import numpy as np
import pytest

import twinface.corrections.steps_file
from twinface.corrections import Correction, CorrectionKind
from twinface.corrections.correction import Difference, difference, take_back
from twinface.corrections.steps_file import (
    STEPS_FOLDER,
    Step,
    StepKind,
    forget_steps,
    read_step,
    step_numbers,
    write_step,
)
from twinface.errors import ArtefactError, InputError, SignatureError
from twinface.events.event import NameSpan
from twinface.events.look_marks import Mark, Marks
from twinface.gallery import box_key
from twinface.gallery.keys import KEY_VARIABLE
from twinface.gallery.person_files import PersonFiles
from twinface.gallery.signing import seal, unseal


@pytest.fixture
def gallery(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A gallery of nobody."""
    monkeypatch.setenv(KEY_VARIABLE, str(tmp_path / "key"))
    (tmp_path / "gallery/people").mkdir(parents=True)
    return tmp_path / "gallery"


def said(name: str = "Ada", seed: int = 1, kind: CorrectionKind = CorrectionKind.REJECT) -> Correction:
    vector = np.random.default_rng(seed).normal(size=4).astype(np.float32)
    return Correction(kind, name, vector, "a" * 64, 0.5, "door:z:1", None, seed)


def step(number: int, name: str = "Ada", vectors: bytes = b"vectors") -> Step:
    return Step(
        number,
        StepKind.ENROL,
        f"unknown-1 is {name}",
        (name,),
        "jo",
        17,
        network="a" * 64,
        is_done=True,
        people={name: PersonFiles(vectors, None, b"notes")},
        digests={name: {"vectors": "1" * 64, "crops": "", "set_aside": "2" * 64}},
        corrections=Difference(((0, said()),), (said(seed=2),)),
        marks=Marks((Mark("door", 35, 1, 10, None, 1),), ((1, "a" * 64),)),
        marks_after=Marks((Mark("door", 35, 1, 10, name, None),), ()),
    )


def test_a_step_comes_back_as_it_was(gallery: Path) -> None:
    write_step(gallery, step(1))
    read = read_step(gallery, 1)
    for name in ("number", "kind", "said", "names", "who", "at_ns", "network", "is_done", "undoes", "people"):
        assert getattr(read, name) == getattr(step(1), name)
    assert (read.digests, read.marks, read.marks_after) == (step(1).digests, step(1).marks, step(1).marks_after)
    assert [(place, one.at_ns) for place, one in read.corrections.removed] == [(0, 1)]
    assert [one.at_ns for one in read.corrections.added] == [2]
    (file,) = (gallery / STEPS_FOLDER).iterdir()
    file.write_bytes(file.read_bytes()[:-1] + b"!")
    with pytest.raises(SignatureError):
        read_step(gallery, 1)


@pytest.mark.parametrize(
    "change",
    [
        {"number": "1"},
        {"said": 7},
        {"kind": "revolution"},
        {"names": [1]},
        {"people": {"Ada": {"vectors": 5, "crops": None, "set_aside": None}}},
        {"people": {"Ada": {"other": None}}},
        {"people": []},
        {"digests": {"Ada": {"vectors": 5}}},
        {"digests": []},
        {"removed": [[-1, {}]]},
        {"removed": 5},
        {"added": [{}]},
        {"marks": {"looks": [["door", 1, 1]], "strangers": []}},
        {"marks": {"looks": [["door", 1, 1, b"x", None, None]], "strangers": []}},
        {"marks": {"looks": [], "strangers": [["1", "a"]]}},
        {"marks": {}},
        {"more": 1},
        None,
    ],
    ids=str,
)
def test_what_is_signed_and_no_step_is_refused_in_a_line(gallery: Path, change: dict[str, object] | None) -> None:
    write_step(gallery, step(1))
    (file,) = (gallery / STEPS_FOLDER).iterdir()
    value = unseal(file, box_key())
    value["step"] = None if change is None else {**value["step"], **change}
    file.write_bytes(seal(value, box_key()))
    with pytest.raises(ArtefactError, match=r"00000001\.step: not a step \(\w+\); delete it$"):
        read_step(gallery, 1)


def test_the_oldest_give_way(gallery: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(twinface.corrections.steps_file, "MOST_STEPS", 3)
    for number in range(1, 6):
        write_step(gallery, step(number))
    assert step_numbers(gallery) == [3, 4, 5]
    monkeypatch.setattr(twinface.corrections.steps_file, "MOST_BYTES", 20_000)
    write_step(gallery, step(6, vectors=b"x" * 18_000))
    assert step_numbers(gallery) == [5, 6]
    write_step(gallery, step(7, vectors=b"x" * 30_000))
    assert step_numbers(gallery) == [7], "the newest stays, however large"


def test_whoever_is_forgotten_leaves_numbers_only(gallery: Path) -> None:
    write_step(gallery, step(1, "Wilhelmine"))
    write_step(gallery, step(2, "Bob"))
    write_step(gallery, step(3, "Wilhelmine"))
    assert forget_steps(gallery, [NameSpan("Wilhelmine")], dry_run=True) == 2
    assert read_step(gallery, 1).names == ("Wilhelmine",)
    (gallery / STEPS_FOLDER / "00000004.step").write_bytes(b"damaged")
    assert forget_steps(gallery, [NameSpan("Wilhelmine")]) == 2
    assert [read_step(gallery, number).kind for number in step_numbers(gallery)] == [
        StepKind.FORGOTTEN,
        StepKind.ENROL,
        StepKind.FORGOTTEN,
        StepKind.FORGOTTEN,
    ]
    assert not any(b"Wilhelmine" in file.read_bytes() for file in (gallery / STEPS_FOLDER).iterdir())
    assert forget_steps(gallery, [NameSpan("Nobody")]) == 0
    assert forget_steps(gallery, [NameSpan("Bob", 18), NameSpan("Bob", 0, 17)]) == 0, "it was another Bob's"
    assert forget_steps(gallery, [NameSpan("Bob", 17, 18)]) == 1


# --- what became of a list --------------------------------------------------------------------------------------


def times(some: list[Correction]) -> list[int]:
    return [one.at_ns for one in some]


def test_a_list_is_as_before_in_its_order() -> None:
    before = [said(seed=number) for number in range(6)]
    confirmed = said(seed=2, kind=CorrectionKind.CONFIRM)
    after = [*before[:2], before[3], before[5], confirmed]
    change = difference(before, after)
    assert [place for place, _ in change.removed] == [2, 4]
    assert take_back(after, change) == before
    assert take_back(before, change) == before, "once is enough"
    later = [*after, said(seed=9)]
    assert times(take_back(later, change)) == [*times(before), 9], "what was said since stays"


@pytest.mark.parametrize("now", [[], [said(seed=1, kind=CorrectionKind.CONFIRM)], [said(seed=1), said("Bob", 1)]])
def test_who_said_otherwise_since_is_not_overruled(now: list[Correction]) -> None:
    change = difference([said("Bob", 1)], [said(seed=1)])
    with pytest.raises(InputError, match="what was said of Ada and Bob"):
        take_back(now, change)

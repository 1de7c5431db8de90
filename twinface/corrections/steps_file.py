"""A change of people, corrections or looks as a step that can be taken back: who, when, before, after; and its file.

Steps stand in the folder of the gallery, one signed file each, `steps/<number>.step`, 0600. They hold what their
sources held, so they are signed like these, there are no more of them than can be looked over, and whoever is forgotten
is erased from them. A number is never given twice: a step that is erased leaves its number.
"""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from twinface.corrections.answer import Answer
from twinface.corrections.answers_file import pack_answer, unpack_answer
from twinface.corrections.correction import Difference
from twinface.corrections.packed_corrections import pack_correction, unpack_correction
from twinface.errors import ArtefactError
from twinface.events.event import NameSpan
from twinface.events.look_marks import Marks, to_mark
from twinface.files import make_folder, write_atomically
from twinface.gallery.gallery_folder import require_gallery, writers_lock
from twinface.gallery.keys import box_key
from twinface.gallery.person_files import PersonFiles
from twinface.gallery.signing import check_format, seal, unseal

STEPS_FOLDER = "steps"

MOST_STEPS = 100
MOST_BYTES = 64 << 20
"""Of all files together; the newest step is kept, however large."""

_SUFFIX = ".step"
_FORMAT = 1
_TYPES: dict[str, tuple[type, ...]] = {
    "number": (int,),
    "said": (str,),
    "who": (str,),
    "at_ns": (int,),
    "network": (str,),
    "is_done": (bool,),
    "undoes": (int, type(None)),
}
"""Of what is packed as it is."""

_FORGOTTEN = "it was of somebody who was forgotten since"


class StepKind(StrEnum):
    """What was done."""

    REJECT = "reject"
    CONFIRM = "confirm"
    ENROL = "enrol"
    ADD = "add"
    RENAME = "rename"
    MERGE = "merge"
    REMOVE = "remove"
    REVIEW = "review"
    SPLIT = "split"
    UNDO = "undo"
    FORGOTTEN = "forgotten"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """A change: `said` tells it in words, `names` are all people it concerns, `who` made it, `at_ns` is wall clock.

    `people` are the files before, by name, and `digests` those after; `corrections` what became of these; `answers`
    those before, by track, None for none, `answers_after` after; `marks` are those of looks before, `marks_after`
    after. `network` is the fingerprint of the gallery's network then. Until the change is over `is_done` is false: what
    is after is not known then, and all corrections and answers before count as removed. `undoes` is the number of the
    step that it took back.
    """

    number: int
    kind: StepKind
    said: str
    names: tuple[str, ...]
    who: str
    at_ns: int
    network: str = ""
    is_done: bool = False
    undoes: int | None = None
    people: Mapping[str, PersonFiles] = field(default_factory=dict)
    digests: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    corrections: Difference = field(default_factory=Difference)
    answers: Mapping[str, Answer | None] = field(default_factory=dict)
    answers_after: Mapping[str, Answer | None] = field(default_factory=dict)
    marks: Marks = field(default_factory=Marks)
    marks_after: Marks = field(default_factory=Marks)


@contextmanager
def steps_lock(gallery: Path) -> Iterator[None]:
    """Keep everybody else from changing what is recorded, until the block ends. Raises ArtefactError."""
    require_gallery(gallery)
    folder = gallery / STEPS_FOLDER
    try:
        make_folder(folder)
    except OSError as error:
        raise ArtefactError(f"{folder}: cannot be made ({error.strerror}); check the gallery's owner") from error
    with writers_lock(folder):
        yield


def step_numbers(gallery: Path) -> list[int]:
    """The numbers of the steps that are kept, in their order."""
    return sorted(int(path.stem) for path in (gallery / STEPS_FOLDER).glob(f"*{_SUFFIX}") if path.stem.isdecimal())


def read_step(gallery: Path, number: int) -> Step:
    """A step by its number. Raises SignatureError before anything is parsed, else ArtefactError."""
    path = _path(gallery, number)
    value = unseal(path, box_key())
    check_format(path, value, _FORMAT, "a step")
    try:
        return _unpack(value["step"])
    except (KeyError, TypeError, ValueError, AttributeError, ArtefactError) as error:
        raise ArtefactError(f"{path}: not a step ({type(error).__name__}); delete it") from error


def write_step(gallery: Path, step: Step) -> None:
    """Keep a step, and let go of the oldest where there are too many. Raises ArtefactError."""
    path = _path(gallery, step.number)
    try:
        for leftover in path.parent.glob(f".*{_SUFFIX}.*"):
            leftover.unlink()
        write_atomically(path, seal({"format": _FORMAT, "step": _pack(step)}, box_key()))
        sizes = {number: _path(gallery, number).stat().st_size for number in step_numbers(gallery)}
        while len(sizes) > 1 and (len(sizes) > MOST_STEPS or sum(sizes.values()) > MOST_BYTES):
            oldest = min(sizes)
            del sizes[oldest]
            _path(gallery, oldest).unlink()
    except OSError as error:
        raise ArtefactError(f"{path}: cannot be written ({error.strerror})") from error


def drop_step(gallery: Path, step: Step) -> None:
    """Keep no step of what did not change anything: its number is given again. Raises ArtefactError."""
    try:
        _path(gallery, step.number).unlink(missing_ok=True)
    except OSError as error:
        raise ArtefactError(f"{_path(gallery, step.number)}: cannot be removed ({error.strerror})") from error


def forget_steps(gallery: Path, names: Sequence[NameSpan], *, dry_run: bool = False) -> int:
    """Erase what is kept of all steps that concern a person; returns how many. Raises ArtefactError.

    A step that cannot be read is erased with them, uncounted: nobody can tell whom it concerns.
    """
    numbers = step_numbers(gallery)
    if not numbers:
        return 0
    with steps_lock(gallery):
        count = 0
        for number in numbers:
            try:
                step = read_step(gallery, number)
            except ArtefactError:
                step = Step(number, StepKind.FORGOTTEN, _FORGOTTEN, (), "", 0)
            else:
                if not any(one.covers(name, step.at_ns) for one in names for name in step.names):
                    continue
                count += 1
            if not dry_run:
                write_step(gallery, _blank(step))
    return count


def _blank(step: Step) -> Step:
    return Step(step.number, StepKind.FORGOTTEN, _FORGOTTEN, (), step.who, step.at_ns, is_done=True)


def _path(gallery: Path, number: int) -> Path:
    return gallery / STEPS_FOLDER / f"{number:08}{_SUFFIX}"


def _pack(step: Step) -> dict[str, Any]:
    plain = {name: getattr(step, name) for name in _TYPES}
    return {
        **plain,
        "kind": str(step.kind),
        "names": list(step.names),
        "people": {name: dataclasses.asdict(files) for name, files in step.people.items()},
        "digests": {name: dict(digests) for name, digests in step.digests.items()},
        "removed": [[place, pack_correction(one)] for place, one in step.corrections.removed],
        "added": [pack_correction(one) for one in step.corrections.added],
        "answers": _pack_answers(step.answers),
        "answers_after": _pack_answers(step.answers_after),
        "marks": _pack_marks(step.marks),
        "marks_after": _pack_marks(step.marks_after),
    }


def _unpack(value: dict[str, Any]) -> Step:
    _check(all(type(value[name]) in types for name, types in _TYPES.items()), "a field of another type")
    removed = tuple((place, unpack_correction(one)) for place, one in value.pop("removed"))
    _check(all(type(place) is int and place >= 0 for place, _ in removed), "a place that is none")
    added = tuple(map(unpack_correction, value.pop("added")))
    people = {name: PersonFiles(**files) for name, files in value.pop("people").items()}
    digests = [one for files in value["digests"].values() for one in files.values()]
    _check(all(type(one) is str for one in (*value["names"], *digests)), "a name or digest that is no text")
    answers = [_unpack_answers(value.pop(key, [])) for key in ("answers", "answers_after")]
    marks, after = _unpack_marks(value.pop("marks")), _unpack_marks(value.pop("marks_after"))
    kind, names = StepKind(value.pop("kind")), tuple(value.pop("names"))
    return Step(
        **value,
        kind=kind,
        names=names,
        people=people,
        corrections=Difference(removed, added),
        answers=answers[0],
        answers_after=answers[1],
        marks=marks,
        marks_after=after,
    )


def _check(is_right: bool, message: str) -> None:
    if not is_right:
        raise ValueError(message)


def _pack_answers(answers: Mapping[str, Answer | None]) -> list[list[Any]]:
    return [[track, None if one is None else pack_answer(one)] for track, one in answers.items()]


def _unpack_answers(entries: list[Any]) -> dict[str, Answer | None]:
    answers = {track: None if one is None else unpack_answer(one) for track, one in entries}
    _check(all(type(track) is str for track in answers), "an answer of no track")
    return answers


def _pack_marks(marks: Marks) -> dict[str, Any]:
    return {"looks": [list(mark) for mark in marks.looks], "strangers": [list(one) for one in marks.unknowns]}


def _unpack_marks(value: dict[str, Any]) -> Marks:
    unknowns = tuple((number, network) for number, network in value["strangers"])
    _check(all(type(number) is int and type(network) is str for number, network in unknowns), "no unknown visitor")
    return Marks(tuple(to_mark(row) for row in value["looks"]), unknowns)

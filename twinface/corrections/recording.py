"""Changes of people, corrections and looks, recorded so that they can be taken back exactly.

A step is written before the change, with what is there, and once more after it, with what became of that. A change that
was broken off in between is found by the next one, and is a step like any other.
"""

import logging
import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from twinface.corrections.answer import Answer
from twinface.corrections.answers_file import read_answers
from twinface.corrections.audit_file import Note, add_note
from twinface.corrections.correction import Correction, Difference, difference
from twinface.corrections.corrections_file import read_corrections
from twinface.corrections.steps_file import Step, StepKind, drop_step, read_step, step_numbers, steps_lock, write_step
from twinface.errors import ArtefactError
from twinface.events.event import TrackKey
from twinface.events.look_marks import read_marks
from twinface.gallery.gallery_folder import MANIFEST_FILE, read_manifest
from twinface.gallery.person_files import read_person_files
from twinface.gallery.sweeping import tidy
from twinface.settings import Settings

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Change:
    """What is going to be done, `said` in words, and what it may change: people of these names, what was said of
    anybody, marks of looks of these tracks and unknown visitors. `who` does it; `undoes` is the step it takes back.
    """

    kind: StepKind
    said: str
    names: tuple[str, ...]
    who: str
    tracks: tuple[TrackKey, ...] = ()
    unknowns: tuple[int, ...] = ()
    undoes: int | None = None


@dataclass(slots=True)
class Recorded:
    """The step that a change became: its `number`, None once it is over and has changed nothing, and what it `said`.

    Who finds out only meanwhile what is done sets `said`.
    """

    number: int | None
    said: str


@contextmanager
def recorded(change: Change, settings: Settings) -> Iterator[Recorded]:
    """Record what the block changes, as one step; none is kept of what changed nothing.

    Others wait meanwhile. A block that fails is recorded as far as it came. Raises ArtefactError where the step cannot
    be written; nothing was done then.
    """
    with steps_lock(settings.gallery):
        end_broken_off(settings)
        with recording(change, settings) as step:
            yield step


@contextmanager
def recording(change: Change, settings: Settings) -> Iterator[Recorded]:
    """The same, for who holds the lock."""
    number = max(step_numbers(settings.gallery), default=0) + 1
    step, result = _begin(number, change, settings), Recorded(number, change.said)
    write_step(settings.gallery, step)
    try:
        yield result
    except BaseException:
        with suppress(ArtefactError):
            _finish(replace(step, said=result.said), settings)
        raise
    try:
        result.number = number if _finish(replace(step, said=result.said, undoes=change.undoes), settings) else None
    except ArtefactError as error:  # It was done all the same, and the next change ends this one's step.
        log.warning("step not recorded yet", extra={"error": str(error)})


def end_broken_off(settings: Settings) -> None:
    """Have a change that was broken off be a step like any other. For who holds the lock."""
    for number in step_numbers(settings.gallery)[-1:]:
        try:
            step = read_step(settings.gallery, number)
        except ArtefactError as error:  # Nobody can say what it was, and what is done from now on can be taken back.
            log.warning("step cannot be read", extra={"error": str(error)})
            return
        if not step.is_done:
            if (settings.gallery / MANIFEST_FILE).exists():
                tidy(settings.gallery)
            _finish(step, settings)


def _begin(number: int, change: Change, settings: Settings) -> Step:
    gallery = settings.gallery
    is_there = (gallery / MANIFEST_FILE).exists()
    return Step(
        number,
        change.kind,
        change.said,
        change.names,
        change.who,
        time.time_ns(),
        network=read_manifest(gallery).network if is_there else "",
        people={name: read_person_files(gallery, name) for name in change.names} if is_there else {},
        corrections=Difference(tuple(enumerate(_read_said(gallery)))),
        answers=dict(_read_answers(gallery)),
        marks=read_marks(settings.events_path, change.tracks, change.unknowns),
    )


def _read_said(gallery: Path) -> tuple[Correction, ...]:
    """What was said of names; nothing where that cannot be read: a change that needs it fails by itself."""
    try:
        return read_corrections(gallery)
    except ArtefactError:
        return ()


def _read_answers(gallery: Path) -> Mapping[str, Answer]:
    try:
        return read_answers(gallery)
    except ArtefactError:
        return {}


def _finish(step: Step, settings: Settings) -> bool:
    """Add to a step what is there now; False where that is what was there before, and there is no step."""
    now = {name: read_person_files(settings.gallery, name).digests for name in step.people}
    people = {name: files for name, files in step.people.items() if files.digests != now[name]}
    said = _own(difference([one for _, one in step.corrections.removed], _read_said(settings.gallery)), step.names)
    marks = read_marks(settings.events_path, tracks_of(step), unknowns_of(step))
    answers, answers_after = _changed(step.answers, _read_answers(settings.gallery))
    names = (*step.names, *(one.name for _, one in said.removed), *(one.name for one in said.added))
    if people or said.removed or said.added or answers or marks != step.marks or step.undoes is not None:
        done = replace(
            step,
            names=tuple(dict.fromkeys(names)),
            is_done=True,
            people=people,
            digests={name: now[name] for name in people},
            corrections=said,
            answers=answers,
            answers_after=answers_after,
            marks_after=marks,
        )
        write_step(settings.gallery, done)
        add_note(settings.gallery, Note(done.at_ns, done.who, str(done.kind), step=done.number))
        return True
    drop_step(settings.gallery, step)
    return False


def _own(said: Difference, names: Collection[str]) -> Difference:
    """Without what came of other boxes meanwhile, of other people than those whom a step is about."""

    def is_own(one: Correction) -> bool:
        return not one.box or one.name in names

    removed = tuple((place, one) for place, one in said.removed if is_own(one))
    return Difference(removed, tuple(filter(is_own, said.added)))


def _changed(
    before: Mapping[str, Answer | None], after: Mapping[str, Answer | None]
) -> tuple[dict[str, Answer | None], dict[str, Answer | None]]:
    """The answers before and after that are not the same, by their tracks."""
    tracks = [track for track in {**before, **after} if before.get(track) != after.get(track)]
    return {track: before.get(track) for track in tracks}, {track: after.get(track) for track in tracks}


def tracks_of(step: Step) -> tuple[TrackKey, ...]:
    """The tracks whose looks a step may have changed."""
    return tuple(dict.fromkeys(TrackKey(*mark.look[:3]) for mark in (*step.marks.looks, *step.marks_after.looks)))


def unknowns_of(step: Step) -> Iterable[int]:
    """The unknown visitors whom it may have changed."""
    return sorted({number for number, _ in (*step.marks.unknowns, *step.marks_after.unknowns)})

"""Changes taken back: everything as it was before, or nothing."""

from pathlib import Path

from twinface.corrections.answers_file import take_back_answers
from twinface.corrections.audit_file import user_name
from twinface.corrections.correction import take_back
from twinface.corrections.corrections_file import (
    catch_up_corrections,
    prepare_change,
    read_corrections,
    take_back_corrections,
)
from twinface.corrections.recording import (
    Change,
    end_broken_off,
    recording,
    tracks_of,
    unknowns_of,
)
from twinface.corrections.steps import list_steps, taken_back_by
from twinface.corrections.steps_file import Step, StepKind, steps_lock
from twinface.errors import InputError, NotThereError
from twinface.events.event import TrackKey
from twinface.events.look_marks import put_back_marks, read_marks
from twinface.gallery.gallery import Gallery
from twinface.gallery.gallery_folder import MANIFEST_FILE, read_manifest
from twinface.gallery.person_files import read_person_files
from twinface.gallery.shared_gallery import Follow, SharedChange
from twinface.settings import Settings

_ELSEWHERE = " here; a step of another box, which `--all-boxes` lists, is taken back there"


def undo(settings: Settings, number: int | None = None, *, who: str | None = None) -> Step:
    """Take back a step, the last one that is not taken back where no number is given; returns that step.

    That is recorded as a step, too. Raises InputError where there is none, it is taken back already or somebody was
    forgotten, or it does not fit any more: the message says what has changed since. ArtefactError where something
    cannot be written; what is half taken back then is completed by the next try.
    """
    with steps_lock(settings.gallery):
        end_broken_off(settings)
        steps = list_steps(settings.gallery)
        is_copy = (settings.gallery / MANIFEST_FILE).exists() and read_manifest(settings.gallery).shared is not None
        step = _choose(steps, number, _ELSEWHERE if is_copy else "")
        if is_copy:
            catch_up_corrections(settings.gallery)
            with Gallery.open(settings.gallery).unchanging(everywhere=True):
                pass  # what other boxes have changed is here now, and is found
        _require_fitting(step, steps, settings)
        said = f"step {step.number} taken back: {step.said}"
        change = Change(
            StepKind.UNDO,
            said,
            step.names,
            who or user_name(),
            tracks_of(step),
            tuple(unknowns_of(step)),
            undoes=step.number,
        )
        with recording(change, settings):
            if step.people:
                # What is looked at, what others might change and what is put back is one: nobody can come in between.
                Gallery.open(settings.gallery).put_back(
                    step.people, lambda change: _prepare(step, steps, settings, change)
                )
            elif step.corrections.removed or step.corrections.added:
                _take_back_said(step, steps, settings)
            if step.answers:
                take_back_answers(settings.gallery, step.answers, step.answers_after)
            put_back_marks(settings.events_path, step.marks, step.marks_after)
    return step


def _prepare(step: Step, steps: list[Step], settings: Settings, change: SharedChange | None) -> Follow:
    """What a step said taken back with the people it changed. Raises InputError where either does not fit any more."""
    _require_fitting(step, steps, settings)
    if not step.corrections.removed and not step.corrections.added:
        return lambda _head: None
    try:
        follow, _ = prepare_change(settings.gallery, lambda now: take_back(now, step.corrections), change)
    except InputError as error:
        raise _refused(step, steps, str(error)) from error
    return follow


def _take_back_said(step: Step, steps: list[Step], settings: Settings) -> None:
    try:
        take_back_corrections(settings.gallery, step.corrections)
    except InputError as error:
        raise _refused(step, steps, str(error)) from error


def _choose(steps: list[Step], number: int | None, elsewhere: str) -> Step:
    by = taken_back_by(steps)
    if number is None:
        others = {StepKind.UNDO, StepKind.FORGOTTEN, StepKind.UNREADABLE}
        open_steps = [one for one in steps if one.kind not in others]
        step = next((one for one in reversed(open_steps) if one.number not in by), None)
        if step is None:
            raise InputError(f"there is nothing to take back; `twinface corrections` lists what was changed{elsewhere}")
        return step
    step = next((one for one in steps if one.number == number), None)
    if step is None:
        mend = f"`twinface corrections` lists them{elsewhere}"
        raise NotThereError(f"there is no step {number}, or it is too long ago; {mend}")
    if step.kind in {StepKind.FORGOTTEN, StepKind.UNREADABLE}:
        raise InputError(f"step {number} cannot be taken back: {step.said}")
    if number in by:
        again = f"`twinface undo {by[number]}` does it again"
        raise InputError(f"step {number} is taken back already, by step {by[number]}; {again}")
    return step


def _require_fitting(step: Step, steps: list[Step], settings: Settings) -> None:
    """Raise InputError where what the step changed is not as it left it, nor as it was before.

    Some of it may be the one and some the other where it was being taken back, and that was broken off.
    """
    broken_off = any(one.kind is StepKind.UNDO and one.undoes is None and one.number > step.number for one in steps)
    changed = _find_changed(step, settings, mixed=broken_off)
    if changed is not None:
        raise _refused(step, steps, changed)


def _refused(step: Step, steps: list[Step], changed: str) -> InputError:
    by = taken_back_by(steps)
    later = [one for one in steps if one.number > step.number and one.number not in by and one.undoes is None]
    concerned = [one for one in later if set(one.names) & set(step.names)]
    mend = "otherwise than by a step of this box"
    if concerned:
        mend = f"by step {concerned[-1].number} ({concerned[-1].said}); take that back first"
    return InputError(f"step {step.number} cannot be taken back: {changed} has changed since, {mend}")


def _find_changed_person(step: Step, gallery: Path, *, mixed: bool) -> str | None:
    """Who of the step's people is another now. Who was renamed is two names, so no one's vectors may be as before the
    step while another one's are as after it, unless `mixed`.
    """
    is_before, is_after = set[str](), set[str]()
    for name, files in step.people.items():
        now, before, after = read_person_files(gallery, name).digests, files.digests, step.digests[name]
        if any(digest not in {before[kind], after[kind]} for kind, digest in now.items()):
            return name
        if before["vectors"] != after["vectors"]:
            (is_after if now["vectors"] == after["vectors"] else is_before).add(name)
    return min(is_before) if is_before and is_after and not mixed else None


def _find_changed(step: Step, settings: Settings, *, mixed: bool) -> str | None:
    """What of it is another now, in words; `mixed`: some people may be as before the step and some as after it."""
    gallery = settings.gallery
    if step.people and (not (gallery / MANIFEST_FILE).exists() or read_manifest(gallery).network != step.network):
        return "the network of the gallery"
    if (person := _find_changed_person(step, gallery, mixed=mixed)) is not None:
        return person
    if step.corrections.removed or step.corrections.added:
        try:
            take_back(read_corrections(gallery), step.corrections)
        except InputError as error:
            return str(error)
    if step.answers:
        try:
            take_back_answers(gallery, step.answers, step.answers_after, dry_run=True)
        except InputError as error:
            return str(error)
    looks = {mark.look: mark for mark in read_marks(settings.events_path, tracks_of(step), unknowns_of(step)).looks}
    after = {mark.look: mark for mark in step.marks_after.looks}
    for mark in step.marks.looks:
        if mark.look in looks and looks[mark.look] not in {mark, after.get(mark.look)}:
            return f"who {TrackKey(*mark.look[:3])} was said to be"
    return None

"""The names that people had before: who is renamed or merged stays who they are, and steps say since when.

docs/decisions/corrections.md has the rule by which what is under a former name is the person's all the same.
"""

import threading
from collections.abc import Collection, Container, Mapping, Sequence
from typing import NamedTuple

from twinface.corrections.recording import end_broken_off
from twinface.corrections.steps import list_steps, taken_back_by
from twinface.corrections.steps_file import Step, StepKind, step_numbers, steps_lock
from twinface.events.event import NameSpan
from twinface.gallery.gallery import Gallery
from twinface.gallery.gallery_folder import has_people
from twinface.settings import Settings


class _Renaming(NamedTuple):
    """Who was `old` is `new` from then on."""

    old: str
    new: str


def read_names(name: str, settings: Settings) -> list[NameSpan]:
    """The names of a person, the present one first. Raises ArtefactError when steps or gallery cannot be read."""
    gallery = settings.gallery
    if not step_numbers(gallery):
        return [NameSpan(name)]
    with steps_lock(gallery):
        end_broken_off(settings)
    return find_names(name, list_steps(gallery), _people(settings))


class NamesBefore:
    """The names of everybody who had another one, read again when a step came; for any number of threads."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._seen: tuple[list[int], int] = [], -1
        self._names: Mapping[str, Sequence[NameSpan]] = {}
        self._lock = threading.Lock()

    def of(self, people: Collection[str], version: int) -> Mapping[str, Sequence[NameSpan]]:
        """Of those `people` of the gallery of a `version` who were called otherwise, or whose name was another's.

        Raises ArtefactError when steps cannot be listed.
        """
        with self._lock:
            seen = step_numbers(self._settings.gallery), version
            if seen != self._seen:
                steps = list_steps(self._settings.gallery) if seen[0] else []
                renamed = {name for one in _renamings(steps).values() for name in one} & set(people)
                self._names, self._seen = {name: find_names(name, steps, people) for name in renamed}, seen
            return self._names


def read_present_name(name: str, settings: Settings) -> str:
    """What somebody is called now who had the name last. Raises as `read_names`."""
    return name if name in _people(settings) else find_present_name(name, list_steps(settings.gallery))


def find_names(name: str, steps: Sequence[Step], people: Container[str]) -> list[NameSpan]:
    """The names of whoever is called `name`, from all `steps`, the oldest first; `people` are in the gallery now.

    A name was theirs until it was given to somebody else after it was taken from them: where no step says when that
    was, and there is somebody of that name, when it was taken from them. What the one before has left under their
    present name is theirs but for one who has another name now.
    """
    renamings = _renamings(steps)
    theirs = {name: NameSpan(name)}
    ended: list[NameSpan] = []
    given_ns: dict[str, int] = {}
    for step in reversed(steps):
        if (renaming := renamings.get(step.number)) is not None:
            old, new = renaming
            if new in theirs and old not in theirs:
                open_end = {"until_ns": step.at_ns} if old in people else {}
                until = {"until_ns": given_ns[old]} if old in given_ns else open_end
                theirs[old] = NameSpan(old, **until)
            elif new not in theirs and old in theirs and old in given_ns:
                ended.append(theirs.pop(old)._replace(since_ns=given_ns[old]))
        given_ns.update(dict.fromkeys(_given(step), step.at_ns))
    return sorted([*theirs.values(), *ended], key=lambda one: (one.name != name, one.has_end))


def find_present_name(name: str, steps: Sequence[Step]) -> str:
    """What the one who was called so last is called now."""
    renamings, present = _renamings(steps), name
    for step in steps:
        if name in _given(step):
            present = name
        elif (renaming := renamings.get(step.number)) is not None and renaming.old == present:
            present = renaming.new
    return present


def _people(settings: Settings) -> Container[str]:
    return Gallery.open(settings.gallery).people if has_people(settings.gallery) else ()


def _renamings(steps: Sequence[Step]) -> Mapping[int, _Renaming]:
    """What people were called before and after steps, by their numbers; who takes back a rename, renames.

    Two who were merged, and are two again, were two.
    """
    by_number, undone = {one.number: one for one in steps}, taken_back_by(list(steps))
    found: dict[int, _Renaming] = {}
    for step in steps:
        of: Step | None = step
        is_back = False
        while of is not None and of.undoes is not None:
            of, is_back = by_number.get(of.undoes), not is_back
        if of is None or len(of.names) < 2:
            continue
        renaming = _Renaming(*of.names[:2])
        if of.kind is StepKind.RENAME:
            found[step.number] = _Renaming(renaming.new, renaming.old) if is_back else renaming
        elif of.kind is StepKind.MERGE and not is_back and step.number not in undone:
            found[step.number] = renaming
    return found


def _given(step: Step) -> set[str]:
    """The names that nobody in the gallery had before a step, and somebody after it."""
    return {
        name
        for name, before in step.people.items()
        if before.vectors is None and step.digests.get(name, {}).get("vectors")
    }

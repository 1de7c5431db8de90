"""What wants a person to look at it: who was seen and could not be named, and names that nobody has confirmed yet.

Nothing of this is stored: it follows from the events, and from what was answered of them.
docs/decisions/review-queue.md has the rules.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from twinface.corrections.answer import AnswerKind
from twinface.corrections.answers_file import read_answers
from twinface.corrections.correction import CorrectionKind
from twinface.corrections.corrections_file import read_corrections
from twinface.events.database import is_there
from twinface.events.event import NameSpan, TrackKey
from twinface.events.look_queries import LastDecision, read_last_decisions
from twinface.events.past_visits import VisitQuery, read_arrivals, read_visits
from twinface.settings import Settings
from twinface.types import Candidate, State
from twinface.unknowns.unknowns import list_unknowns

_LEAST_VISITS = 2
_VISIT = "visit-"
_LIKE_NOBODY = 0.005
"""Scores below it are shown as 0.00, and name nobody that a person should be asked about."""

_SETTLED = frozenset({AnswerKind.RIGHT, AnswerKind.SKIP})
"""Answers after which a name is not new any more."""


class ItemKind(StrEnum):
    """Why somebody should look: an unknown visitor has come again; a face is near to somebody, or as near to one as to
    another; somebody was given a name for the first time.
    """

    UNKNOWN_AGAIN = "unknown_again"
    UNCERTAIN = "uncertain"
    NEW_NAME = "new_name"
    CLOSE_NAMES = "close_names"


class Action(StrEnum):
    """What can be said: it is somebody known, or somebody new; the name is right, or wrong; nothing; it is no face."""

    NAME = "name"
    NEW = "new"
    RIGHT = "right"
    NOT = "not"
    SKIP = "skip"
    NO_FACE = "no_face"


@dataclass(frozen=True, slots=True)
class Item:
    """Something to be answered, of the `tracks`; `id` stays the same for as long as it is asked.

    `unknown` is the number of an unknown visitor, who came `visits` times since; `name` what was said of a face,
    `candidates` whom it is like, the best first. Times are wall clock, `until_ns` None while it goes on; `score` is
    0…1, None where nobody was compared.
    """

    id: str
    kind: ItemKind
    tracks: tuple[TrackKey, ...]
    camera: str
    since_ns: int
    until_ns: int | None
    unknown: int | None = None
    visits: int = 1
    name: str | None = None
    score: float | None = None
    candidates: tuple[Candidate, ...] = ()


def read_queue(settings: Settings, people: Collection[str]) -> list[Item]:
    """Everything that nobody has answered yet, what was seen last first; `people` are the names in the gallery.

    Candidates, and the other tracks of a visit, are added by `complete`. Raises ArtefactError where events, answers or
    corrections cannot be read.
    """
    if not is_there(settings.events_path):
        return []
    answers, corrections = read_answers(settings.gallery), read_corrections(settings.gallery)
    answered = {*answers, *(one.track for one in corrections if not one.box)}
    settled = {one.name for one in answers.values() if one.kind in _SETTLED and one.name is not None}
    settled |= {one.name for one in corrections if one.kind is CorrectionKind.CONFIRM}
    found = [*_unknown_again(settings, answered), *_unclear(settings, answered)]
    found += _new_names(settings, answered, set(people) - settled)
    return sorted(found, key=lambda one: (-(one.until_ns or one.since_ns), one.id))


def complete(settings: Settings, items: Iterable[Item]) -> list[Item]:
    """The items with whom their last track is like at all, and with all tracks of a visit. Raises as `read_queue`."""
    path, full = settings.events_path, []
    for item in items:
        whole = _with_visit(settings, item) if item.kind is ItemKind.NEW_NAME else item
        last = read_last_decisions(path, whole.tracks[-1:]).get(whole.tracks[-1])
        if last is not None and last.together:
            score = last.together[0].score if whole.score is None else whole.score
            likely = tuple(one for one in last.together if one.score >= _LIKE_NOBODY)
            whole = replace(whole, candidates=likely, score=score)
        full.append(whole)
    return full


def _with_visit(settings: Settings, item: Item) -> Item:
    before = int(item.id.removeprefix(_VISIT)) + 1
    names = None if item.name is None else (NameSpan(item.name),)
    found = read_visits(settings.events_path, VisitQuery(names=names, before=before, limit=1))
    if not found:
        return item
    return replace(item, tracks=found[0].tracks or item.tracks, until_ns=found[0].until_ns, score=found[0].score)


def _unknown_again(settings: Settings, answered: Collection[str]) -> list[Item]:
    """Unknown visitors who came twice since somebody answered of them last."""
    path = settings.events_path
    everybody = list_unknowns(path)
    passed = {key for one in everybody for key in one.tracks if str(key) in answered}
    return [
        Item(
            str(one),
            ItemKind.UNKNOWN_AGAIN,
            one.tracks,
            one.camera,
            one.since_ns,
            one.until_ns,
            unknown=one.number,
            visits=one.visits,
        )
        for one in list_unknowns(path, settings.events.cool_down_s, without=passed)
        if one.visits >= _LEAST_VISITS
    ]


def _unclear(settings: Settings, answered: Collection[str]) -> list[Item]:
    """Faces that were uncertain when they went."""
    path = settings.events_path
    visits = [
        visit
        for visit in read_visits(path, VisitQuery(state=State.UNCERTAIN))
        if visit.until_ns is not None and str(visit.tracks[0]) not in answered
    ]
    decisions = read_last_decisions(path, [visit.tracks[0] for visit in visits])
    found = []
    for visit in visits:
        last = decisions.get(visit.tracks[0])
        if last is None or not last.is_enrolled:
            kind = ItemKind.CLOSE_NAMES if last is not None and _is_close(last) else ItemKind.UNCERTAIN
            where = (visit.tracks, visit.camera, visit.since_ns, visit.until_ns)
            found.append(Item(str(visit.tracks[0]), kind, *where, score=visit.score))
    return found


def _is_close(last: LastDecision) -> bool:
    """Whether two were both near enough, and neither led by enough."""
    threshold, margin = (last.bounds.get(name) for name in ("threshold", "margin"))
    if len(last.together) < 2 or not isinstance(threshold, float | int) or not isinstance(margin, float | int):
        return False
    first, second = last.together[:2]
    return first.score >= threshold and first.score - second.score < margin


def _new_names(settings: Settings, answered: Collection[str], names: Collection[str]) -> list[Item]:
    """The first visit of each of these people of which nobody has said anything."""
    first: dict[str, Item] = {}
    for number, name, at_ns, track in read_arrivals(settings.events_path):
        if name in names and name not in first and str(track) not in answered:
            item = Item(f"{_VISIT}{number}", ItemKind.NEW_NAME, (track,), track.camera, at_ns, at_ns, name=name)
            first[name] = item
    return list(first.values())

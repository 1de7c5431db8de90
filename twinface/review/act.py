"""What waits for a person answered: one thing or many, as one step that is taken back at once."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from twinface.corrections.answer import Answer, AnswerKind
from twinface.corrections.answers_file import change_answers
from twinface.corrections.audit_file import user_name
from twinface.corrections.correction import Correction, CorrectionKind
from twinface.corrections.corrections_file import add_corrections
from twinface.corrections.recording import Change, recorded
from twinface.corrections.steps_file import StepKind
from twinface.enrolment.from_looks import NothingEnrolledError, enrol_looks
from twinface.enrolment.likeness import LikenessGate
from twinface.enrolment.open_likeness import try_likeness_gate
from twinface.errors import ArtefactError, InputError, UserError
from twinface.events.event import LookRecord
from twinface.events.look_queries import read_looks
from twinface.gallery.gallery import Gallery
from twinface.gallery.names import checked_name, known_name
from twinface.matching.vectors import fuse
from twinface.networks.registry import find_recipe
from twinface.review.evidence import Evidence, require_looks
from twinface.review.queue import Action, Item, complete, read_queue
from twinface.settings import Settings
from twinface.text import plural
from twinface.unknowns.unknowns import remove_unknowns

_GONE = "it does not wait any more: somebody answered it meanwhile, or it was forgotten"


@dataclass(frozen=True, slots=True)
class Refused:
    """An item of which nothing was changed, by its id, and why."""

    item: str
    reason: str


@dataclass(frozen=True, slots=True)
class Acted:
    """How many items were answered, by which step, None where nothing was changed; and those that were not."""

    done: int
    step: int | None
    refused: tuple[Refused, ...]


def act(
    settings: Settings,
    ids: Sequence[str],
    action: Action,
    *,
    name: str | None = None,
    force: bool = False,
    who: str | None = None,
) -> Acted:
    """Answer items of the queue, by their ids: each as a whole, or it is refused; all of them are one step.

    `name` is wanted for NAME, of somebody in the gallery, and NEW, of somebody who is not. RIGHT and NOT are about the
    name that was given, else about the best candidate. With `force` looks are enrolled that the gate objects to.
    Raises InputError for a name that is none, is missing, or is somebody's or nobody's; ArtefactError where something
    cannot be read or written: what was answered by then is recorded as a step.
    """
    gallery = _open_gallery(settings)
    wanted = _checked(gallery, action, name)
    waiting = {item.id: item for item in read_queue(settings, gallery.people)}
    items = complete(settings, [waiting[one] for one in dict.fromkeys(ids) if one in waiting])
    names = {one for item in items if (one := _name_in_question(item)) is not None} | ({wanted} if wanted else set())
    change = Change(
        StepKind.REVIEW,
        _said(action, wanted, len(items)),
        tuple(sorted(names)),
        who or user_name(),
        tuple(dict.fromkeys(key for item in items for key in item.tracks)),
        tuple(item.unknown for item in items if item.unknown is not None),
    )
    refused = [Refused(one, _GONE) for one in dict.fromkeys(ids) if one not in waiting]
    if not items:
        return Acted(0, None, tuple(refused))
    with recorded(change, settings) as step:
        still = {item.id for item in read_queue(settings, gallery.people)}
        acting = _Acting(settings, gallery, action, wanted, force)
        for item in items:
            try:
                if item.id not in still:
                    raise InputError(_GONE)
                acting.answer(item)
            except UserError as error:
                if isinstance(error, ArtefactError):
                    raise
                refused.append(Refused(item.id, str(error)))
        change_answers(settings.gallery, acting.answers)
        done = len(dict.fromkeys(ids)) - len(refused)
        step.said = _said(action, wanted, done)
    return Acted(done, step.number, tuple(refused))


def _open_gallery(settings: Settings) -> Gallery:
    recipe = find_recipe(settings.network)
    return Gallery.open(settings.gallery, network=recipe.fingerprint, network_name=recipe.name, create=True)


def _checked(gallery: Gallery, action: Action, name: str | None) -> str | None:
    """The name that an action needs, None of one that needs none. Raises InputError."""
    if action not in {Action.NAME, Action.NEW}:
        return None
    if name is None:
        raise InputError(f"{action}: say the name")
    name = known_name(name, gallery.people) if action is Action.NAME else checked_name(name)
    if action is Action.NAME and not gallery.knows(name):
        raise InputError(f"nobody called {name!r} is in the gallery any more; {Action.NEW.value!r} adds somebody")
    if action is Action.NEW and gallery.knows(name):
        raise InputError(f"{name} is in the gallery already; choose them, or another name")
    return name


def _name_in_question(item: Item) -> str | None:
    """Who it was said to be, or is most like."""
    return item.name or next((one.name for one in item.candidates), None)


def _said(action: Action, name: str | None, count: int) -> str:
    what = plural(count, "visit")
    return {
        Action.NAME: f"{what}: this is {name}",
        Action.NEW: f"{what}: this is {name}, who is new",
        Action.RIGHT: f"{what}: the name is right",
        Action.NOT: f"{what}: the name is wrong",
        Action.SKIP: f"{what} passed over",
        Action.NO_FACE: f"{what}: no face",
    }[action]


@dataclass(slots=True)
class _Acting:
    """Answers one item after the other; `answers` is what is to be remembered of them."""

    settings: Settings
    gallery: Gallery
    action: Action
    name: str | None
    force: bool
    answers: dict[str, Answer | None] = field(default_factory=dict)
    _gate: LikenessGate | None = None
    _now_ns: int = field(default_factory=time.time_ns)

    def answer(self, item: Item) -> None:
        """Raises InputError where it cannot be answered so, and nothing has changed."""
        answers: dict[Action, Callable[[Item], None]] = {
            Action.NAME: self._give_name,
            Action.NEW: self._give_name,
            Action.RIGHT: self._say_right,
            Action.NOT: self._say_wrong,
            Action.SKIP: lambda one: self._remember(one, AnswerKind.SKIP, one.name),
            Action.NO_FACE: self._say_no_face,
        }
        answers[self.action](item)

    def _give_name(self, item: Item) -> None:
        name = self.name or ""
        if name == item.name:
            self._say_right(item)
            return
        looks = self._looks(item)
        self._enrol(name, item, looks)
        if item.name is not None:
            self._correct(CorrectionKind.REJECT, item.name, looks)
        self._remember(item, AnswerKind.NAMED, name)

    def _say_right(self, item: Item) -> None:
        name = self._require_name(item)
        if not self.gallery.knows(name):
            raise InputError(f"nobody called {name!r} is in the gallery any more")
        try:
            taken = self._enrol(name, item, self._looks(item))
            self._correct(CorrectionKind.CONFIRM, name, taken)
        except InputError:
            if item.name is None:
                raise
            # The name was given: that it is right can be said of looks that are no good to enrol, or are not kept.
        self._remember(item, AnswerKind.RIGHT, name)

    def _say_wrong(self, item: Item) -> None:
        name = self._require_name(item)
        self._correct(CorrectionKind.REJECT, name, self._looks(item))
        self._remember(item, AnswerKind.NOT, name)

    def _say_no_face(self, item: Item) -> None:
        looks = read_looks(self.settings.events_path, item.tracks)
        if item.name is not None and looks:
            self._correct(CorrectionKind.REJECT, item.name, looks)
        if item.unknown is not None:
            remove_unknowns(self.settings.events_path, [item.unknown])
        self._remember(item, AnswerKind.NO_FACE, None)
        for key in item.tracks:
            theirs = [look for look in looks if look.key == key]
            if theirs:
                mean = fuse(np.stack([look.vector for look in theirs])).astype("<f4").tobytes()
                answer = Answer(AnswerKind.NO_FACE, str(key), self._now_ns, None, theirs[0].network, mean)
                self.answers[str(key)] = answer

    def _enrol(self, name: str, item: Item, looks: Sequence[LookRecord]) -> list[LookRecord]:
        """Add the good new looks; returns them, and those that the gallery had already."""
        gate = None if self.force else self._current_gate()
        enrolled = enrol_looks(name, looks, self.gallery, gate, self.settings, force=self.force)
        taken = [*enrolled.added, *enrolled.known]
        if not taken:
            raise NothingEnrolledError(replace(enrolled, what=item.id), "wait for a better look")
        if item.unknown is not None:
            remove_unknowns(self.settings.events_path, [item.unknown])
        return taken

    def _current_gate(self) -> LikenessGate | None:
        """The gate, with whoever was enrolled by the items before."""
        if self._gate is None:
            self._gate, _ = try_likeness_gate(self.gallery, self.settings)
        else:
            self._gate = replace(self._gate, gallery=self.gallery.snapshot())
        return self._gate

    def _looks(self, item: Item) -> list[LookRecord]:
        evidence = Evidence(None, item.tracks, (), tuple(read_looks(self.settings.events_path, item.tracks)))
        looks = evidence.last_looks if item.name is None else evidence.looks_at(item.name)
        if item.unknown is not None:
            looks = [look for look in looks if look.unknown == item.unknown] or looks
        return require_looks(evidence, looks)

    def _correct(self, kind: CorrectionKind, name: str, looks: Sequence[LookRecord]) -> None:
        said = [
            Correction(kind, name, look.vector, look.network, look.quality, str(look.key), None, self._now_ns)
            for look in looks
        ]
        add_corrections(self.settings.gallery, said)

    def _require_name(self, item: Item) -> str:
        name = _name_in_question(item)
        if name is None:
            raise InputError("it was given no name, and is like nobody; name it, or pass it over")
        return name

    def _remember(self, item: Item, kind: AnswerKind, name: str | None) -> None:
        self.answers |= {str(key): Answer(kind, str(key), self._now_ns, name) for key in item.tracks}

"""Looks on their way into the gallery: which of them pass the gate of enrolment, and are new."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twinface.corrections.answer import AnswerKind
from twinface.corrections.answers_file import read_answers
from twinface.enrolment.likeness import LikenessGate
from twinface.enrolment.objections import Objection, Reason, object_to_look
from twinface.errors import FingerprintError, InputError
from twinface.events.event import LookRecord
from twinface.events.look_queries import mark_enrolled
from twinface.gallery.gallery import Gallery
from twinface.gallery.names import known_name
from twinface.gallery.person import camera_source
from twinface.matching.vectors import normalised
from twinface.settings import Settings
from twinface.text import none_usable

MOST_ENROLLED = 5
"""Of one track or unknown visitor, the best: one evening at the door is not to outweigh a person's other pictures."""

_SAME_LOOK_COSINE = 0.9
"""From here on a vector tells nothing that another one of the person does not."""


_NO_FACE = Objection(Reason.NO_FACE, "somebody said so; `twinface corrections` has the step to take back")


@dataclass(frozen=True, slots=True)
class Enrolled:
    """What became of looks: `added` to the gallery, `known` there already, or refused with an objection.

    `what` they are of, in words; `unchecked` is why nobody compared them with the gallery, empty where somebody did;
    `step` is the number to take it back by, None where nothing was changed.
    """

    name: str
    added: tuple[LookRecord, ...]
    known: tuple[LookRecord, ...]
    refused: tuple[tuple[LookRecord, Objection], ...]
    what: str = ""
    unchecked: str = ""
    step: int | None = None


class NothingEnrolledError(InputError):
    """None of the looks was any good: what became of them is `enrolled`, where each was refused."""

    def __init__(self, enrolled: Enrolled, mend: str) -> None:
        reasons = "; ".join(dict.fromkeys(str(objection) for _, objection in enrolled.refused))
        unusable = none_usable(len(enrolled.refused), f"look of {enrolled.what}", f"looks of {enrolled.what}")
        super().__init__(f"{enrolled.name}: {unusable} ({reasons}); {mend}")
        self.enrolled = enrolled


def enrol_looks(
    name: str,
    looks: Sequence[LookRecord],
    gallery: Gallery,
    gate: LikenessGate | None,
    settings: Settings,
    *,
    force: bool = False,
) -> Enrolled:
    """Add the good new ones of the looks at a person to the gallery, where each says which crop of which track it was.

    With `force` nothing speaks against any but that somebody said that it is no face. Raises InputError for a name that
    is none, FingerprintError where no look
    is of the gallery's network, ArtefactError as `Gallery.add` does; nothing has changed then.
    """
    name = known_name(name, gallery.people)
    fitting = [look for look in looks if look.network == gallery.network]
    if not fitting:
        raise FingerprintError(
            f"{name}: the looks are of another network than the gallery ({gallery.network_name or '?'}); "
            "wait until they come again, or add pictures with `twinface gallery add`"
        )
    objections: list[Objection | None] = [None] * len(fitting) if force else _object(name, fitting, gate)
    answers = read_answers(gallery.folder)
    for row, look in enumerate(fitting):
        if (answer := answers.get(str(look.key))) is not None and answer.kind is AnswerKind.NO_FACE:
            objections[row] = _NO_FACE
    refused = [(look, found) for look, found in zip(fitting, objections, strict=True) if found]
    good = [look for look, found in zip(fitting, objections, strict=True) if not found]
    person = gallery.people.get(name)
    added, known = _choose_new(good, person.vectors if person else None)
    if added:
        files, vectors = [f"track {look.source}" for look in added], np.stack([look.vector for look in added])
        sources = [camera_source(look.key.camera) for look in added]
        gallery.add(name, files, vectors, np.array([look.quality for look in added], np.float32), sources=sources)
    if good:
        mark_enrolled(settings.events_path, good, name)
    return Enrolled(name, tuple(added), tuple(known), tuple(refused))


def _object(name: str, looks: Sequence[LookRecord], gate: LikenessGate | None) -> list[Objection | None]:
    objections = [object_to_look(look) for look in looks]
    rest = [row for row, objection in enumerate(objections) if objection is None]
    if gate is not None and rest:
        vectors = np.stack([looks[row].vector for row in rest])
        likeness = gate.object_to(name, vectors)
        for row, objection in zip(rest, likeness, strict=True):
            objections[row] = objection
    return objections


def _choose_new(
    looks: Sequence[LookRecord], enrolled: NDArray[np.float32] | None
) -> tuple[list[LookRecord], list[LookRecord]]:
    """The best looks that differ from each other and from the vectors `enrolled`, and those that do not."""
    chosen = [] if enrolled is None else list(normalised(enrolled))
    new: list[LookRecord] = []
    known: list[LookRecord] = []
    for look in sorted(looks, key=lambda one: -one.quality):
        unit = normalised(look.vector[np.newaxis])[0]
        if any(float(unit @ other) >= _SAME_LOOK_COSINE for other in chosen):
            known.append(look)
        elif len(new) < MOST_ENROLLED:
            new.append(look)
            chosen.append(unit)
    return new, known

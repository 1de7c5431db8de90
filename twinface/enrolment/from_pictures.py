"""Pictures of one person on their way into the gallery: which of them pass the gate, by pixels and by vectors."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from twinface.enrolment.gate import objection_of
from twinface.enrolment.likeness import LikenessGate
from twinface.enrolment.objections import Objection, object_to_measures
from twinface.errors import InputError
from twinface.recognition.embedding import EmbeddedFace


@dataclass(frozen=True, slots=True, eq=False)
class Verdict:
    """A picture, the face that it is of where there is a single one, and what speaks against enrolling it."""

    picture: Path
    face: EmbeddedFace | None
    objection: Objection | None

    def is_usable(self, *, force: bool) -> bool:
        """Whether it is to be enrolled: nothing speaks against it or, with `force`, it has a face."""
        return self.face is not None and (force or self.objection is None)


def judge_pictures(
    name: str, embedded: Iterable[tuple[Path, EmbeddedFace | InputError]], gate: LikenessGate | None
) -> list[Verdict]:
    """Judge the pictures of one person by what they show, and by their vectors where there is a `gate` for those."""
    verdicts = [_judge(path, result) for path, result in embedded]
    if gate is None:
        return verdicts
    faces = [(row, one.face) for row, one in enumerate(verdicts) if one.face and not one.objection]
    if faces:
        objections = gate.object_to(name, np.stack([face.vector for _, face in faces]))
        for (row, _), objection in zip(faces, objections, strict=True):
            verdicts[row] = replace(verdicts[row], objection=objection)
    return verdicts


def _judge(picture: Path, result: EmbeddedFace | InputError) -> Verdict:
    if isinstance(result, InputError):
        return Verdict(picture, None, objection_of(result, picture))
    return Verdict(picture, result, object_to_measures(result.measures))

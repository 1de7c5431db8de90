"""The gate of enrolment, as far as one picture tells: which pictures are no good example of somebody, and why.

What the gate refuses is left out and said, never deleted. Its reasons and bounds stand in `objections.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from twinface.enrolment.objections import Objection, Reason, object_to_measures
from twinface.errors import InputError, NoFaceError, SeveralFacesError, TurnedError
from twinface.faces.alignment import align_face
from twinface.faces.choice import pick_enrolment_face, pick_main_face
from twinface.faces.quality import measure_face
from twinface.recognition.embedding import PickFace
from twinface.types import Crop, Face, Image

CROP_SIZE_PX = 224
"""Side of saved crops: enough for every network, which then shrinks them (`--aligned`)."""


@dataclass(frozen=True, slots=True, eq=False)
class Inspection:
    """A picture as the gate sees it: the `face` it is of and its `crop`, None where there is no single one."""

    face: Face | None
    crop: Crop | None
    objection: Objection | None


def inspect_picture(image: Image, faces: Sequence[Face], *, force: bool = False) -> Inspection:
    """The one of its `faces` that a picture is of, its aligned crop of 224 pixels, and what speaks against it.

    With `force` nothing does but that there is no face; of several the largest and most central is taken.
    """
    try:
        face = choose_picker(force=force)(faces, image.shape)
    except NoFaceError as error:
        return Inspection(None, None, objection_of(error))
    crop = align_face(image, face.landmarks_px, CROP_SIZE_PX)
    measures = measure_face(crop, face)
    objection = None if force else object_to_measures(measures)
    return Inspection(face, Crop(crop, measures.quality), objection)


def choose_picker(*, force: bool) -> PickFace:
    """How the face of a picture is found."""
    return pick_main_face if force else pick_enrolment_face


def objection_of(error: InputError, picture: Path | None = None) -> Objection:
    """An error of reading a picture or of finding its face, as an objection; its sentence does not name `picture`."""
    reason = Reason.UNREADABLE
    if isinstance(error, TurnedError):
        reason = Reason.TURNED
    elif isinstance(error, SeveralFacesError):
        reason = Reason.MORE_THAN_ONE_FACE
    elif isinstance(error, NoFaceError):
        reason = Reason.NO_FACE
    return Objection(reason, str(error).removeprefix(f"{picture}: "))

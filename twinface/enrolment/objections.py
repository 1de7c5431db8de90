"""The reasons for which the gate refuses a picture: THE tables of their words, bounds, sentences and advice. No pixels.

What each bound costs and catches is measured in docs/decisions/enrolment-quality.md.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from twinface.events.event import LookRecord
    from twinface.types import FaceMeasures


class Reason(StrEnum):
    """Why a picture is set aside, or a person of many not enrolled, in a word for machines."""

    UNREADABLE = "unreadable"
    NO_FACE = "no_face"
    TURNED = "turned"
    MORE_THAN_ONE_FACE = "more_than_one_face"
    DOUBTFUL_FACE = "doubtful_face"
    TOO_SMALL = "too_small"
    BLURRED = "blurred"
    TOO_DARK = "too_dark"
    TOO_BRIGHT = "too_bright"
    LOW_CONTRAST = "low_contrast"
    EXTREME_POSE = "extreme_pose"
    NOT_LIKE_THE_OTHERS = "not_like_the_others"
    LOOKS_LIKE_SOMEBODY_ELSE = "looks_like_somebody_else"

    # Of a person as a whole.
    NO_PICTURES = "no_pictures"
    UNUSABLE_NAME = "unusable_name"
    DAMAGED = "damaged"


_NOT_FORCED = frozenset({Reason.UNREADABLE, Reason.NO_FACE})
_OF_PEOPLE = frozenset({Reason.NO_PICTURES, Reason.UNUSABLE_NAME, Reason.DAMAGED})

FORCED = tuple(reason for reason in Reason if reason not in _NOT_FORCED | _OF_PEOPLE)
"""What --force takes a picture in spite of, in the order of the table."""


POOR_QUALITY = 0.3
"""Of 540 pictures that the gate of enrolment lets through none has less; of 197 that it refuses as profiles 195 have,
of 160 that it refuses as blurred 52. So what was taken all the same is found where it is really poor."""


def poor_quality_words(person: str, picture: str | None, quality: float) -> str:
    """That a picture of somebody in the gallery is poor, in a line."""
    return f"{person}: {picture} has a quality of {quality:.2f}, at least {POOR_QUALITY:.2f} is useful"


@dataclass(frozen=True, slots=True)
class Objection:
    """What speaks against a picture: `sentence` for people; where something was measured, its `value` and `bound`."""

    reason: Reason
    sentence: str
    value: float | None = None
    bound: float | None = None

    def __str__(self) -> str:
        return f"{self.reason}: {self.sentence}"


@dataclass(frozen=True, slots=True)
class _Check:
    """A measure and its bound: a least one, or for `most` a greatest one; `template` makes the sentence."""

    reason: Reason
    measure: Callable[["FaceMeasures"], float]
    bound: float
    template: str
    most: bool = False

    def object_to(self, measures: "FaceMeasures") -> Objection | None:
        value = self.measure(measures)
        if value <= self.bound if self.most else value >= self.bound:
            return None
        return Objection(self.reason, self.template.format(value=value, bound=self.bound), round(value, 3), self.bound)


_CHECKS = (
    _Check(
        Reason.TOO_SMALL, lambda face: face.face_px, 40.0, "{value:.3g} pixels wide, at least {bound:.0f} are needed"
    ),
    _Check(
        Reason.TOO_DARK, lambda face: face.brightness, 45.0, "brightness {value:.3g}, at least {bound:.0f} is needed"
    ),
    _Check(
        Reason.TOO_BRIGHT,
        lambda face: face.brightness,
        212.0,
        "brightness {value:.3g}, at most {bound:.0f} will do",
        most=True,
    ),
    _Check(
        Reason.LOW_CONTRAST, lambda face: face.contrast, 8.0, "contrast {value:.3g}, at least {bound:.0f} is needed"
    ),
    _Check(Reason.BLURRED, lambda face: face.sharpness, 0.40, "sharpness {value:.3g}, at least {bound:.2f} is needed"),
    _Check(
        Reason.EXTREME_POSE,
        lambda face: max(abs(face.yaw_deg), abs(face.pitch_deg)),
        35.0,
        "turned away by {value:.3g} degrees, at most {bound:.0f} will do",
        most=True,
    ),
    _Check(
        Reason.EXTREME_POSE,
        lambda face: abs(face.roll_deg),
        18.0,
        "tilted by {value:.3g} degrees, at most {bound:.0f} will do",
        most=True,
    ),
    _Check(
        Reason.DOUBTFUL_FACE,
        lambda face: face.detection_score,
        0.88,
        "detection score {value:.3g}, at least {bound:.2f} is needed",
    ),
)

_ADVICE = {
    Reason.NO_FACE: "show one face, from the front, in good light",
    Reason.TURNED: "turn the picture upright",
    Reason.MORE_THAN_ONE_FACE: "show this person alone, or cut the others off",
    Reason.DOUBTFUL_FACE: "show the whole face, with nothing before it",
    Reason.TOO_SMALL: "come closer, or send the picture in its full size",
    Reason.BLURRED: "hold still, with more light, or clean the lens",
    Reason.TOO_DARK: "turn towards a window or a lamp",
    Reason.TOO_BRIGHT: "turn away from the light",
    Reason.LOW_CONTRAST: "more light from the side, and nothing between face and camera",
    Reason.EXTREME_POSE: "look at the camera, with the head upright",
    Reason.NOT_LIKE_THE_OTHERS: "send pictures of one person only; take out whichever shows somebody else",
    Reason.LOOKS_LIKE_SOMEBODY_ELSE: "check whose face this is; they may be in the gallery already",
}
"""What would be better, for whoever takes the pictures. Why one cannot be read says so itself."""


def object_to_measures(measures: "FaceMeasures") -> Objection | None:
    """The first thing that speaks against a face, of those that one picture can tell."""
    return next((found for check in _CHECKS if (found := check.object_to(measures))), None)


def object_to_look(look: "LookRecord") -> Objection | None:
    """What speaks against enrolling a look, as far as was measured when it was taken."""
    if look.measures is None:
        return Objection(Reason.UNREADABLE, "nothing was measured of this crop")
    return object_to_measures(look.measures)


def is_good_look(look: "LookRecord") -> bool:
    """Whether nothing speaks against enrolling a look, as far as was measured when it was taken."""
    return object_to_look(look) is None


def force_helps(objection: Objection | None) -> bool:
    """Whether --force would take a picture all the same: not one that shows no face."""
    return objection is not None and objection.reason not in _NOT_FORCED


def advise(objection: Objection) -> str:
    """What was measured, and what would be better, in a line for people."""
    advice = _ADVICE.get(objection.reason)
    return f"{objection.sentence}; {advice}" if advice else objection.sentence

"""What would be better, for whoever takes the pictures: THE table, by the reason of the gate."""

from twinface.enrolment.objections import Objection, Reason

_ADVICE = {
    Reason.UNREADABLE: "send a JPEG, PNG or WebP picture",
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


def advise(objection: Objection) -> str:
    """What was measured, and what would be better, in a line for people."""
    advice = _ADVICE.get(objection.reason)
    return f"{objection.sentence}; {advice}" if advice else objection.sentence

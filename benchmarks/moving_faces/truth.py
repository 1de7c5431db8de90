"""Who is to be seen in the videos, as a person sees it: whose face a box is, None for nobody who could be known."""

from collections.abc import Callable

from twinface.messages.schema import BoxXyxy

LIN_MANUEL, ALEX, OBAMA = "lin_manuel_miranda", "alex_lacamoire", "obama"
Truth = Callable[[int, BoxXyxy], str | None]


def nobody(_frame: int, _box_xyxy: BoxXyxy) -> str | None:
    """Of a video in which nobody is known."""
    return None


def two_named_people(frame: int, box_xyxy: BoxXyxy) -> str | None:
    """Both on the stage; Alex's profile, near; Lin-Manuel; the audience, Obama in its middle."""
    left, top, right, bottom = box_xyxy
    if frame < 20:
        return LIN_MANUEL if left > 480 else ALEX if right < 100 else None
    if frame < 82:
        return ALEX if right - left > 120 else None
    if frame < 211:
        return LIN_MANUEL if right - left > 70 else None
    return OBAMA if 315 < (left + right) / 2 < 395 and (top + bottom) / 2 < 120 else None


def woman_and_man(_frame: int, box_xyxy: BoxXyxy) -> str | None:
    """She on the left, he on the right."""
    return "woman" if box_xyxy[0] + box_xyxy[2] < 480 else "man"


def three_walking(_frame: int, box_xyxy: BoxXyxy) -> str | None:
    """The same woman on the left, and two others."""
    return "woman" if box_xyxy[0] + box_xyxy[2] < 300 else None

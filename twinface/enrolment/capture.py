"""Crops of one person from a webcam or a video: chosen by hand at a window, or by quality without one."""

import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from twinface.enrolment.gate import Inspection, inspect_picture
from twinface.enrolment.objections import Objection
from twinface.enrolment.selfies import save_crop
from twinface.errors import InputError
from twinface.faces.detection import FaceDetector
from twinface.faces.sources.feed import FrameFeed
from twinface.faces.sources.open_source import SourceSpec, open_source
from twinface.faces.sources.source import Source, SourceWord
from twinface.outputs import refuse_inputs
from twinface.recognition.embedding import open_detector
from twinface.text import mask_address, plural
from twinface.types import Crop, Frame, Image

_WINDOW = "twinface capture: s saves, q quits"
_ALIKE = 0.95
_GOOD = ""
_GREEN, _RED, _WHITE = (80, 220, 80), (80, 80, 220), (255, 255, 255)

OnFrame = Callable[[Objection | None], None]
"""Called for each frame that was looked at, with what speaks against it."""


@dataclass(slots=True)
class CropFolder:
    """Saves crops as 001.png, 002.png, …, after those that are there already."""

    folder: Path
    saved: int = 0
    _number: int = field(init=False)

    def __post_init__(self) -> None:
        numbers = [int(path.stem) for path in self.folder.glob("*.png") if path.stem.isdecimal()]
        self._number = max(numbers, default=0)

    def save(self, crop: Crop) -> Path:
        """Write the next one; returns where. Raises InputError when it cannot be written."""
        path = self._next()
        while os.path.lexists(path):  # by another capture meanwhile, or spelt 001.PNG on a disk that takes both for one
            path = self._next()
        save_crop(path, crop.image)
        self.saved += 1
        return path

    def _next(self) -> Path:
        self._number += 1
        return self.folder / f"{self._number:03d}.png"


@dataclass(frozen=True, slots=True)
class CapturedFaces:
    """What came of a capture from `source`: where faces were `saved`, how many `frames` were looked at, and how many
    were not taken, by the code of the reason.

    So many as `wanted` were asked for; None where faces are chosen by hand.
    """

    source: str
    wanted: int | None
    saved: tuple[Path, ...]
    frames: int
    not_taken: Mapping[str, int]

    def require_any(self) -> None:
        """Raise InputError, with the reasons, where no face was saved."""
        if not self.saved:
            raise InputError(
                f"{self.source}: no face saved ({self._describe_frames()}); "
                "sit nearer, facing it, alone and in good light"
            )

    def describe_shortfall(self) -> str:
        """That there are fewer faces than wanted, and why; "" where there are not."""
        if self.wanted is None or len(self.saved) >= self.wanted:
            return ""
        found = f"only {len(self.saved)} of {self.wanted}"
        return f"{found}: there were no more good faces that differ ({self._describe_frames()})"

    def _describe_frames(self) -> str:
        reasons = ", ".join(f"{count} {reason}" for reason, count in self.not_taken.items())
        return plural(self.frames, "frame") + (f", not taken: {reasons}" if reasons else "")


class DifferentFaces:
    """Remembers the crops that were taken, to take only what differs from all of them."""

    def __init__(self) -> None:
        self._taken: list[NDArray[np.float32]] = []

    def take(self, crop: Crop) -> bool:
        """Whether this one is different enough in pose, expression or light; if so it counts as taken."""
        look = _look(crop.image)
        if any(float(look @ other) > _ALIKE for other in self._taken):
            return False
        self._taken.append(look)
        return True


def capture_faces(
    output: Path,
    *,
    video: str | None = None,
    camera: int = 0,
    count: int | None = None,
    force: bool = False,
    on_frame: OnFrame = lambda _objection: None,
    on_saved: Callable[[Path], None] = lambda _path: None,
) -> CapturedFaces:
    """Save faces of one person to the folder `output`, from a `video`, file or URL, or else from a webcam.

    So many as `count` are chosen as by `capture_automatically`, or without one by hand. Raises InputError where there
    is no window for that, where `output` is the video, and for a source that cannot be opened or read.
    """
    if count is None:
        require_display()
    refuse_inputs(output, [video], "name another folder with --output")
    detector, folder = open_detector(second_look=False), CropFolder(output)
    source = open_source(SourceSpec(video or str(camera), paced=count is None))
    seen: Counter[str] = Counter()
    saved: list[Path] = []

    def saw(objection: Objection | None) -> None:
        seen[objection.reason.value if objection else _GOOD] += 1
        on_frame(objection)

    try:
        for path in (
            capture_by_hand(source, detector, folder, force=force, on_frame=saw)
            if count is None
            else capture_automatically(source, detector, folder, count, force=force, on_frame=saw)
        ):
            saved.append(path)
            on_saved(path)
    finally:
        source.close()
    not_taken = {reason: number for reason, number in seen.most_common() if reason != _GOOD}
    name = mask_address(video) if video else f"webcam {camera}"
    return CapturedFaces(name, count, tuple(saved), seen.total(), not_taken)


def capture_automatically(
    source: Source,
    detector: FaceDetector,
    folder: CropFolder,
    count: int,
    *,
    force: bool = False,
    on_frame: OnFrame = lambda _objection: None,
) -> Iterator[Path]:
    """Save up to `count` faces that nothing speaks against and that differ; yields where each went.

    Fewer when the source ends before. With `force` every face that is found will do.
    """
    different = DifferentFaces()
    for frame in _frames(source):
        seen = inspect_picture(frame.image, detector.detect(frame.image), force=force)
        on_frame(seen.objection)
        if seen.crop is not None and seen.objection is None and different.take(seen.crop):
            yield folder.save(seen.crop)
            if folder.saved >= count:
                return


def capture_by_hand(
    source: Source,
    detector: FaceDetector,
    folder: CropFolder,
    *,
    force: bool = False,
    on_frame: OnFrame = lambda _objection: None,
) -> Iterator[Path]:
    """Show the source in a window; `s` saves the marked face, `q` ends. Yields where each crop went.

    A face that something speaks against is marked in red, with the reason, and `s` does not save it.
    """
    try:
        for frame in _frames(source):
            seen = inspect_picture(frame.image, detector.detect(frame.image), force=force)
            on_frame(seen.objection)
            cv2.imshow(_WINDOW, mark(frame.image, seen))
            key = cv2.waitKey(1) & 0xFF
            if key == ord("q"):
                return
            if key == ord("s") and seen.crop is not None and seen.objection is None:
                yield folder.save(seen.crop)
    finally:
        cv2.destroyAllWindows()


def mark(image: Image, seen: Inspection) -> Image:
    """A copy of the picture with the face framed, green where it would be saved, else red, with the reason below."""
    marked = image.copy()
    colour = _RED if seen.objection else _GREEN
    if seen.face is not None:
        left, top, right, bottom = (round(float(side)) for side in seen.face.box_xyxy)
        cv2.rectangle(marked, (left, top), (right, bottom), colour, 2)
    if seen.objection is not None:
        height, width = marked.shape[:2]
        size = max(0.4, width / 1200)
        marked[height - round(50 * size) :] //= 4
        place = (round(16 * size), height - round(16 * size))
        cv2.putText(marked, str(seen.objection), place, cv2.FONT_HERSHEY_SIMPLEX, size, _WHITE, 1, cv2.LINE_AA)
    return marked


def require_display() -> None:
    """Raises InputError where no window can be shown: an OpenCV without a window system, or a session without one."""
    mend = "use --auto N, which needs none"
    gui = [line for line in cv2.getBuildInformation().splitlines() if line.strip().startswith("GUI:")]
    if not gui or "NONE" in gui[0]:
        raise InputError(f"this OpenCV has no window system (opencv-python would have one); {mend}")
    if not os.environ.get("DISPLAY") and not os.environ.get("WAYLAND_DISPLAY"):
        raise InputError(f"no display here (DISPLAY is not set); {mend}")


def _frames(source: Source) -> Iterator[Frame]:
    """All frames of a file, the newest of a camera. Raises InputError when a camera fails: it is not waited for."""
    feed = FrameFeed(source, lossless=source.finite)
    try:
        while not feed.ended:
            if (frame := feed.take(timeout_s=0.5)) is not None:
                yield frame
            elif source.state.word is SourceWord.WAITING:
                raise InputError(f"{source.kind} failed: {source.state.detail}")
    finally:
        feed.stop()


def _look(crop: Image) -> NDArray[np.float32]:
    """The crop as a small grey picture, without its brightness and contrast, as a vector of length 1."""
    grey = np.asarray(cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY), np.uint8)
    size = crop.shape[0]
    inside = grey[size // 4 : size * 9 // 10, size // 5 : size * 4 // 5]
    look = np.asarray(cv2.resize(inside, (24, 26), interpolation=cv2.INTER_AREA), np.float32).reshape(-1)
    look -= look.mean()
    return look / max(float(np.linalg.norm(look)), 1e-6)

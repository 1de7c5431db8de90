"""Crops of one person from a webcam or a video: chosen by hand at a window, or by quality without one."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from twinface.errors import InputError, NoFaceError
from twinface.faces import FaceDetector, Source, align_face, assess_quality, pick_enrolment_face
from twinface.recognition.selfies import CROP_SIZE_PX, save_crop
from twinface.types import Crop, Face, Frame, Image

_WINDOW = "twinface capture: s saves, q quits"
_GOOD_QUALITY = 0.4
_ALIKE = 0.95


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
        self._number += 1
        self.saved += 1
        path = self.folder / f"{self._number:03d}.png"
        save_crop(path, crop.image)
        return path


class DifferentFaces:
    """Remembers the crops that were taken, to take only what differs from all of them."""

    def __init__(self) -> None:
        self._taken: list[NDArray[np.float32]] = []

    def take(self, crop: Crop) -> bool:
        """Whether this one is good, and different enough in pose, expression or light; if so it counts as taken."""
        if crop.quality < _GOOD_QUALITY:
            return False
        look = _look(crop.image)
        if any(float(look @ other) > _ALIKE for other in self._taken):
            return False
        self._taken.append(look)
        return True


def find_crop(frame: Frame, detector: FaceDetector) -> tuple[Face, Crop] | None:
    """The one face of a frame and its crop; None when there is none, or when it cannot be told who is meant."""
    try:
        face = pick_enrolment_face(detector.detect(frame.image), frame.image.shape)
    except NoFaceError:
        return None
    image = align_face(frame.image, face.landmarks_px, CROP_SIZE_PX)
    return face, Crop(image, assess_quality(image, face))


def capture_automatically(source: Source, detector: FaceDetector, folder: CropFolder, count: int) -> Iterator[Path]:
    """Save up to `count` good and differing faces; yields where each went. Fewer when the source ends before."""
    different = DifferentFaces()
    for frame in _frames(source):
        found = find_crop(frame, detector)
        if found is not None and different.take(found[1]):
            yield folder.save(found[1])
            if folder.saved >= count:
                return


def capture_by_hand(source: Source, detector: FaceDetector, folder: CropFolder) -> Iterator[Path]:
    """Show the source in a window; `s` saves the marked face, `q` ends. Yields where each crop went."""
    try:
        for frame in _frames(source):
            found = find_crop(frame, detector)
            cv2.imshow(_WINDOW, frame.image if found is None else _mark(frame.image, found[0]))
            key = cv2.waitKey(1) & 0xFF
            if key == ord("q"):
                return
            if key == ord("s") and found is not None:
                yield folder.save(found[1])
    finally:
        cv2.destroyAllWindows()


def require_display() -> None:
    """Raises InputError where no window can be shown: an OpenCV without a window system, or a session without one."""
    mend = "use --auto N, which needs none"
    gui = [line for line in cv2.getBuildInformation().splitlines() if line.strip().startswith("GUI:")]
    if not gui or "NONE" in gui[0]:
        raise InputError(f"this OpenCV has no window system (opencv-python would have one); {mend}")
    if not os.environ.get("DISPLAY") and not os.environ.get("WAYLAND_DISPLAY"):
        raise InputError(f"no display here (DISPLAY is not set); {mend}")


def _frames(source: Source) -> Iterator[Frame]:
    """The frames of a source until it ends; a webcam that fails is not waited for. Raises InputError then."""
    while source.state in {"opening", "open"}:
        if (frame := source.next_frame(timeout_s=0.5)) is not None:
            yield frame
    if source.state.startswith("failed"):
        raise InputError(f"{source.kind} {source.state}; check that it is plugged in, free, and the right one")


def _mark(image: Image, face: Face) -> Image:
    left, top, right, bottom = (round(float(side)) for side in face.box_xyxy)
    return np.asarray(cv2.rectangle(image.copy(), (left, top), (right, bottom), (80, 220, 80), 2), np.uint8)


def _look(crop: Image) -> NDArray[np.float32]:
    """The crop as a small grey picture, without its brightness and contrast, as a vector of length 1."""
    grey = np.asarray(cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY), np.uint8)
    size = crop.shape[0]
    inside = grey[size // 4 : size * 9 // 10, size // 5 : size * 4 // 5]
    look = np.asarray(cv2.resize(inside, (24, 26), interpolation=cv2.INTER_AREA), np.float32).reshape(-1)
    look -= look.mean()
    return look / max(float(np.linalg.norm(look)), 1e-6)

"""Where the faces of a picture are, with five landmarks each."""

import hashlib
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from twinface.errors import AssetError
from twinface.faces.second_look import find_turn_deg, is_doubtful, look_again
from twinface.faces.yunet import YuNet
from twinface.native_libraries import hush_opencv
from twinface.types import Face, Image

MODEL = Path(__file__).resolve().parents[1] / "data" / "yunet" / "yunet.tflite"
MODEL_SHA256 = "f20c828bba753f4198395f2bd4aaa52f40e30f58befff60b69516f3ba8fa53ed"


class FaceDetector:
    """Finds faces with YuNet, see yunet.

    Pictures are shrunk to `max_side_px` on their long side for it; faces narrower than `min_face_px`, in pixels of the
    picture as given, are left out. With `second_look`, which is for still pictures, one that shows no face, or a single
    doubtful one, is looked at once more, see look_again. `warm_up` shows it an empty picture of the shape of most
    videos, since the first one of a size takes more than twice as long as the next. One detector serves one thread.
    Raises AssetError when the bundled model is damaged.
    """

    def __init__(
        self,
        *,
        score_threshold: float = 0.6,
        max_side_px: int = 400,
        min_face_px: float = 0,
        second_look: bool = False,
        warm_up: bool = False,
    ) -> None:
        self._max_side_px = max_side_px
        self._second_look = second_look
        self._min_face_px = min_face_px
        hush_opencv()
        try:
            model = MODEL.read_bytes()
        except OSError:
            model = b""
        if hashlib.sha256(model).hexdigest() != MODEL_SHA256:
            raise AssetError(f"{MODEL}: not the file that comes with twinface; install twinface again")
        self._yunet = YuNet(model, score_threshold=score_threshold)
        if warm_up:
            self._yunet.detect(np.zeros((max_side_px * 9 // 16, max_side_px, 3), np.uint8))

    def detect(self, image: Image, shrunk: Image | None = None) -> list[Face]:
        """All faces in a picture, best detection score first; boxes and landmarks in pixels of `image`.

        Boxes and landmarks may lie partly outside the picture. `shrunk` is what `shrink` gave, where that is at hand.
        """
        faces = self._detect_shrunk(image, self.shrink(image) if shrunk is None else shrunk)
        if self._second_look and is_doubtful(faces):
            faces = look_again(image, self._detect_once, faces)
        return sorted(
            (face for face in faces if face.width_px >= self._min_face_px), key=lambda face: -face.detection_score
        )

    def shrink(self, image: Image) -> Image:
        """The picture as the detector looks at it: `max_side_px` on its long side, or as it is if it is smaller."""
        height, width = image.shape[:2]
        ratio = self._max_side_px / max(height, width)
        if ratio >= 1:
            return image
        size = (max(1, round(width * ratio)), max(1, round(height * ratio)))
        return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)

    def find_turn_deg(self, image: Image, faces: list[Face]) -> int:
        """By how many degrees clockwise a still picture has to be turned to stand upright, see second_look.

        `faces` are those that `detect` found in it. Always 0 without `second_look`.
        """
        return find_turn_deg(image, self._detect_once, faces) if self._second_look else 0

    def _detect_once(self, image: Image) -> list[Face]:
        return self._detect_shrunk(image, self.shrink(image))

    def _detect_shrunk(self, image: Image, shrunk: Image) -> list[Face]:
        back = np.array([image.shape[1] / shrunk.shape[1], image.shape[0] / shrunk.shape[0]], np.float32)
        return [_to_face(row, back) for row in self._yunet.detect(shrunk) if np.isfinite(row).all()]


def _to_face(row: NDArray[np.float32], back: NDArray[np.float32]) -> Face:
    """YuNet's row: x, y, width, height, five landmarks, score."""
    corner, size = row[0:2], row[2:4]
    return Face(
        box_xyxy=np.concatenate([corner * back, (corner + size) * back]),
        landmarks_px=row[4:14].reshape(5, 2) * back,
        detection_score=float(row[14]),
    )

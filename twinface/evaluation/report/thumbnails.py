"""Small pictures of faces, to look at the worst errors."""

import base64
from pathlib import Path

import cv2
import numpy as np

from twinface.errors import InputError
from twinface.faces.alignment import align_face
from twinface.faces.choice import pick_main_face
from twinface.faces.detection import FaceDetector
from twinface.faces.pictures import read_image
from twinface.recognition.embedding import open_detector
from twinface.types import Image

SIDE_PX = 112
_JPEG_QUALITY = 82


class Thumbnails:
    """The main face of pictures, cut as the network sees it; of one without a face the middle of the picture.

    Of a picture that cannot be read there is none. Each is read once.
    """

    def __init__(self) -> None:
        self._detector: FaceDetector | None = None
        self._cut: dict[Path, Image | None] = {}

    def image(self, path: Path) -> Image | None:
        """The thumbnail, uint8 (112, 112, 3) BGR."""
        if path not in self._cut:
            try:
                self._cut[path] = self._cut_face(read_image(path))
            except InputError:
                self._cut[path] = None
        return self._cut[path]

    def data_url(self, path: Path) -> str | None:
        """The thumbnail as a JPEG in a data: URL."""
        image = self.image(path)
        if image is None:
            return None
        _, encoded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
        return f"data:image/jpeg;base64,{base64.b64encode(encoded.tobytes()).decode()}"

    def _cut_face(self, image: Image) -> Image:
        self._detector = self._detector or open_detector()
        faces = self._detector.detect(image)
        if faces:
            return align_face(image, pick_main_face(faces, image.shape).landmarks_px, SIDE_PX)
        height, width = image.shape[:2]
        side = min(height, width)
        top, left = (height - side) // 2, (width - side) // 2
        middle = image[top : top + side, left : left + side]
        return np.asarray(cv2.resize(middle, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_AREA), np.uint8)

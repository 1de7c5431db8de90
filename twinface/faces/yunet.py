"""YuNet (Wu, Peng, Yu: YuNet: a tiny millisecond-level face detector, Machine Intelligence Research 2023) in LiteRT.

The network says for each cell of three grids, of 8, 16 and 32 pixels, whether a face has its centre there, where
exactly, how large it is, and where its landmarks are. What becomes of that is what OpenCV's FaceDetectorYN does, so
that both find the same faces: the picture is filled up with black to whole cells, and boxes compete as whole pixels.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from twinface.native_libraries import open_interpreter
from twinface.types import Image

Rows = NDArray[np.float32]
"""Faces, float32 (n, 15): x, y, width, height, five landmarks (x, y), score 0…1; in pixels."""

_COARSEST_PX = 32
_CELLS_PX = (8, 16, 32)
_MOST_FACES = 5000
_NMS_IOU = 0.3


class YuNet:
    """The network of a .tflite file as scripts/fold_yunet.py makes it, on one thread of the processor.

    Raises ValueError when LiteRT refuses the file. One serves one thread.
    """

    def __init__(self, model: bytes, *, score_threshold: float) -> None:
        self._score_threshold = score_threshold
        self._interpreter = open_interpreter(model, threads=1)
        self._input = self._interpreter.get_input_details()[0]["index"]
        self._outputs = [details["index"] for details in self._interpreter.get_output_details()]
        self._padded = (0, 0)

    def detect(self, image: Image) -> Rows:
        """The faces of a picture as it is, not shrunk, best score first."""
        self._show(image)
        self._interpreter.invoke()
        grids = sorted((self._interpreter.get_tensor(index)[0] for index in self._outputs), key=len, reverse=True)
        found = [_decode(grid, px, self._score_threshold) for grid, px in zip(grids, _CELLS_PX, strict=True)]
        return suppress(np.concatenate(found))

    def _show(self, image: Image) -> None:
        """Write the picture into the network's input, with black to the right and below."""
        height, width = image.shape[:2]
        padded = (_fill_up(height), _fill_up(width))
        if padded != self._padded:
            self._interpreter.resize_tensor_input(self._input, [1, *padded, 3], strict=True)
            self._interpreter.allocate_tensors()
            self._padded = padded
        # Nobody may hold on to this view of LiteRT's memory, which `invoke` would refuse.
        picture: Any = self._interpreter.tensor(self._input)()[0]
        picture[:height, :width] = image
        picture[height:] = 0.0
        picture[:height, width:] = 0.0


def _fill_up(side_px: int) -> int:
    return -(-side_px // _COARSEST_PX) * _COARSEST_PX


def _decode(grid: NDArray[np.float32], cell_px: int, score_threshold: float) -> Rows:
    """The faces of one grid, float32 (rows, columns, 16), row by row.

    Of a cell: logits of face and of object, whose probabilities' geometric mean is the score; centre in cells from the
    cell's corner; logarithms of width and height in cells; landmarks in cells from the corner.
    """
    probabilities = 1.0 / (1.0 + np.exp(-grid[:, :, :2]))
    scores = np.sqrt(probabilities[:, :, 0] * probabilities[:, :, 1])
    row, column = np.nonzero(scores >= score_threshold)
    cells, corner = grid[row, column], np.stack([column, row], axis=1).astype(np.float32)
    size = np.exp(cells[:, 4:6]) * cell_px
    place = (corner + cells[:, 2:4]) * cell_px - size / 2
    landmarks = (corner[:, None] + cells[:, 6:16].reshape(-1, 5, 2)) * cell_px
    faces = np.column_stack([place, size, landmarks.reshape(-1, 10), scores[row, column]])
    return np.asarray(faces, np.float32)


def suppress(faces: Rows) -> Rows:
    """Greedy non-maximum suppression: of faces whose boxes share more than 30 % of their union, the best one.

    Best score first. Boxes are cut to whole pixels before, as OpenCV does, and two without any area are the same.
    """
    alive = faces[np.argsort(-faces[:, 14], kind="stable")][:_MOST_FACES]
    kept = []
    while len(alive):
        kept.append(alive[0])
        alive = alive[1:][_overlap(alive[0], alive[1:]) <= _NMS_IOU]
    return np.array(kept, np.float32).reshape(-1, 15)


def _overlap(face: NDArray[np.float32], others: Rows) -> NDArray[np.float64]:
    """Intersection over union of one box with others, in whole pixels."""
    here, there = face[:4].astype(np.int64), others[:, :4].astype(np.int64)
    least, most = np.maximum(here[:2], there[:, :2]), np.minimum(here[:2] + here[2:], there[:, :2] + there[:, 2:])
    shared = np.maximum(most - least, 0).prod(axis=1)
    union = here[2:].prod() + there[:, 2:].prod(axis=1) - shared
    return np.where(union > 0, shared / np.maximum(union, 1), 1.0)

"""Pixels as a network wants them: colour order and scale of the recipe."""

import numpy as np
from numpy.typing import NDArray

from twinface.networks.recipe import NetworkRecipe

_SCALE_AND_OFFSET_RGB: dict[str, tuple[tuple[float, float, float], tuple[float, float, float]]] = {
    "none": ((1.0, 1.0, 1.0), (0.0, 0.0, 0.0)),
    "tf": ((1 / 127.5, 1 / 127.5, 1 / 127.5), (-1.0, -1.0, -1.0)),
    "torch": (
        (1 / (255 * 0.229), 1 / (255 * 0.224), 1 / (255 * 0.225)),
        (-0.485 / 0.229, -0.456 / 0.224, -0.406 / 0.225),
    ),
    "caffe": ((1.0, 1.0, 1.0), (-123.68, -116.779, -103.939)),
}


def preprocess(crops: NDArray[np.uint8], recipe: NetworkRecipe) -> NDArray[np.float32]:
    """Crops, uint8 (n, s, s, 3) BGR, as float32 (n, s, s, 3) in the recipe's colour order and scaling.

    The modes are those of keras.applications.imagenet_utils.preprocess_input. Raises ValueError for another size.
    """
    size = recipe.input_size_px
    if crops.dtype != np.uint8 or crops.ndim != 4 or crops.shape[1:] != (size, size, 3):
        raise ValueError(f"crops: expected uint8 (n, {size}, {size}, 3), got {crops.dtype} {crops.shape}")
    scale, offset = (np.array(row, np.float32) for row in _SCALE_AND_OFFSET_RGB[recipe.scaling])
    if recipe.color_order == "bgr":
        return crops * scale[::-1] + offset[::-1]
    return crops[..., ::-1] * scale + offset

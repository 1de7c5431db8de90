"""From drawn numbers to pixels, by Keras operations: on a GPU no picture ever passes through the processor."""

from typing import Any

from twinface.distillation.crop_views import PACKED_PX, STANDARD_PX

_GREY_WEIGHTS_BGR = (0.114, 0.587, 0.299)


def render(ops: Any, crops: Any, drawn: Any) -> Any:
    """The pictures that `endless_views.Drawn` describes, float32 (n, 112, 112, 3) BGR, 0…255.

    `crops` uint8 (m · 128 · 128, 3), the pixels of all packed crops in a row.
    """
    first, second = (_look(ops, crops, drawn["rows"][:, place], drawn["warps"][:, place]) for place in (0, 1))
    x, y = _grid(ops)
    u, v, w = (drawn["masks"][:, place, None, None] for place in range(3))
    share = ops.expand_dims(ops.sigmoid(u * x + v * y + w), -1)
    return _soften(ops, _tone(ops, first * share + second * (1 - share), drawn["tones"]), drawn["blurs"])


def _grid(ops: Any) -> Any:
    """The x and the y of each pixel."""
    places = ops.arange(STANDARD_PX, dtype="float32")
    return ops.meshgrid(places, places)


def _look(ops: Any, crops: Any, rows: Any, warps: Any) -> Any:
    """Crops through their warps, bilinear; beyond the edge of a crop its last pixels go on."""
    x, y = _grid(ops)
    a, b, c, d, e, f = (warps[:, place, None, None] for place in range(6))
    column = ops.clip(a * x + b * y + c, 0, PACKED_PX - 1.001)
    line = ops.clip(d * x + e * y + f, 0, PACKED_PX - 1.001)
    left, top = ops.floor(column), ops.floor(line)
    right_share, lower_share = ops.expand_dims(column - left, -1), ops.expand_dims(line - top, -1)
    place = (rows[:, None, None] * PACKED_PX + ops.cast(top, "int32")) * PACKED_PX + ops.cast(left, "int32")

    def pixels(offset: int) -> Any:
        return ops.cast(ops.take(crops, place + offset, axis=0), "float32")

    upper = pixels(0) * (1 - right_share) + pixels(1) * right_share
    lower = pixels(PACKED_PX) * (1 - right_share) + pixels(PACKED_PX + 1) * right_share
    return upper * (1 - lower_share) + lower * lower_share


def _tone(ops: Any, pictures: Any, tones: Any) -> Any:
    contrast, brightness, _, _, _, grey, gamma = (tones[:, place, None, None, None] for place in range(7))
    level = ops.sum(pictures * ops.convert_to_tensor(_GREY_WEIGHTS_BGR), axis=-1, keepdims=True)
    pictures = (pictures + grey * (level - pictures)) * tones[:, None, None, 2:5]
    pictures = ops.clip((pictures - 127.5) * contrast + 127.5 + brightness, 0, 255)
    return 255 * ops.power(pictures / 255 + 1e-4, gamma)


def _soften(ops: Any, pictures: Any, blurs: Any) -> Any:
    for place, repeats in enumerate((1, 4)):
        blurred = pictures
        for _ in range(repeats):
            blurred = ops.average_pool(blurred, 3, strides=1, padding="same")
        pictures = pictures + blurs[:, place, None, None, None] * (blurred - pictures)
    return pictures

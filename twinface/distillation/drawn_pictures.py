"""Pictures that are never the same twice, drawn as a few numbers each, and rendered by Keras operations.

The numbers say how a crop is looked at and what is blended in; on a GPU no picture ever passes through the processor.
Blends of two aligned faces are new people to the teacher (it is asked about the very pixels), so that a few thousand
faces teach for as long as one has patience (Beyer et al., Knowledge distillation: a good teacher is patient and
consistent, 2022).
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twinface.distillation.crop_views import MARGIN_PX, PACKED_PX, STANDARD_PX, rows_of

Drawn = dict[str, NDArray[np.float32] | NDArray[np.int32]]
"""n pictures, each of two crops:

`rows` int32 (n, 2), the crops; `warps` (n, 2, 6), where the pixel (x, y) of the picture lies in a packed crop: at
(a x + b y + c, d x + e y + f); `masks` (n, 3), the first crop's share at (x, y) is sigmoid(u x + v y + w); `tones`
(n, 7): contrast, brightness, gains of the three channels, share of grey, gamma; `blurs` (n, 2), shares of a weak and of
a strong blur.
"""

_PLAIN = 0.2
"""Share of pictures that are shown as they are, mirrored at most: what the network will see in use."""

_CENTRE_PX = (STANDARD_PX - 1) / 2
_WHOLLY_THE_FIRST = 20.0

_GREY_WEIGHTS_BGR = (0.114, 0.587, 0.299)


def draw(samples: range, count: int, seed: int) -> Drawn:
    """The pictures that these samples of a run over `count` crops show, decided by `seed` and their numbers alone."""
    rng = np.random.default_rng((seed, samples.start, samples.stop))
    size = len(samples)
    rows = np.stack([rows_of(samples, count, seed), rng.integers(0, count, size)], axis=1)
    plain = rng.random(size) < _PLAIN
    masks = _draw_masks(rng, size)
    masks[plain | (rng.random(size) < 0.35)] = (0, 0, _WHOLLY_THE_FIRST)
    tones = _draw_tones(rng, size)
    tones[plain | (rng.random(size) < 0.3)] = (1, 0, 1, 1, 1, 0, 1)
    blurs = np.zeros((size, 2))
    soft, softer = rng.random((2, size))
    blurs[:, 0] = np.where(soft < 0.25, rng.random(size), 0)
    blurs[:, 1] = np.where(softer < 0.15, rng.random(size), 0)
    blurs[plain] = 0
    drawn = {"warps": _draw_warps(rng, plain), "masks": masks, "tones": tones, "blurs": blurs}
    return {"rows": rows.astype(np.int32)} | {name: part.astype(np.float32) for name, part in drawn.items()}


def show_endless(count: int, seed: int) -> Callable[[range], tuple[Drawn]]:
    """Shows pictures drawn from `count` crops."""
    return lambda samples: (draw(samples, count, seed),)


def _draw_warps(rng: np.random.Generator, plain: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Similarities about the middle of the picture: turned, scaled, shifted, half of them mirrored."""
    shape = (len(plain), 2)
    moved = ~plain[:, np.newaxis]
    angle = np.radians(np.clip(rng.normal(0, 5, shape), -15, 15)) * moved
    scale = np.exp(np.clip(rng.normal(0, 0.05, shape), -0.15, 0.1) * moved)
    shift_px = np.clip(rng.normal(0, 2.5, (*shape, 2)), -8, 8) * moved[..., np.newaxis]
    flip = np.where(rng.random(shape) < 0.5, -1.0, 1.0)
    cosine, sine = scale * np.cos(angle), scale * np.sin(angle)
    a, b, d, e = cosine * flip, -sine, sine * flip, cosine
    middle = MARGIN_PX + _CENTRE_PX
    c = middle + shift_px[..., 0] - (a + b) * _CENTRE_PX
    f = middle + shift_px[..., 1] - (d + e) * _CENTRE_PX
    return np.stack([a, b, c, d, e, f], axis=-1)


def _draw_masks(rng: np.random.Generator, size: int) -> NDArray[np.float64]:
    """Half of them even blends, half parted by a line with a soft edge, the first crop having the greater part."""
    share = rng.uniform(0.5, 1.0, size)
    even = np.stack([np.zeros(size), np.zeros(size), np.log(share / (1 - share + 1e-6))], axis=1)
    direction = rng.uniform(0, 2 * np.pi, size)
    steepness = np.exp(rng.uniform(np.log(0.05), np.log(1.0), size))
    u, v = steepness * np.cos(direction), steepness * np.sin(direction)
    parted = np.stack([u, v, steepness * rng.uniform(0, 40, size) - (u + v) * _CENTRE_PX], axis=1)
    return np.where((rng.random(size) < 0.5)[:, np.newaxis], even, parted)


def _draw_tones(rng: np.random.Generator, size: int) -> NDArray[np.float64]:
    grey = np.where(rng.random(size) < 0.15, rng.random(size), 0)
    return np.column_stack(
        [
            np.exp(rng.normal(0, 0.15, size)),
            rng.normal(0, 15, size),
            np.exp(rng.normal(0, 0.06, (size, 3))),
            grey,
            np.exp(rng.normal(0, 0.2, size)),
        ]
    )


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

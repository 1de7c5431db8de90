"""The weights of a trained head, as plain arrays: read, checked, folded where they can be."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from twinface.arrays import read_npz
from twinface.errors import ArtefactError
from twinface.matching.spec import HeadSpec

WEIGHTS_FILE = "head.npz"

_MAX_BYTES = 256 * 1024 * 1024
"""Unpacked; a metric for 2048 numbers has 17 MB."""

_Floats = NDArray[np.float32]

_ACTIVATIONS: dict[str, Callable[[_Floats], _Floats]] = {
    "linear": lambda x: x,
    "relu": lambda x: np.maximum(x, np.float32(0.0)),
    "tanh": np.tanh,
    "sigmoid": lambda x: np.float32(1.0) / (np.float32(1.0) + np.exp(-np.clip(x, -60.0, 60.0))),
}


@dataclass(frozen=True, slots=True, eq=False)
class Dense:
    """y = activation(x · weights + bias): `weights` float32 (inputs, units), `bias` float32 (units,)."""

    weights: _Floats
    bias: _Floats
    activation: str

    def __call__(self, x: _Floats) -> _Floats:
        """Rows (n, inputs) to rows (n, units)."""
        return _ACTIVATIONS[self.activation](x @ self.weights + self.bias)


def read_layers(folder: Path, spec: HeadSpec) -> tuple[Dense, ...]:
    """The layers of head.npz, from |a - b| to the logit; the sigmoid at the end is left to the head.

    A standard deviation is divided into the first layer's weights, which is the same as dividing |a - b| by it.
    Raises ArtefactError when arrays are missing, do not follow each other, or are not finite.
    """
    path = folder / WEIGHTS_FILE
    arrays = read_arrays(path)
    layers: list[Dense] = []
    for number, layer in enumerate(spec.layers):
        weights, bias = arrays.get(f"w{number}"), arrays.get(f"b{number}")
        inputs = layers[-1].weights.shape[1] if layers else None
        if weights is None or bias is None or weights.ndim != 2 or bias.shape != (layer.units,):
            raise _unfit(path, f"w{number} and b{number} are not those of {layer.units} units")
        if weights.shape[1] != layer.units or (inputs is not None and weights.shape[0] != inputs):
            raise _unfit(path, f"w{number} is {weights.shape}, expected ({inputs or 'd'}, {layer.units})")
        if not (np.isfinite(weights).all() and np.isfinite(bias).all()):
            raise _unfit(path, f"w{number} or b{number} is not finite")
        layers.append(Dense(weights, bias, layer.activation))
    if not layers or layers[-1].weights.shape[1] != 1 or layers[-1].activation not in {"linear", "sigmoid"}:
        raise _unfit(path, "the last layer is not one unit, linear or sigmoid")
    layers[-1] = Dense(layers[-1].weights, layers[-1].bias, "linear")
    if spec.normalisation.difference == "standard":
        deviation = checked_deviation(path, arrays, layers[0].weights.shape[0])
        layers[0] = Dense(layers[0].weights / deviation[:, np.newaxis], layers[0].bias, layers[0].activation)
    return tuple(layers)


def fold(layers: Sequence[Dense]) -> tuple[_Floats, float] | None:
    """Weights (d,) and bias that give the same logit as the layers; None when an activation stands between them."""
    if any(layer.activation != "linear" for layer in layers):
        return None
    weights, bias = np.ones((1, 1)), np.zeros(1)
    for layer in reversed(layers):
        bias = layer.bias.astype(np.float64) @ weights + bias
        weights = layer.weights.astype(np.float64) @ weights
    return weights[:, 0].astype(np.float32), float(bias[0])


def checked_deviation(path: Path, arrays: dict[str, _Floats], dimension: int) -> _Floats:
    """The deviation (d,) that differences are divided by. Raises ArtefactError when it is missing or not positive."""
    deviation = arrays.get("deviation")
    if deviation is None or deviation.shape != (dimension,) or not np.isfinite(deviation).all():
        raise _unfit(path, f"no deviation of {dimension} numbers")
    if not (deviation > 0).all():
        raise _unfit(path, "a deviation that is not positive")
    return deviation


def read_arrays(path: Path) -> dict[str, _Floats]:
    """The float arrays of head.npz, as float32. Raises ArtefactError when it is missing, damaged or holds others."""
    try:
        arrays = read_npz(path, _MAX_BYTES)
        return {name: array.astype(np.float32, casting="same_kind") for name, array in arrays.items()}
    except OSError as error:
        raise ArtefactError(f"{path}: cannot be read ({error.strerror}); train the head again") from error
    except (ValueError, TypeError) as error:
        raise ArtefactError(f"{path}: damaged, or no arrays of numbers ({error}); train the head again") from error


def _unfit(path: Path, reason: str) -> ArtefactError:
    return ArtefactError(f"{path}: {reason}; train the head again")

"""Heads of layers on what differs between two vectors: folded to one vector where linear, layered where not.

A user's own Keras model is one, too, converted to LiteRT, so that it runs without TensorFlow.
"""

from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twinface.errors import ArtefactError
from twinface.matching.head import Head, Prepared, sigmoid
from twinface.matching.head_arrays import read_arrays
from twinface.matching.head_spec import MODEL_FILE, WEIGHTS_FILE, HeadSpec
from twinface.matching.vectors import checked_vectors, normalised
from twinface.types import Scores, Vectors

"""Unpacked; a metric for 2048 numbers has 17 MB."""

_Floats = NDArray[np.float32]

_ACTIVATIONS: dict[str, Callable[[_Floats], _Floats]] = {
    "linear": lambda x: x,
    "relu": lambda x: np.maximum(x, np.float32(0.0)),
    "tanh": np.tanh,
    "sigmoid": lambda x: np.float32(1.0) / (np.float32(1.0) + np.exp(-np.clip(x, -60.0, 60.0))),
}

_BLOCK_BYTES = 1 << 20
"""Differences are made so many bytes at a time: they stay in the cache, and memory is bounded for any gallery."""


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


def _unfit(path: Path, reason: str) -> ArtefactError:
    return ArtefactError(f"{path}: {reason}; train the head again")


class DifferenceHead(Head):
    """A head that sees of two vectors one number for each of theirs, |a - b| as a rule; subclasses say what follows."""

    def __init__(self, spec: HeadSpec, dimension: int) -> None:
        self.spec = spec
        self.dimension = dimension
        self._rows = max(1, _BLOCK_BYTES // (4 * dimension))

    @abstractmethod
    def _scores(self, differences: Vectors) -> Scores:
        """Scores (n,) of differences (n, d)."""

    def prepare_gallery(self, gallery: Vectors) -> Prepared:
        """The gallery's vectors as they are compared; see Head."""
        return Prepared((self._ready(gallery),))

    def score_prepared(self, probes: Any, gallery: Prepared) -> Scores:
        """Scores in bounded memory; see Head."""
        (others,) = gallery.arrays
        ready = self._ready(probes)
        scores = np.empty((len(ready), len(others)), np.float32)
        buffer = np.empty((self._rows, self.dimension), np.float32)
        for start in range(0, len(others), self._rows):
            block = others[start : start + self._rows]
            differences = buffer[: len(block)]
            for row, probe in enumerate(ready):
                self._combine(block, probe, differences)
                scores[row, start : start + len(block)] = self._scores(differences)
        return scores

    def score_pairs(self, a: Vectors, b: Vectors) -> Scores:
        """Scores of pairs, in bounded memory; see Head."""
        scores = np.empty(len(a), np.float32)
        for start in range(0, len(a), self._rows):
            rows = slice(start, start + self._rows)
            ready = self._ready(a[rows])
            self._combine(ready, self._ready(b[rows]), ready)
            scores[rows] = self._scores(ready)
        return scores

    def _ready(self, vectors: Vectors) -> Vectors:
        checked = checked_vectors(vectors, self.dimension)
        return normalised(checked) if self.spec.normalisation.vectors == "l2" else checked.copy()

    def _combine(self, a: Vectors, b: Vectors, out: Vectors) -> None:
        pair = self.spec.normalisation.pair
        if pair == "product":
            np.multiply(a, b, out=out)
            return
        np.subtract(a, b, out=out)
        (np.square if pair == "squared" else np.abs)(out, out=out)


class FoldedHead(DifferenceHead):
    """logit = |a - b| · weights + bias: what dense layers without activations between them come to."""

    def __init__(self, spec: HeadSpec, weights: Vectors, bias: float) -> None:
        super().__init__(spec, len(weights))
        self._weights, self._bias = weights, np.float32(bias)

    def _scores(self, differences: Vectors) -> Scores:
        return sigmoid(differences @ self._weights + self._bias)


class LayeredHead(DifferenceHead):
    """Dense layers with activations between them."""

    def __init__(self, spec: HeadSpec, layers: Sequence[Dense]) -> None:
        super().__init__(spec, layers[0].weights.shape[0])
        self._layers = tuple(layers)

    def _scores(self, differences: Vectors) -> Scores:
        for layer in self._layers:
            differences = layer(differences)
        return sigmoid(differences[:, 0])


class CustomHead(DifferenceHead):
    """A model from |a - b| (n, d), divided by the deviation where the head says so, to a score 0…1 (n, 1)."""

    def __init__(self, spec: HeadSpec, interpreter: Any, deviation: Vectors | None) -> None:
        self._interpreter = interpreter
        self._input = interpreter.get_input_details()[0]
        self._output = interpreter.get_output_details()[0]
        self._deviation = deviation
        self._allocated_rows = 0
        super().__init__(spec, int(self._input["shape"][-1]))

    def _scores(self, differences: Vectors) -> Scores:
        if len(differences) != self._allocated_rows:
            self._interpreter.resize_tensor_input(self._input["index"], differences.shape)
            self._interpreter.allocate_tensors()
            self._allocated_rows = len(differences)
        inputs = differences if self._deviation is None else differences / self._deviation
        self._interpreter.set_tensor(self._input["index"], inputs)
        self._interpreter.invoke()
        scores: Scores = self._interpreter.get_tensor(self._output["index"])[:, 0]
        if not np.isfinite(scores).all():
            raise ArtefactError("the head's own model gives scores that are not numbers; train it again")
        return np.clip(scores, 0.0, 1.0)


def read_custom_head(folder: Path, spec: HeadSpec) -> CustomHead:
    """The head of head.tflite. Raises ArtefactError when it is missing, damaged, or not (n, d) to (n, 1) float32."""
    from ai_edge_litert.interpreter import Interpreter

    path = folder / MODEL_FILE
    try:
        interpreter = Interpreter(model_content=path.read_bytes(), num_threads=1)
        interpreter.allocate_tensors()
    except (OSError, RuntimeError, ValueError) as error:
        raise ArtefactError(f"{path}: cannot be loaded ({error}); train the head again") from error
    inputs, outputs = interpreter.get_input_details(), interpreter.get_output_details()
    shapes = [(len(part["shape"]), part["dtype"]) for part in (*inputs, *outputs)]
    if shapes != [(2, np.float32)] * 2 or outputs[0]["shape"][-1] != 1:
        raise ArtefactError(f"{path}: expected one input (n, d) and one output (n, 1), float32; train the head again")
    deviation = None
    if spec.normalisation.difference == "standard":
        weights = folder / WEIGHTS_FILE
        deviation = checked_deviation(weights, read_arrays(weights), int(inputs[0]["shape"][-1]))
    return CustomHead(spec, interpreter, deviation)

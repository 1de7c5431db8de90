"""The similarity network: from the difference of two vectors to whether they are of the same person."""

import importlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twinface.errors import InputError
from twinface.matching.vectors import normalised
from twinface.training.heads.logistic import fit_logistic
from twinface.training.tensorflow_setup import import_keras
from twinface.types import Vectors

SCALE_LAYER = "scale"

_HELD_NEAR_START = 0.03


@dataclass(frozen=True, slots=True, eq=False)
class Normaliser:
    """What layers see of two vectors; the names are those of head.json, see twinface.matching.head_spec.Normalisation.

    `vectors` "l2" or "none"; `pair` "absolute", "squared" or "product"; divided by `deviation`, float32 (d,), if given.
    """

    vectors: str
    pair: str
    deviation: NDArray[np.float32] | None

    def ready(self, vectors: Vectors) -> Vectors:
        """Vectors, float32 (n, d), as pairs are made of them."""
        return normalised(vectors) if self.vectors == "l2" else vectors

    def inputs(self, first: Vectors, second: Vectors) -> Vectors:
        """What layers see, float32 (n, d), of pairs of vectors that are ready."""
        made = first * second if self.pair == "product" else np.abs(first - second)
        if self.pair == "squared":
            made = made * made
        return np.asarray(made if self.deviation is None else made / self.deviation, np.float32)

    @property
    def names(self) -> dict[str, str]:
        """How head.json says it."""
        return {
            "vectors": self.vectors,
            "pair": self.pair,
            "difference": "none" if self.deviation is None else "standard",
        }


def build_layers(dimension: int, hidden: Sequence[int], dropout: Sequence[float], activation: str, scale: float) -> Any:
    """Layers of `hidden` units, behind each the `dropout` in its place, and a sigmoid.

    Inputs are multiplied by `scale` first: those of unit vectors are small numbers, about 1 / sqrt(dimension).
    """
    keras = import_keras()
    layers = keras.layers
    x = inputs = keras.Input((dimension,), name="difference")
    x = layers.Rescaling(scale, name=SCALE_LAYER)(x)
    for place, units in enumerate(hidden):
        x = layers.Dense(units, activation=activation)(x)
        if place < len(dropout) and dropout[place] > 0:
            x = layers.Dropout(dropout[place])(x)
    return keras.Model(inputs, layers.Dense(1, activation="sigmoid")(x), name="head")


def build_linear_head(pair: str, inputs: Vectors, same: NDArray[np.bool_], scale: float) -> Any:
    """One weight a number, started where all are equal, as in a plain metric, and held near that.

    Where they start, and the bias, is a logistic regression on the sum of `inputs` (n, d) of pairs that are the `same`
    person or not, (n,).
    """
    keras = import_keras()
    sign = 1.0 if pair == "product" else -1.0
    sums = inputs.sum(axis=1)
    features = np.stack([np.ones_like(sums), sign * sums], axis=1)
    found = fit_logistic(features, same)
    start = np.float32(sign * max(found[1], 1e-3) / scale)
    dimension = inputs.shape[1]

    def towards_start(kernel: Any) -> Any:
        return _HELD_NEAR_START * keras.ops.sum(keras.ops.square(kernel - start))

    x = keras.Input((dimension,), name="difference")
    dense = keras.layers.Dense(
        1,
        activation="sigmoid",
        kernel_initializer=keras.initializers.Constant(start),
        bias_initializer=keras.initializers.Constant(float(found[0])),
        kernel_regularizer=towards_start,
    )
    return keras.Model(x, dense(keras.layers.Rescaling(scale, name=SCALE_LAYER)(x)), name="head")


def build_custom_head(model_function: str, dimension: int) -> Any:
    """A user's own model: `module:function` is called with the input shape, (dimension,), as the original create_model.

    The module is looked for in the present directory too. Raises InputError when it cannot be found, fails, or does not
    give a Keras model from (n, dimension) to (n, 1).
    """
    keras = import_keras()
    what = f"--model-function {model_function}"
    module_name, _, function_name = model_function.partition(":")
    here = str(Path.cwd())
    sys.path.insert(0, here)
    try:
        function = getattr(importlib.import_module(module_name), function_name)
        model = function((dimension,))
    except Exception as error:  # whatever a user's code raises
        raise InputError(f"{what}: {type(error).__name__}: {next(iter(str(error).splitlines()), '')}") from error
    finally:
        sys.path.remove(here)
    if not isinstance(model, keras.Model) or len(model.inputs) != 1 or len(model.outputs) != 1:
        raise InputError(f"{what}: expected a keras.Model with one input and one output, got {type(model).__name__}")
    if model.inputs[0].shape != (None, dimension) or model.outputs[0].shape != (None, 1):
        shapes = f"{model.inputs[0].shape} to {model.outputs[0].shape}"
        raise InputError(f"{what}: expected (None, {dimension}) to (None, 1), got {shapes}")
    return model


def dense_weights(model: Any) -> list[tuple[NDArray[np.float32], NDArray[np.float32]]]:
    """Weights (inputs, units) and bias (units,) of the dense layers of a head; the scale goes into the first's."""
    keras = import_keras()
    dense = [layer for layer in model.layers if isinstance(layer, keras.layers.Dense)]
    weights = [(np.asarray(layer.kernel, np.float32), np.asarray(layer.bias, np.float32)) for layer in dense]
    scale = np.float32(model.get_layer(SCALE_LAYER).scale)
    return [(weights[0][0] * scale, weights[0][1]), *weights[1:]]


def forget_regularisers(model: Any) -> None:
    """Take off what held weights while they were learnt: a function of ours, which would not load elsewhere."""
    for layer in model.layers:
        if hasattr(layer, "kernel_regularizer"):
            layer.kernel_regularizer = None


def dense_activations(model: Any) -> list[str]:
    """Names of the activations of the dense layers, in order."""
    keras = import_keras()
    return [layer.activation.__name__ for layer in model.layers if isinstance(layer, keras.layers.Dense)]

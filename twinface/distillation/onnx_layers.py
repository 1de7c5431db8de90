"""An ONNX file of a feed-forward network, run by Keras operations: on a GPU, inside the step that learns from it.

Enough for networks that are one chain of convolutions, batch norms, PReLUs and a dense layer, weights stored plain or
in quantised blocks (DequantizeLinear with a block size, https://onnx.ai/onnx/operators/onnx__DequantizeLinear.html).
"""

import importlib
import importlib.util
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twinface.errors import ArtefactError, MissingExtraError

Array = NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """One operation of the chain: what it does, its constant inputs, its attributes, and the name of what it gives."""

    operation: str
    constants: tuple[Array, ...]
    attributes: Mapping[str, Any]
    output: str


def read_chain(path: Path) -> tuple[Step, ...]:
    """The operations of a network in their order, those on constants already done.

    Raises MissingExtraError without the package onnx, and ArtefactError for an operation that is not known here.
    """
    if importlib.util.find_spec("onnx") is None:
        raise MissingExtraError("this needs onnx, which is not installed; pip install 'twinface[train]'")
    onnx: Any = importlib.import_module("onnx")
    graph = onnx.load(path).graph
    known: dict[str, Array] = {one.name: onnx.numpy_helper.to_array(one) for one in graph.initializer}
    steps = []
    for node in graph.node:
        attributes = {one.name: onnx.helper.get_attribute_value(one) for one in node.attribute}
        constants = tuple(known[name] for name in node.input if name in known)
        if node.op_type == "Constant":
            known[node.output[0]] = onnx.numpy_helper.to_array(attributes["value"])
        elif len(constants) == len(node.input):
            known[node.output[0]] = FOLDED[node.op_type](constants, attributes)
        elif node.op_type in _RUN:
            steps.append(Step(node.op_type, constants, attributes, node.output[0]))
        else:
            raise ArtefactError(f"{path}: operation {node.op_type} is not known here; choose another teacher")
    return tuple(steps)


def run_chain(
    ops: Any, steps: tuple[Step, ...], pictures: Any, wanted: Collection[str], dtype: str
) -> tuple[Any, dict[str, Any]]:
    """What the chain gives for `pictures` (n, h, w, 3) as the file wants them, and the maps called `wanted`, NHWC."""
    maps = {}
    x = ops.cast(pictures, dtype)
    for step in steps:
        x = _RUN[step.operation](ops, x, step)
        if step.output in wanted:
            maps[step.output] = x
    return x, maps


def _dequantise(constants: tuple[Array, ...], attributes: Mapping[str, Any]) -> Array:
    quantised, scales, zero_points = constants
    axis, block = attributes["axis"], attributes["block_size"]
    size = quantised.shape[axis]
    scale, zero = (np.repeat(part, block, axis).take(range(size), axis) for part in (scales, zero_points))
    return (quantised.astype(np.float32) - zero.astype(np.float32)) * scale


FOLDED: dict[str, Callable[[tuple[Array, ...], Mapping[str, Any]], Array]] = {
    "DequantizeLinear": _dequantise,
    "Reshape": lambda constants, _: constants[0].reshape(constants[1]),
}
"""Operations on constants alone, by their names in ONNX: constants and attributes to another constant."""


def _constant(ops: Any, x: Any, value: Array) -> Any:
    return ops.convert_to_tensor(value.astype(np.float32).reshape(-1) if value.ndim else value, dtype=x.dtype)


def _convolve(ops: Any, x: Any, step: Step) -> Any:
    kernel = step.constants[0].astype(np.float32).transpose(2, 3, 1, 0)
    before = step.attributes["pads"]
    if any(before):
        x = ops.pad(x, [(0, 0), (before[0], before[2]), (before[1], before[3]), (0, 0)])
    strides = tuple(step.attributes["strides"])
    if step.attributes["group"] == 1:
        return ops.conv(x, ops.convert_to_tensor(kernel, dtype=x.dtype), strides, "valid")
    return ops.depthwise_conv(x, ops.convert_to_tensor(kernel.transpose(0, 1, 3, 2), dtype=x.dtype), strides, "valid")


def _normalise(ops: Any, x: Any, step: Step) -> Any:
    gamma, beta, mean, variance = (part.astype(np.float64) for part in step.constants)
    scale = gamma / np.sqrt(variance + step.attributes["epsilon"])
    return x * _constant(ops, x, scale) + _constant(ops, x, beta - mean * scale)


def _prelu(ops: Any, x: Any, step: Step) -> Any:
    return ops.maximum(x, 0) + _constant(ops, x, step.constants[0]) * ops.minimum(x, 0)


def _flatten(ops: Any, x: Any, _step: Step) -> Any:
    channels_first = ops.transpose(x, (0, 3, 1, 2))
    return ops.reshape(channels_first, (-1, int(np.prod(x.shape[1:]))))


def _dense(ops: Any, x: Any, step: Step) -> Any:
    weights, bias = step.constants
    weights = weights.T if step.attributes.get("transB") else weights
    return ops.matmul(x, ops.convert_to_tensor(weights.astype(np.float32), dtype=x.dtype)) + _constant(ops, x, bias)


_RUN: dict[str, Callable[[Any, Any, Step], Any]] = {
    "Sub": lambda ops, x, step: x - _constant(ops, x, step.constants[0]),
    "Mul": lambda ops, x, step: x * _constant(ops, x, step.constants[0]),
    "Conv": _convolve,
    "BatchNormalization": _normalise,
    "PRelu": _prelu,
    "Dropout": lambda _ops, x, _step: x,
    "Flatten": _flatten,
    "Gemm": _dense,
}

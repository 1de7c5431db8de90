"""Makes yunet.tflite of the file of OpenCV's model zoo, both in twinface/data/yunet/. Needs the extra `train`.

    .venv/bin/python scripts/fold_yunet.py [OUTPUT]

The zoo's file keeps its weights in blocks of eight bits, which a runtime unpacks again for every picture. Here they are
unpacked once, and the convolutions of a grid that look at the same maps are put together. The arithmetic is the same.
"""

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twinface.distillation.onnx_layers import FOLDED
from twinface.native_libraries import quiet
from twinface.training.tensorflow_setup import import_tensorflow

FOLDER = Path(__file__).resolve().parents[1] / "twinface" / "data" / "yunet"
SOURCE = FOLDER / "face_detection_yunet_2023mar_int8bq.onnx"

Constants = dict[str, NDArray[Any]]
Operation = Callable[[Any, Any, Constants], Any]
"""TensorFlow, a node of ONNX, and constants: what the node does to the maps that it is given, NHWC."""

_HEADS = ("cls", "obj", "bbox", "kps")
_GRIDS = range(3)


def fold(source: Path) -> bytes:
    """The network as a .tflite file, float32: a picture (1, h, w, 3) to three grids (1, rows, columns, 16).

    The 16 numbers of a cell are logits of face and object, box (4), landmarks (10). h and w are multiples of 32.
    """
    tensorflow = import_tensorflow()
    nodes, constants = _read(source)
    body = [node for node in nodes if node.op_type in _BODY and "bbox_head" not in "".join(node.input)]

    def run(picture: Any) -> tuple[Any, ...]:
        maps = {"input": picture}
        for node in body:
            given = [maps[name] for name in node.input if name in maps]
            maps[node.output[0]] = _BODY[node.op_type](tensorflow, node, constants)(*given)
        return tuple(_grid(tensorflow, nodes, constants, maps, number) for number in _GRIDS)

    function = tensorflow.function(run, input_signature=[tensorflow.TensorSpec([1, None, None, 3], tensorflow.float32)])
    with quiet():
        converter = tensorflow.lite.TFLiteConverter.from_concrete_functions([function.get_concrete_function()])
        return bytes(converter.convert())


def _read(source: Path) -> tuple[list[Any], Constants]:
    """The nodes that see the picture, and all constants, those on constants alone done."""
    onnx: Any = importlib.import_module("onnx")
    graph = onnx.load(source).graph
    constants: Constants = {one.name: onnx.numpy_helper.to_array(one) for one in graph.initializer}
    nodes = []
    for node in graph.node:
        if all(name in constants for name in node.input):
            given = tuple(constants[name] for name in node.input)
            attributes = {one.name: onnx.helper.get_attribute_value(one) for one in node.attribute}
            constants[node.output[0]] = FOLDED[node.op_type](given, attributes)
        else:
            nodes.append(node)
    return nodes, constants


def _convolve(tensorflow: Any, node: Any, constants: Constants) -> Callable[[Any], Any]:
    kernel, bias = (constants[name] for name in node.input[1:])
    stride = next(one.ints[0] for one in node.attribute if one.name == "strides")
    group = next(one.i for one in node.attribute if one.name == "group")
    return lambda x: _convolve_with(tensorflow, x, kernel, bias, stride=stride, each=group > 1)


def _convolve_with(
    tensorflow: Any, x: Any, kernel: NDArray[Any], bias: NDArray[Any], *, stride: int = 1, each: bool
) -> Any:
    """A convolution with a kernel as ONNX has it; with `each` every channel has its own."""
    padding = "SAME"
    if stride > 1:  # "SAME" begins with the second pixel then
        x, padding = tensorflow.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]]), "VALID"
    strides = [1, stride, stride, 1]
    if each:
        maps = tensorflow.nn.depthwise_conv2d(x, tensorflow.constant(kernel.transpose(2, 3, 0, 1)), strides, padding)
    else:
        maps = tensorflow.nn.conv2d(x, tensorflow.constant(kernel.transpose(2, 3, 1, 0)), strides, padding)
    return tensorflow.nn.bias_add(maps, tensorflow.constant(bias))


def _double(tensorflow: Any, x: Any) -> Any:
    """Each cell as two by two, by operations that XNNPACK has, so that the whole network is one piece to it."""
    return tensorflow.nn.depth_to_space(tensorflow.concat([x, x, x, x], axis=-1), 2)


_BODY: dict[str, Callable[[Any, Any, Constants], Callable[..., Any]]] = {
    "Conv": _convolve,
    "Relu": lambda tensorflow, _node, _constants: tensorflow.nn.relu,
    "MaxPool": lambda tensorflow, _node, _constants: lambda x: tensorflow.nn.max_pool2d(x, 2, 2, "VALID"),
    "Resize": lambda tensorflow, _node, _constants: lambda x: _double(tensorflow, x),
    "Add": lambda _tensorflow, _node, _constants: lambda x, y: x + y,
}


def _grid(tensorflow: Any, nodes: list[Any], constants: Constants, maps: dict[str, Any], number: int) -> Any:
    """All that is said of the cells of one grid, by one convolution of 64 maps to 16 and one of each of these."""
    seen, kernel, bias = _heads(nodes, constants, number, 1)
    x = _convolve_with(tensorflow, maps[seen], kernel, bias, each=False)
    _, kernel, bias = _heads(nodes, constants, number, 2)
    return _convolve_with(tensorflow, x, kernel, bias, each=True)


def _heads(nodes: list[Any], constants: Constants, number: int, layer: int) -> tuple[Any, ...]:
    """What the heads of a grid look at in a layer, and their kernels and biases one after the other."""
    names = [f"bbox_head.multi_level_{head}.{number}.conv{layer}.weight" for head in _HEADS]
    heads = [next(one for one in nodes if len(one.input) > 1 and one.input[1].startswith(name)) for name in names]
    kernel, bias = (np.concatenate([constants[one.input[part]] for one in heads]) for part in (1, 2))
    return heads[0].input[0], kernel, bias


def main() -> None:
    """Fold, and say what came of it."""
    output = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER / "yunet.tflite"
    output.write_bytes(fold(SOURCE))
    print(output)


if __name__ == "__main__":
    main()

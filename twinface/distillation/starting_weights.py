"""What a new run begins with: the weights of another run, or of a network that one was exported to.

An export keeps each convolution with its batch norm folded in, in eight bits or as floats. What such a layer puts out,
over some pictures, gives the batch norm back: outputs stay, and layers are scaled as fresh ones.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twinface.distillation.checkpoints import Weights, find_checkpoint, read_progress, read_weights
from twinface.distillation.crop_views import as_input
from twinface.distillation.student import block_names, build_student
from twinface.errors import ArtefactError
from twinface.native_libraries import quiet
from twinface.networks.recipe import RECIPE_FILE, NetworkRecipe
from twinface.networks.registry import available_networks, load_network_file
from twinface.training.tensorflow_setup import import_keras

_BATCH = 8
_DEAD = 1e-8
"""The variance of a channel up to which it counts as one that never says anything."""
_CONVOLUTION = re.compile(r"(conv\d(?:_block\d_\d)?)_(?:conv|bn|relu)")
_MAP = "projected"


@dataclass(frozen=True, slots=True, eq=False)
class Folded:
    """A layer with everything after it that is linear: `kernel` (h, w, in, out), or (in, out), and `bias` (out,)."""

    kernel: NDArray[np.float32]
    bias: NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class _Moments:
    """The mean and the deviation of each channel (out,) of a layer's output; the deviation of a dead one is 1."""

    mean: NDArray[np.float32]
    deviation: NDArray[np.float32]


def unfold(layers: Mapping[str, Folded], pictures: NDArray[np.float32]) -> Weights:
    """The weights of a student that outputs what the layers do, of pictures like these, float32 (n, s, s, 3), n > 1."""
    last, convolutions = layers[_MAP], _convolutions()
    keras = import_keras()
    student = build_student(len(last.bias))
    for name in convolutions:
        bias = layers[name].bias
        _set(student.resnet, name, layers[name], _Moments(np.zeros_like(bias), np.ones_like(bias)))
    vectors = student.resnet.get_layer("conv5_block2_out").output
    outputs = [student.resnet.get_layer(f"{name}_conv").output for name in convolutions]
    *moments, pooled = _moments(keras.Model(student.resnet.inputs[0], [*outputs, student.pool(vectors)]), pictures)
    for name, of_output in zip(convolutions, moments, strict=True):
        _set(student.resnet, name, layers[name], of_output)
    epsilon = student.standardise.epsilon
    variance = np.maximum(pooled.deviation**2 - epsilon, 0)
    student.standardise.set_weights([pooled.mean, variance])
    kernel = last.kernel * np.sqrt(variance + epsilon)[:, np.newaxis]
    student.project.set_weights([kernel, last.bias + pooled.mean @ last.kernel])
    return {variable.path: np.asarray(variable) for variable in student.weights}


def _convolutions() -> list[str]:
    """The names, without their ending, of the convolutions up to the layer where vectors are taken."""
    names = ["conv1"]
    for block in block_names():
        names += [f"{block}_{part}" for part in range(0 if block.endswith("block1") else 1, 4)]
    return names


def _set(resnet: Any, name: str, layer: Folded, of_output: _Moments) -> None:
    """Let a convolution and its batch norm do together what `layer` does, with the moments that its kernel gives.

    The convolution's output gets variance 1, which is about that of fresh weights.
    """
    mean, deviation = of_output.mean, of_output.deviation
    resnet.get_layer(f"{name}_conv").set_weights([layer.kernel / deviation, np.zeros_like(layer.bias)])
    norm = resnet.get_layer(f"{name}_bn")
    variance = np.full_like(layer.bias, 1 - norm.epsilon)
    norm.set_weights([deviation, layer.bias + mean, mean / deviation, variance])


def _moments(model: Any, pictures: NDArray[np.float32]) -> list[_Moments]:
    """Those of each output of a model over some pictures."""
    sums = [np.zeros((3, output.shape[-1])) for output in model.outputs]
    for part in np.array_split(pictures, -(-len(pictures) // _BATCH)):
        for place, output in enumerate(model.predict_on_batch(part)):
            values = np.asarray(output, np.float64).reshape(-1, output.shape[-1])
            sums[place] += [np.full(values.shape[1], len(values)), values.sum(axis=0), np.square(values).sum(axis=0)]
    return [_as_moments(*of_output) for of_output in sums]


def _as_moments(count: NDArray[np.float64], total: NDArray[np.float64], squares: NDArray[np.float64]) -> _Moments:
    mean = total / count
    variance = squares / count - mean**2
    deviation = np.sqrt(np.where(variance > _DEAD, variance, 1.0))
    return _Moments(mean.astype(np.float32), deviation.astype(np.float32))


def read_layers(model: bytes) -> dict[str, Folded]:
    """The layers of a LiteRT model by the names that their convolutions, and the last map, had in Keras.

    The model is one that `exporting.build_taught` gave for "projected", in float32 or with eight-bit
    weights. Raises ArtefactError when it is another.
    """
    from ai_edge_litert.interpreter import Interpreter

    with quiet():
        interpreter = Interpreter(model_content=model, num_threads=1)
        interpreter.allocate_tensors()
    kernels, biases = {}, {}
    for tensor in interpreter.get_tensor_details():
        name = _layer_name(tensor["name"])
        if name is None or tensor["shape"][0] == 1 or len(tensor["shape"]) not in (1, 2, 4):
            continue
        values = _dequantised(interpreter.get_tensor(tensor["index"]), tensor["quantization_parameters"])
        if values.ndim == 1:
            biases[name] = values
        else:
            kernels[name] = values.transpose(1, 2, 3, 0) if values.ndim == 4 else values.T
    if not set(kernels) == set(biases) == {*_convolutions(), _MAP}:
        raise ArtefactError("not a ResNet50 to which a run of `twinface distill` was exported with its map")
    return {name: Folded(kernels[name], biases[name]) for name in kernels}


def _layer_name(tensor: str) -> str | None:
    if f"/{_MAP}" in tensor:
        return _MAP
    found = _CONVOLUTION.search(tensor)
    return found.group(1) if found else None


def _dequantised(values: NDArray[Any], parameters: dict[str, Any]) -> NDArray[np.float32]:
    """`parameters`: one scale for all, or one for each place along the `quantized_dimension`; no scale for floats."""
    scales, zeros = parameters["scales"], parameters["zero_points"]
    if scales.size == 0:
        return values.astype(np.float32)
    if scales.size > 1:
        shape = [1] * values.ndim
        shape[parameters["quantized_dimension"]] = -1
        scales, zeros = scales.reshape(shape), zeros.reshape(shape)
    return np.asarray((values.astype(np.float64) - zeros) * scales, np.float32)


def read_size_px(start: Path) -> int:
    """The input size in pixels of the run or the network `start`.

    Raises ArtefactError when it is neither, or a network that no run was exported to.
    """
    checkpoint = find_checkpoint(start)
    if checkpoint:
        return read_progress(checkpoint).size_px
    recipe, _ = _read_network(start)
    return recipe.input_size_px


def read_beginning(start: Path, crops: NDArray[np.uint8]) -> Weights:
    """The weights of the run `start`, or of the network of this name or in this folder.

    A network is shown standard crops, uint8 (n, s, s, 3) BGR, n > 1, of people in general. Raises ArtefactError when it
    is neither, or a network that no run was exported to.
    """
    checkpoint = find_checkpoint(start)
    if checkpoint:
        return read_weights(checkpoint)
    recipe, layers = _read_network(start)
    return unfold(layers, as_input(crops, recipe.input_size_px))


def _read_network(start: Path) -> tuple[NetworkRecipe, dict[str, Folded]]:
    if str(start) not in available_networks() and not (start / RECIPE_FILE).is_file():
        raise ArtefactError(f"--start {start}: no checkpoint in it, and no network; name a run of `twinface distill`")
    recipe, model = load_network_file(str(start))
    if recipe.pooling != "projected" or recipe.runtime != "litert":
        raise ArtefactError(f"--start {start}: not a network that a run of `twinface distill` was exported to")
    try:
        return recipe, read_layers(model)
    except ArtefactError as error:
        raise ArtefactError(f"--start {start}: {error}") from error

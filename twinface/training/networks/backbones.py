"""Feature networks from keras.applications, cut at a layer."""

import difflib
import inspect
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from twinface.errors import ArtefactError, AssetError, InputError
from twinface.networks.feature_network import preprocess
from twinface.networks.recipe import NetworkRecipe
from twinface.training.tensorflow_setup import import_keras

DEFAULT_BACKBONE = "resnet50"
DEFAULT_LAYER = "conv5_block2_out"

_OLD_NAMES = {"resnet50": {"activation_46": DEFAULT_LAYER}}
"""Layers that went by other names in the Keras of 2017: `activation_46` gives 7 by 7 by 2048 numbers at 224 pixels."""

_MODES = (("rgb", "none"), ("rgb", "tf"), ("rgb", "torch"), ("bgr", "caffe"))
_DEFAULT_SIZE_PX = 224
_RANDOM_WEIGHTS_SEED = 0


@dataclass(frozen=True, slots=True)
class Blueprint:
    """What network to build. `weights`: "imagenet", "none" (random, always the same), a weights file, or the folder of
    a run of distillation.

    `layer` None is `conv5_block2_out` of ResNet50, and the last one of any other; `input_size_px` None that of the run,
    else 224. `pooling` is "avg" or "none", of a run "standardised" or "projected"; None: "projected" of a run, else
    "avg".
    """

    name: str
    backbone: str = DEFAULT_BACKBONE
    weights: str = "imagenet"
    layer: str | None = None
    input_size_px: int | None = None
    pooling: str | None = None


BuildTaught = Callable[[Path, str], tuple[Any, int]]
"""From the folder of a run of distillation and a pooling to a Keras model and its input size, pixels."""


def build_features(blueprint: Blueprint, build_taught: BuildTaught | None = None) -> tuple[Any, NetworkRecipe]:
    """A Keras model from pictures (n, s, s, 3) to vectors (n, d), and its recipe, as yet without a file.

    `build_taught` opens the folder of a run (`twinface.distillation.student`); without it, weights are files.
    Raises InputError for an unknown backbone, layer or size, AssetError when weights cannot be downloaded, and
    ArtefactError when a weights file is of another network.
    """
    application = _pick(blueprint.backbone)
    if build_taught and Path(blueprint.weights).is_dir():
        model, layer, pooling = _take_taught(blueprint, build_taught)
    else:
        model, layer, pooling = _cut(application, blueprint)
    color_order, scaling = _preprocessing_of(application)
    recipe = NetworkRecipe(
        name=blueprint.name,
        backbone=blueprint.backbone.lower(),
        layer=layer,
        pooling=pooling,
        input_size_px=int(model.input.shape[1]),
        color_order=color_order,
        scaling=scaling,
        dimension=int(model.output.shape[-1]),
        normalisation="none",
        quantization="none",
        runtime="litert",
        file="network.tflite",
        licence=_licence(blueprint.weights),
    )
    return model, recipe


def _cut(application: Any, blueprint: Blueprint) -> tuple[Any, str, str]:
    """A backbone of keras.applications up to a layer: the model, the layer and the pooling."""
    keras = import_keras()
    pooling = blueprint.pooling or "avg"
    if pooling not in {"avg", "none"}:
        raise InputError(f"--pooling {pooling}: expected avg or none; standardised and projected are learnt by a run")
    backbone = _build_backbone(keras, application, blueprint)
    layer = _find_layer(backbone, blueprint)
    pool = keras.layers.GlobalAveragePooling2D() if pooling == "avg" else keras.layers.Flatten()
    return keras.Model(backbone.inputs[0], pool(layer.output), name="features"), layer.name, pooling


def _take_taught(blueprint: Blueprint, build_taught: BuildTaught) -> tuple[Any, str, str]:
    """What a run of distillation has taught: the model, its layer and its pooling."""
    pooling = blueprint.pooling or "projected"
    asked = {
        "--backbone": (blueprint.backbone.lower(), (DEFAULT_BACKBONE,)),
        "--layer": (blueprint.layer or DEFAULT_LAYER, (DEFAULT_LAYER, *_OLD_NAMES[DEFAULT_BACKBONE])),
        "--pooling": (pooling, ("standardised", "projected")),
    }
    for option, (value, possible) in asked.items():
        if value not in possible:
            raise InputError(f"{option} {value}: a run of distillation has {' or '.join(possible)} only")
    model, size_px = build_taught(Path(blueprint.weights), pooling)
    if blueprint.input_size_px not in {None, size_px}:
        raise InputError(f"--input-size {blueprint.input_size_px}: the run learnt at {size_px} pixels; leave it out")
    return model, DEFAULT_LAYER, pooling


def _applications() -> dict[str, Any]:
    applications = import_keras().applications
    return {name.lower(): getattr(applications, name) for name in dir(applications) if name[0].isupper()}


def _pick(backbone: str) -> Any:
    applications = _applications()
    if backbone.lower() not in applications:
        near = difflib.get_close_matches(backbone.lower(), applications, n=3) or sorted(applications)
        raise InputError(f"--backbone {backbone}: keras.applications has none of that name; try {', '.join(near)}")
    return applications[backbone.lower()]


def _build_backbone(keras: Any, application: Any, blueprint: Blueprint) -> Any:
    size_px = blueprint.input_size_px or _DEFAULT_SIZE_PX
    shape = (size_px, size_px, 3)
    keras.utils.set_random_seed(_RANDOM_WEIGHTS_SEED)
    try:
        backbone = application(include_top=False, weights=None, input_shape=shape)
    except ValueError as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"--input-size {size_px}: {blueprint.backbone} refuses it ({reason})") from error
    if blueprint.weights == "none":
        return backbone
    if blueprint.weights == "imagenet":
        return _download(application, shape, blueprint.backbone)
    _load_weights(backbone, Path(blueprint.weights))
    return backbone


def _download(application: Any, shape: tuple[int, int, int], backbone: str) -> Any:
    try:
        return application(include_top=False, weights="imagenet", input_shape=shape)
    except Exception as error:  # keras.utils.get_file raises this class itself
        if type(error) is not Exception:
            raise
        raise AssetError(
            f"ImageNet weights of {backbone} could not be downloaded ({str(error).split(' -- ')[-1]}); give a file"
            " with --weights FILE, or random ones with --weights none, or use the network sface, which needs none"
        ) from error


def _load_weights(backbone: Any, path: Path) -> None:
    if not path.is_file():
        raise InputError(
            f"--weights {path}: no such file; give face, imagenet, none, a Keras weights file (.weights.h5) or a run"
        )
    try:
        with warnings.catch_warnings(action="error"):  # of layers that Keras would leave as they are
            backbone.load_weights(path)
    except (OSError, ValueError, KeyError, TypeError, UserWarning) as error:
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise ArtefactError(f"--weights {path}: not weights of this backbone without its top ({reason})") from error


def _find_layer(backbone: Any, blueprint: Blueprint) -> Any:
    name = blueprint.layer or (DEFAULT_LAYER if blueprint.backbone.lower() == DEFAULT_BACKBONE else None)
    if name is None:
        return backbone.layers[-1]
    name = _OLD_NAMES.get(blueprint.backbone.lower(), {}).get(name, name)
    layers = {layer.name: layer for layer in backbone.layers}
    if name not in layers:
        near = difflib.get_close_matches(name, layers, n=3) or [backbone.layers[-1].name]
        raise InputError(f"--layer {name}: {blueprint.backbone} has none of that name; try {', '.join(near)}")
    if len(layers[name].output.shape) != 4:
        raise InputError(f"--layer {name}: gives no maps to pool; choose a convolution, an activation or a sum")
    return layers[name]


def _preprocessing_of(application: Any) -> tuple[str, str]:
    """(colour order, scaling) that do what the backbone's own `preprocess_input` does, found by trying."""
    crop = np.arange(0, 252, 21).astype(np.uint8).reshape(1, 2, 2, 3)
    wanted = inspect.getmodule(application).preprocess_input(crop[..., ::-1].astype(np.float32))  # type: ignore[union-attr]
    for color_order, scaling in _MODES:
        trial = NetworkRecipe(
            name="trial",
            backbone="",
            layer="",
            pooling="avg",
            input_size_px=2,
            color_order=color_order,
            scaling=scaling,
            dimension=1,
            normalisation="none",
            quantization="none",
            runtime="litert",
            file="trial",
            licence="",
        )
        if np.allclose(preprocess(crop, trial), wanted, atol=1e-3):
            return color_order, scaling
    raise InputError(f"{application.__name__} scales its pictures in a way that network.json cannot say")


def _licence(weights: str) -> str:
    if weights == "imagenet":
        return "Keras applications (Apache-2.0); weights trained on ImageNet, which is offered for research"
    return "none: random weights" if weights == "none" else "that of the pictures and weights it was made from"

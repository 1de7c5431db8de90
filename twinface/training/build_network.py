"""A feature network built, converted and written to a folder."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from twinface.errors import InputError
from twinface.networks import NetworkRecipe, write_recipe
from twinface.training.backbones import Blueprint, build_features
from twinface.training.calibration import calibration_input
from twinface.training.conversion import QUANTIZATIONS, convert
from twinface.training.pictures import OnPicture
from twinface.training.publishing import published

KERAS_FILE = "network.keras"


def build_network(
    blueprint: Blueprint,
    output: Path,
    *,
    quantization: str = "none",
    calibration: Path | None = None,
    on_picture: OnPicture = lambda _path, _error: None,
    print_line: Callable[[str], None] | None = None,
) -> NetworkRecipe:
    """Build a network and write network.json, network.tflite and network.keras to `output`/`blueprint.name`.

    `print_line` is given the model's summary, line by line. Raises InputError for a mistake in what is asked for,
    AssetError or ArtefactError for weights that cannot be had or used; the folder is then as it was.
    """
    if quantization not in QUANTIZATIONS:
        raise InputError(f"--quantize {quantization}: expected one of {', '.join(QUANTIZATIONS)}")
    if quantization == "int8" and calibration is None:
        raise InputError("--quantize int8 needs faces to find its scales with; add --calibration FOLDER")
    if Path(blueprint.name).name != blueprint.name or blueprint.name.startswith("."):
        raise InputError(f"--name {blueprint.name}: expected a plain name for a folder")
    model, recipe = build_features(blueprint)
    if print_line:
        model.summary(print_fn=print_line)
    faces = calibration_input(calibration, recipe, on_picture) if quantization == "int8" and calibration else None
    with published(output / blueprint.name) as folder:
        (folder / recipe.file).write_bytes(convert(model, quantization, faces))
        model.save(folder / KERAS_FILE)
        return write_recipe(folder, replace(recipe, quantization=quantization))

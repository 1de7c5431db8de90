"""A feature network built, converted and written to a folder; the scales of an int8 one are found with faces."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from twinface.errors import InputError, NoFaceError
from twinface.faces.alignment import align_face
from twinface.faces.choice import pick_main_face
from twinface.faces.detection import FaceDetector
from twinface.faces.picture_files import read_image
from twinface.networks.feature_network import preprocess
from twinface.networks.recipe import RECIPE_FILE, NetworkRecipe, read_recipe, write_recipe
from twinface.outputs import refuse_inputs, require_own_folder
from twinface.publishing import published
from twinface.recognition.picture_folders import OnPicture, pictures_below
from twinface.text import plural
from twinface.training.networks.backbones import Blueprint, BuildTaught, build_features
from twinface.training.tensorflow_setup import QUANTIZATIONS, convert
from twinface.types import Image

MOST_CROPS = 200

KERAS_FILE = "network.keras"


def representative_input(folder: Path, recipe: NetworkRecipe, on_picture: OnPicture) -> NDArray[np.float32]:
    """Network input, (n, s, s, 3), of up to 200 faces spread over the pictures of a folder and its sub-folders.

    A square in which no face is found is taken for an aligned crop. Raises InputError when no picture has a face.
    """
    pictures = list(pictures_below(folder))
    chosen = [pictures[place] for place in range(0, len(pictures), max(1, len(pictures) // MOST_CROPS))][:MOST_CROPS]
    detector = FaceDetector(second_look=True)
    crops = []
    for path in chosen:
        try:
            crops.append(_cut(read_image(path), detector, recipe.input_size_px))
        except InputError as error:
            on_picture(path, error)
        else:
            on_picture(path, None)
    if not crops:
        raise InputError(
            f"--representative {folder}: no face in {plural(len(chosen), 'picture')}; name a folder of faces"
        )
    return preprocess(np.stack(crops), recipe)


def _cut(image: Image, detector: FaceDetector, size_px: int) -> Image:
    try:
        face = pick_main_face(detector.detect(image), image.shape)
    except NoFaceError:
        if image.shape[0] != image.shape[1]:
            raise
        return np.asarray(cv2.resize(image, (size_px, size_px), interpolation=cv2.INTER_AREA), np.uint8)
    return align_face(image, face.landmarks_px, size_px)


def build_network(
    blueprint: Blueprint,
    output: Path,
    *,
    quantization: str = "none",
    representative: Path | None = None,
    build_taught: BuildTaught | None = None,
    on_picture: OnPicture = lambda _path, _error: None,
    print_line: Callable[[str], None] | None = None,
) -> NetworkRecipe:
    """Build a network and write network.json, network.tflite and network.keras to `output`/`blueprint.name`.

    `build_taught` as in `build_features`. `print_line` is given the model's summary, line by line. Raises InputError
    for a mistake in what is asked for, AssetError or ArtefactError for weights that cannot be had or used; the folder
    is then as it was.
    """
    if quantization not in QUANTIZATIONS:
        raise InputError(f"--quantize {quantization}: expected one of {', '.join(QUANTIZATIONS)}")
    if quantization == "int8" and representative is None:
        raise InputError("--quantize int8 needs faces to find its scales with; add --representative FOLDER")
    _check_output(output, blueprint, representative)
    model, recipe = build_features(blueprint, build_taught)
    if print_line:
        model.summary(print_fn=print_line)
    faces = (
        representative_input(representative, recipe, on_picture) if quantization == "int8" and representative else None
    )
    with published(output / blueprint.name) as folder:
        (folder / recipe.file).write_bytes(convert(model, quantization, faces))
        model.save(folder / KERAS_FILE)
        return write_recipe(folder, replace(recipe, quantization=quantization))


def copy_bundled(source: Path, blueprint: Blueprint, output: Path, quantization: str | None) -> NetworkRecipe:
    """Copy a bundled network, its terms and its card to `output`/`blueprint.name`.

    Raises InputError where something else than it is asked for: its float weights are not bundled.
    """
    recipe = read_recipe(source)
    _check_output(output, blueprint)
    asked = {
        "--backbone": (blueprint.backbone.lower(), recipe.backbone),
        "--layer": (blueprint.layer, recipe.layer),
        "--input-size": (blueprint.input_size_px, recipe.input_size_px),
        "--pooling": (blueprint.pooling, recipe.pooling),
        "--quantize": (quantization, recipe.quantization),
    }
    for option, (value, there) in asked.items():
        if value not in {None, there}:
            raise InputError(
                f"{option} {value}: {recipe.name} is bundled as {there} only, without the float weights it could be"
                " cut again from; leave the option out, or give other --weights"
            )
    with published(output / blueprint.name) as folder:
        for path in source.iterdir():
            if path.name != RECIPE_FILE:
                shutil.copyfile(path, folder / path.name)
        return write_recipe(folder, replace(recipe, name=blueprint.name))


def _check_output(output: Path, blueprint: Blueprint, representative: Path | None = None) -> None:
    name, mend = blueprint.name, "give another --output or --name"
    if Path(name).name != name or name.startswith("."):
        raise InputError(f"--name {name}: expected a plain name for a folder")
    refuse_inputs(output / name, [blueprint.weights, representative], mend, replaced=True)
    require_own_folder(output / name, RECIPE_FILE, ("network.tflite", KERAS_FILE, "README.md", "LICENSE.md"), mend)

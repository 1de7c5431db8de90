"""network.json: what has to be known of a feature network to feed it the same way everywhere."""

import hashlib
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from twinface.errors import ArtefactError
from twinface.files import canonical_json, read_json_object, shown, write_atomically

RECIPE_FILE = "network.json"
FORMAT = 1
_CHOICES = {
    "pooling": ("avg", "none", "standardised", "projected"),
    "color_order": ("rgb", "bgr"),
    "scaling": ("none", "tf", "torch", "caffe"),
    "template": ("arcface112",),
    "normalisation": ("none", "l2"),
    "runtime": ("litert", "opencv"),
}
_CROP_FIELDS = ("template", "input_size_px", "color_order", "scaling", "normalisation")


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkRecipe:
    """How crops become vectors.

    `pooling` of the layer's maps: "avg" their mean, "none" all their numbers, "standardised" the mean, each number less
    its own mean over faces and divided by its deviation, "projected" a learnt linear map of that.
    `input_size_px` is the side of the square crop, cut to `template`. `scaling` is one of the modes of
    keras.applications: "none" leaves 0…255, "tf" is -1…1, "torch" and "caffe" are ImageNet's means (and deviations).
    `dimension` counts the numbers of a vector; with `normalisation` "l2" each is divided by its length.
    `quantization` ("none", "float16", "int8", …) and `licence` inform. `file` lies beside network.json.
    `fingerprint` is the sha256 over the bytes that are loaded and the fields that decide how a crop is fed.
    """

    name: str
    backbone: str
    layer: str
    pooling: str
    input_size_px: int
    color_order: str
    scaling: str
    dimension: int
    normalisation: str
    quantization: str
    runtime: str
    file: str
    licence: str
    fingerprint: str = ""
    template: str = "arcface112"

    def __post_init__(self) -> None:
        for field, choices in _CHOICES.items():
            if getattr(self, field) not in choices:
                raise ValueError(f"{field}: expected one of {', '.join(choices)}, got {shown(getattr(self, field))}")
        for field in ("input_size_px", "dimension"):
            if getattr(self, field) < 1:
                raise ValueError(f"{field}: expected at least 1, got {getattr(self, field)}")
        if not self.file or Path(self.file).name != self.file:
            raise ValueError(f"file: expected the name of a file beside {RECIPE_FILE}, got {shown(self.file)}")


def compute_fingerprint(recipe: NetworkRecipe, network: bytes) -> str:
    """The sha256, in hex, over the bytes that a runtime loads and how crops are fed to it."""
    digest = hashlib.sha256(network)
    digest.update(canonical_json({field: getattr(recipe, field) for field in _CROP_FIELDS}))
    return digest.hexdigest()


def write_recipe(folder: Path, recipe: NetworkRecipe) -> NetworkRecipe:
    """Write network.json beside `recipe.file`, which must be there; returns the recipe with its true fingerprint.

    Raises ArtefactError when the file is missing.
    """
    recipe = replace(recipe, fingerprint=compute_fingerprint(recipe, read_network_file(folder, recipe)))
    write_atomically(folder / RECIPE_FILE, canonical_json({"format": FORMAT, **asdict(recipe)}))
    return recipe


def read_recipe(folder: Path) -> NetworkRecipe:
    """Read and check network.json. Raises ArtefactError when it is missing, damaged or of another format."""
    path = folder / RECIPE_FILE
    content = read_json_object(path)
    if content.pop("format", None) != FORMAT:
        raise ArtefactError(f"{path}: not of format {FORMAT}; make the network again with `twinface network`")
    try:
        _check_fields(content)
        return NetworkRecipe(**content)
    except ValueError as error:
        raise ArtefactError(f"{path}: {error}; make the network again with `twinface network`") from error


def read_network_file(folder: Path, recipe: NetworkRecipe) -> bytes:
    """The bytes of the network itself. Raises ArtefactError when they are not there."""
    path = folder / recipe.file
    try:
        return path.read_bytes()
    except OSError as error:
        raise ArtefactError(f"{path}: cannot be read ({error.strerror}); copy the whole network folder") from error


def _check_fields(content: dict[str, Any]) -> None:
    known = {field.name: field.type for field in fields(NetworkRecipe)}
    if missing := sorted(known.keys() - content.keys()):
        raise ValueError(f"{missing[0]!r} is missing")
    if unknown := sorted(content.keys() - known.keys()):
        raise ValueError(f"{shown(unknown[0])} is unknown")
    for field, kind in known.items():
        if type(content[field]) is not kind:
            raise ValueError(f"{field}: expected {getattr(kind, '__name__', kind)}, got {shown(content[field])}")

"""Which networks there are: `sface` from the assets, the bundled ones, and any folder with a network.json."""

import hashlib
from dataclasses import replace
from pathlib import Path

from twinface import assets
from twinface.errors import ArtefactError, AssetError, FingerprintError
from twinface.native_libraries import trim_heap
from twinface.networks.feature_network import Network
from twinface.networks.onnx_inputs import keep_inputs
from twinface.networks.recipe import RECIPE_FILE, NetworkRecipe, compute_fingerprint, read_network_file, read_recipe

_IN_THE_BOX = Path(__file__).resolve().parents[1] / "data"
_SFACE_FINGERPRINT = "8088c3d01916df6b6aa9ebb9317780e8bdf129b21f8efeacb2eaa7b54cf46dfa"
_SFACE_LOADED_SHA256 = "487a139eb85ccd5ff30aef7d0add7f12d2bb7abb90c5f08a7f481b452a660e00"
_SFACE = NetworkRecipe(
    name="sface",
    backbone="mobilefacenet",
    layer="fc1",
    pooling="none",
    input_size_px=112,
    color_order="rgb",
    scaling="none",
    dimension=128,
    normalisation="none",
    quantization="int8",
    runtime="opencv",
    file="face_recognition_sface_2021dec_int8bq.onnx",
    licence="Apache-2.0",
    fingerprint=_SFACE_FINGERPRINT,
)


def available_networks() -> tuple[str, ...]:
    """The names that `load_network` knows besides folders."""
    return ("sface", *sorted(_bundled()))


def bundled_folder(name: str) -> Path | None:
    """The folder of a bundled network, with its terms and its model card; None where there is none of this name."""
    return _bundled().get(name)


def load_network(name_or_path: str | Path, *, threads: int = 1) -> Network:
    """Load a network by name ("sface") or from a folder with network.json, verified against its fingerprint.

    Raises ArtefactError when there is none or it is damaged, AssetError when its file cannot be fetched.
    """
    network = Network(*load_network_file(name_or_path), threads=threads)
    trim_heap()
    return network


def load_network_file(name_or_path: str | Path) -> tuple[NetworkRecipe, bytes]:
    """What `load_network` would load, verified as there: the recipe and the network's file."""
    if name_or_path == "sface":
        return _find_sface()
    folder = _find_folder(name_or_path)
    recipe = read_recipe(folder)
    network_file = read_network_file(folder, recipe)
    if compute_fingerprint(recipe, network_file) != recipe.fingerprint:
        raise FingerprintError(
            f"{folder}: {recipe.file} and {RECIPE_FILE} do not belong together (fingerprint differs);"
            " copy the whole folder again, or make the network again"
        )
    return recipe, network_file


def find_recipe(name_or_path: str | Path) -> NetworkRecipe:
    """The recipe of what `load_network` would load, verified as there."""
    return load_network_file(name_or_path)[0]


def describe_network(name_or_path: str | Path) -> NetworkRecipe:
    """The recipe of what `load_network` would load, for those who do not run it: its file is not read, nor fetched.

    Raises ArtefactError when there is none.
    """
    return _SFACE if name_or_path == "sface" else read_recipe(_find_folder(name_or_path))


def name_network(fingerprint: str) -> str:
    """The name of the network with this fingerprint, "" of one that is not bundled; nothing is fetched for it."""
    known = {read_recipe(folder).fingerprint: name for name, folder in _bundled().items()}
    return (known | {_SFACE_FINGERPRINT: "sface"}).get(fingerprint, "")


def _find_folder(name_or_path: str | Path) -> Path:
    folder = bundled_folder(str(name_or_path)) or Path(name_or_path)
    if not (folder / RECIPE_FILE).is_file():
        raise ArtefactError(
            f"no network {str(name_or_path)!r}: name one of {', '.join(available_networks())},"
            f" or a folder with {RECIPE_FILE} as `twinface network` makes it"
        )
    return folder


def _bundled() -> dict[str, Path]:
    return {read_recipe(path.parent).name: path.parent for path in _IN_THE_BOX.glob(f"*/{RECIPE_FILE}")}


def _find_sface() -> tuple[NetworkRecipe, bytes]:
    """SFace (Zhong et al., 2021, https://arxiv.org/abs/2205.12010) from OpenCV's model zoo, block-quantised to int8."""
    path = assets.fetch("sface")
    model = keep_inputs(path.read_bytes(), {"data"})
    if hashlib.sha256(model).hexdigest() != _SFACE_LOADED_SHA256:
        raise AssetError(f"{path}: changed after it was verified; remove it and run `twinface assets`")
    recipe = replace(_SFACE, file=path.name)
    return replace(recipe, fingerprint=compute_fingerprint(recipe, model)), model

"""What a new run begins with: the weights of another run, or of a network that one was exported to."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from twinface.distillation.checkpoints import Weights, find_checkpoint, read_progress, read_weights
from twinface.distillation.sample_stream import as_input
from twinface.distillation.unfolding import Folded, read_layers, unfold
from twinface.errors import ArtefactError
from twinface.networks.recipe import RECIPE_FILE, NetworkRecipe
from twinface.networks.registry import available_networks, load_network_file


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

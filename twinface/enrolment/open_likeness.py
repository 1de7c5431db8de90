"""The gate of enrolment that compares vectors, and the head it compares with, as the settings have them."""

from pathlib import Path

from twinface.enrolment.likeness import LikenessGate
from twinface.errors import ArtefactError, FingerprintError
from twinface.gallery.gallery import Gallery
from twinface.gallery.person import Snapshot
from twinface.matching.head import Head
from twinface.matching.open_head import OpenHead, open_head_in_use
from twinface.networks.recipe import NetworkRecipe
from twinface.networks.registry import find_recipe
from twinface.settings import Settings


def open_likeness_gate(gallery: Snapshot, recipe: NetworkRecipe, settings: Settings) -> LikenessGate:
    """The gate for a gallery, with the head and rule of the settings.

    Raises ArtefactError when the head cannot be used, or its scores mean nothing for this network.
    """
    opened = _open_trained(settings, settings.gallery, recipe)
    return LikenessGate(gallery, opened.head, opened.threshold.applied_to(settings.matching))


def try_likeness_gate(gallery: Gallery, settings: Settings) -> tuple[LikenessGate | None, str]:
    """As `open_likeness_gate` for the network of the settings; where there is none, why nobody can be compared."""
    try:
        return open_likeness_gate(gallery.snapshot(), find_recipe(settings.network), settings), ""
    except ArtefactError as error:
        return None, str(error)


def trained_head(gallery: Gallery, settings: Settings) -> Head:
    """The head of the settings, where it is one for the gallery's network whose scores mean something.

    Raises ArtefactError or FingerprintError where it is not.
    """
    recipe = find_recipe(settings.network)
    if recipe.fingerprint != gallery.network:
        raise FingerprintError(
            f"the gallery is of the network {gallery.network_name or '?'}, configured is {recipe.name}; "
            "set network, or run `twinface gallery rebuild`"
        )
    return _open_trained(settings, gallery.folder, recipe).head


def _open_trained(settings: Settings, gallery: Path, recipe: NetworkRecipe) -> OpenHead:
    opened = open_head_in_use(settings.head, gallery, recipe.fingerprint, settings.matching, recipe.name)
    if opened.warning:
        raise ArtefactError(opened.warning)
    return opened

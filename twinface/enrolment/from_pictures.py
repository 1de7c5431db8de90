"""Pictures of one person on their way into the gallery: which of them pass the gate, by pixels and by vectors."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from twinface.enrolment.gate import objection_of
from twinface.enrolment.likeness import LikenessGate
from twinface.enrolment.objections import Objection, object_to_measures
from twinface.errors import ArtefactError, FingerprintError, InputError
from twinface.gallery.gallery import Gallery
from twinface.gallery.person import Snapshot
from twinface.matching.heads import Head
from twinface.matching.open_head import OpenHead, open_head_in_use
from twinface.networks.recipe import NetworkRecipe
from twinface.networks.registry import find_recipe
from twinface.recognition.embedding import EmbeddedFace
from twinface.settings import Settings


@dataclass(frozen=True, slots=True, eq=False)
class Verdict:
    """A picture, the face that it is of where there is a single one, and what speaks against enrolling it."""

    picture: Path
    face: EmbeddedFace | None
    objection: Objection | None

    def is_usable(self, *, force: bool) -> bool:
        """Whether it is to be enrolled: nothing speaks against it or, with `force`, it has a face."""
        return self.face is not None and (force or self.objection is None)


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


def judge_pictures(
    name: str, embedded: Iterable[tuple[Path, EmbeddedFace | InputError]], gate: LikenessGate | None
) -> list[Verdict]:
    """Judge the pictures of one person by what they show, and by their vectors where there is a `gate` for those."""
    verdicts = [_judge(path, result) for path, result in embedded]
    if gate is None:
        return verdicts
    faces = [(row, one.face) for row, one in enumerate(verdicts) if one.face and not one.objection]
    if faces:
        objections = gate.object_to(name, np.stack([face.vector for _, face in faces]))
        for (row, _), objection in zip(faces, objections, strict=True):
            verdicts[row] = replace(verdicts[row], objection=objection)
    return verdicts


def _judge(picture: Path, result: EmbeddedFace | InputError) -> Verdict:
    if isinstance(result, InputError):
        return Verdict(picture, None, objection_of(result, picture))
    return Verdict(picture, result, object_to_measures(result.measures))

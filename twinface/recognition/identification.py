"""Who is in a picture: picture → faces → vectors → names."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from twinface import assets
from twinface.errors import ArtefactError
from twinface.faces import FaceDetector
from twinface.gallery import Gallery
from twinface.gallery.sources import PHOTOS
from twinface.matching import head_in_use, load_head
from twinface.networks import load_network
from twinface.recognition.averaging import averages_for
from twinface.recognition.embedding import embed_faces
from twinface.recognition.known import Known
from twinface.recognition.naming import decide_alone, uncalibrated
from twinface.settings import Settings
from twinface.types import Decision, Face, Image


@dataclass(frozen=True, slots=True, eq=False)
class NamedFace:
    """A face and who it is."""

    face: Face
    decision: Decision


class Identifier:
    """Names the faces of single pictures, with the network, head, gallery and rule of the settings.

    `threshold` is the one in use. `warnings` say which people of the gallery cannot be used, and why, where scores are
    not to be trusted, and why thresholds of the head are not used.
    Raises ArtefactError and its kin when network, head or gallery is missing, damaged or does not fit the others, and
    when nobody is in the gallery; AssetError when a model file cannot be had.
    """

    def __init__(self, settings: Settings) -> None:
        self._network = load_network(settings.network)
        fingerprint = self._network.recipe.fingerprint
        gallery = Gallery.open(settings.gallery, network=fingerprint)
        folder = head_in_use(settings.head, settings.gallery, fingerprint)
        warning = uncalibrated(folder, self._network.recipe)
        head = load_head(folder, fingerprint)
        damaged = (str(error) for error in gallery.damaged.values())
        if not gallery.people:
            gallery.require_sound()
            raise ArtefactError(
                f"{settings.gallery}: nobody is in this gallery; add people with `twinface gallery add`"
            )
        self._head = head
        averages = averages_for(head, settings, gallery)
        self._known = Known().updated(gallery, head, settings.matching, averages)
        self.threshold = self._known.threshold(head, settings.matching)
        self.warnings = tuple(text for text in (*damaged, warning, self.threshold.problem) if text)
        self._matching = self.threshold.applied_to(settings.matching)
        detection = settings.detection
        self._detector = FaceDetector(
            assets.fetch("yunet"),
            score_threshold=detection.score_threshold,
            max_side_px=detection.max_side_px,
            second_look=True,
        )

    def identify(self, image: Image) -> list[NamedFace]:
        """Every face of a picture, the one the detector is surest of first."""
        return [
            NamedFace(found.face, self._decide(found.vector))
            for found in embed_faces(image, self._detector, self._network)
        ]

    def find_turn_deg(self, image: Image, found: list[NamedFace]) -> int:
        """By how many degrees clockwise a picture in which these were `found` has to be turned to stand upright."""
        return self._detector.find_turn_deg(image, [one.face for one in found])

    def _decide(self, vector: NDArray[np.float32]) -> Decision:
        return decide_alone(vector, PHOTOS, self._known, self._head, self._matching)


def choose_settings(
    settings: Settings, network: str | None, head: Path | None, gallery: Path | None, threshold: float | None = None
) -> Settings:
    """The settings with what was named on the command line instead."""
    chosen = {"network": network, "head": head, "gallery": gallery}
    if threshold is not None:
        settings = settings.model_copy(
            update={"matching": settings.matching.model_copy(update={"threshold": threshold})}
        )
    return settings.model_copy(update={name: value for name, value in chosen.items() if value is not None})

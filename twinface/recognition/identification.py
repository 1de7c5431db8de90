"""Who is in a picture: picture → faces → vectors → names."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from twinface.errors import ArtefactError, InputError
from twinface.faces.detection import FaceDetector
from twinface.faces.picture_files import read_image
from twinface.gallery.gallery import Gallery
from twinface.gallery.person import PHOTOS
from twinface.matching.open_head import open_head_in_use
from twinface.networks.registry import load_network
from twinface.recognition.averaging import averages_for
from twinface.recognition.embedding import embed_faces
from twinface.recognition.known import Known
from twinface.recognition.naming import decide_alone
from twinface.settings import Settings
from twinface.types import Decision, Face, Image


@dataclass(frozen=True, slots=True, eq=False)
class NamedFace:
    """A face and who it is."""

    face: Face
    decision: Decision

    @property
    def name(self) -> str | None:
        """Who it is; None unless the decision's state is known."""
        return self.decision.name

    @property
    def score(self) -> float:
        """Of the best candidate, 0…1; 0 without one."""
        return self.decision.score

    @property
    def box_xyxy(self) -> NDArray[np.float32]:
        """Where it is, float32 (4,), in pixels of the picture."""
        return self.face.box_xyxy


@dataclass(frozen=True, slots=True, eq=False)
class IdentifiedPicture:
    """A picture and its `faces`, the one the detector is surest of first.

    The picture stands upright when it is turned clockwise by `turn_deg`: 0, 90, 180 or 270.
    """

    width_px: int
    height_px: int
    turn_deg: int
    faces: tuple[NamedFace, ...]


@dataclass(frozen=True, slots=True, eq=False)
class IdentifiedFile:
    """What came of a file: who is in it, or with None the `problem` that it could not be read for."""

    path: Path
    found: IdentifiedPicture | None
    problem: str = ""


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
        name = self._network.recipe.name
        opened = open_head_in_use(settings.head, settings.gallery, fingerprint, settings.matching, name)
        head = opened.head
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
        self.warnings = tuple(text for text in (*damaged, opened.warning, self.threshold.problem) if text)
        self._matching = self.threshold.applied_to(settings.matching)
        detection = settings.detection
        self._detector = FaceDetector(
            score_threshold=detection.score_threshold,
            max_side_px=detection.max_side_px,
            second_look=True,
        )

    def identify(self, picture: Image | str | PathLike[str]) -> IdentifiedPicture:
        """Every face of a picture: an array, uint8 (height, width, 3) BGR, or the path of a file.

        Raises InputError for a file that cannot be read, or an array of another shape or type.
        """
        image = checked_image(picture) if isinstance(picture, np.ndarray) else read_image(Path(picture))
        embedded = embed_faces(image, self._detector, self._network)
        height_px, width_px = image.shape[:2]
        return IdentifiedPicture(
            width_px,
            height_px,
            self._detector.find_turn_deg(image, [one.face for one in embedded]),
            tuple(NamedFace(one.face, self._decide(one.vector)) for one in embedded),
        )

    def identify_files(self, paths: Iterable[Path]) -> Iterator[IdentifiedFile]:
        """Every face of each file, one file after the other; one that cannot be read does not stop the others."""
        for path in paths:
            try:
                done = IdentifiedFile(path, self.identify(path))
            except InputError as error:
                done = IdentifiedFile(path, None, str(error).removeprefix(f"{path}: "))
            yield done

    def _decide(self, vector: NDArray[np.float32]) -> Decision:
        return decide_alone(vector, PHOTOS, self._known, self._head, self._matching)


def checked_image(image: Image) -> Image:
    """The array, if it is a picture. Raises InputError."""
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or 0 in image.shape:
        raise InputError(f"picture: expected uint8 (height, width, 3) in BGR, got {image.dtype} {image.shape}")
    return image


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

"""What reads pictures and names faces, loaded when it is first needed; and how faces are written in answers."""

from collections.abc import Mapping
from dataclasses import asdict
from functools import cached_property
from typing import Any

import cv2

from twinface.averages.averages_in_use import AveragesInUse, FacesFile
from twinface.box.handed_files import MOST_BYTES, read_handed
from twinface.errors import ArtefactError, InputError, ServiceError
from twinface.faces.detection import FaceDetector
from twinface.faces.picture_files import decode_image
from twinface.gallery.person import slug_of
from twinface.networks.feature_network import Network
from twinface.networks.registry import load_network
from twinface.recognition.averaging import bundled_average
from twinface.recognition.embedding import open_detector
from twinface.recognition.naming import Naming
from twinface.settings import Settings
from twinface.types import Candidate, Face, FaceMeasures, Image

_JPEG_QUALITY = 85


class PictureTools:
    """The detectors, the network and the names of a box."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    @cached_property
    def detector(self) -> FaceDetector:
        """Finds faces as `twinface identify` does."""
        detection = self.settings.detection
        return FaceDetector(
            score_threshold=detection.score_threshold, max_side_px=detection.max_side_px, second_look=True
        )

    @cached_property
    def enrolment_detector(self) -> FaceDetector:
        """Finds faces as `twinface gallery add` does."""
        return open_detector()

    @cached_property
    def network(self) -> Network:
        """The feature network."""
        return load_network(self.settings.network)

    def load(self) -> None:
        """Load detectors and network, which are loaded when they are first needed otherwise."""
        _ = self.detector, self.enrolment_detector, self.network

    @cached_property
    def _names(self) -> tuple[Naming, AveragesInUse]:
        settings, recipe = self.settings, self.network.recipe
        prior = bundled_average(settings, recipe.fingerprint, recipe.dimension)
        averages = AveragesInUse(FacesFile(settings.averages_path, recipe.fingerprint), prior)
        return Naming(settings.gallery, settings.head, recipe, settings.matching), averages

    @property
    def naming(self) -> Naming:
        """Names faces by the gallery, head and averages of this moment, as the matcher those of cameras.

        Raises ArtefactError where nobody can be named.
        """
        naming, averages = self._names
        naming.refresh()
        averages.refresh(naming.people)
        naming.take_averages(averages.snapshot)
        if naming.problem and not naming.people:
            raise ArtefactError(naming.problem)
        return naming


def read_picture(arguments: Mapping[str, Any]) -> Image:
    """The picture that was handed over, turned upright. Raises InputError where it is none that can be read."""
    return decode_image(read_handed(arguments["picture"], MOST_BYTES), "the picture")


def require_picture(arguments: Mapping[str, Any]) -> Image:
    """The same; where it is none that can be read a ServiceError says so, with the code `unreadable`."""
    try:
        return read_picture(arguments)
    except InputError as error:
        raise ServiceError(str(error), "unreadable") from error


def encode_jpeg(image: Image) -> bytes:
    """A picture, uint8 (height, width, 3) BGR, to be looked at."""
    return bytes(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])[1])


def plain_box(face: Face) -> list[float]:
    """Where a face is, in pixels."""
    return [round(float(one), 1) for one in face.box_xyxy]


def plain_measures(measures: FaceMeasures) -> Mapping[str, float]:
    """The measures of a face, and the quality that is made of them."""
    return {name: round(value, 3) for name, value in {**asdict(measures), "quality": measures.quality}.items()}


def plain_candidate(one: Candidate) -> Mapping[str, Any]:
    """Somebody of the gallery who may be meant."""
    return {"name": one.name, "id": slug_of(one.name), "score": round(one.score, 6)}

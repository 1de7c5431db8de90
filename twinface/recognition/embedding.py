"""Picture to faces to vectors."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from twinface.errors import InputError, TurnedError
from twinface.faces.alignment import align_face, scale_template
from twinface.faces.choice import pick_main_face
from twinface.faces.detection import FaceDetector
from twinface.faces.quality import measure_face
from twinface.networks.feature_network import Network
from twinface.types import Face, FaceMeasures, Image

PickFace = Callable[[Sequence[Face], tuple[int, ...]], Face]
"""Which face of a picture is meant; raises NoFaceError when that cannot be said."""


@dataclass(frozen=True, slots=True, eq=False)
class EmbeddedFace:
    """A face of a picture, its vector, float32 (d,), as the network gives it, and what was measured of it."""

    face: Face
    vector: NDArray[np.float32]
    measures: FaceMeasures

    @property
    def quality(self) -> float:
        """0 (useless) … 1 (clear and frontal)."""
        return self.measures.quality


def open_detector(*, second_look: bool = True) -> FaceDetector:
    """YuNet from the assets, as measured for pictures: 400 pixels on the long side. Raises AssetError."""
    return FaceDetector(max_side_px=400, second_look=second_look)


def embed_faces(image: Image, detector: FaceDetector, network: Network) -> list[EmbeddedFace]:
    """Every face of a picture, best detection first."""
    return [_embed(image, face, network) for face in detector.detect(image)]


def embed_one_face(
    image: Image,
    detector: FaceDetector,
    network: Network,
    pick: PickFace = pick_main_face,
    *,
    upright_only: bool = False,
) -> EmbeddedFace:
    """The face that a picture is of. Raises NoFaceError, as `pick` does; TurnedError, if `upright_only`."""
    faces = detector.detect(image)
    if upright_only:
        refuse_turned(image, faces, detector)
    return _embed(image, pick(faces, image.shape), network)


def refuse_turned(image: Image, faces: list[Face], detector: FaceDetector) -> None:
    """Raises TurnedError where a still picture lies on its side or upside down, going by the `faces` found in it."""
    if sentence := describe_turn(detector.find_turn_deg(image, faces)):
        raise TurnedError(sentence)


def describe_turn(turn_deg: int) -> str | None:
    """What `find_turn_deg` found, and the mend; None for 0."""
    way = {90: "90 degrees clockwise", 180: "180 degrees", 270: "90 degrees counterclockwise"}.get(turn_deg)
    return f"a face stands upright when the picture is turned by {way}; turn it" if way else None


def embed_aligned(image: Image, network: Network) -> EmbeddedFace:
    """The face in a picture that is a crop already, cut to the template.

    Raises InputError when the picture is not a square.
    """
    height_px, width_px = image.shape[:2]
    if height_px != width_px:
        raise InputError(f"{width_px}x{height_px} pixels is no aligned crop, which is a square; leave --aligned out")
    size_px = network.recipe.input_size_px
    if height_px != size_px:
        shrinks = height_px > size_px
        smooth = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
        image = np.asarray(cv2.resize(image, (size_px, size_px), interpolation=smooth), np.uint8)
    box = np.array([0, 0, height_px, height_px], np.float32)
    face = Face(box, scale_template(height_px), detection_score=1.0)
    return EmbeddedFace(face, network.embed(image[np.newaxis])[0], measure_face(image, face))


def _embed(image: Image, face: Face, network: Network) -> EmbeddedFace:
    crop = align_face(image, face.landmarks_px, network.recipe.input_size_px)
    return EmbeddedFace(face, network.embed(crop[np.newaxis])[0], measure_face(crop, face))

"""The values that pass between the rooms: frozen, and checked when they are made."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from math import radians, tan
from typing import Any

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
"""A picture, shape (height, width, 3), BGR, uint8."""

Vectors = NDArray[np.float32]
"""Embeddings, shape (n, d), float32."""

Scores = NDArray[np.float32]
"""Of how sure it is that two faces are of one person: 0 (different people) … 1 (the same), float32."""

Scorer = Callable[[Any], Scores]
"""From probes (m, d), or what `Head.prepare_probes` made of them, to scores (m, n) with the n vectors of a gallery."""

Clock = Callable[[], float]
"""Seconds of a clock that only goes on, as `time.monotonic` gives them; all processes of a machine share it."""


@dataclass(frozen=True, slots=True)
class Captured:
    """When a frame was taken: by the wall clock, by the monotonic one, and its position in the source, 0 for the first
    frame.
    """

    at_ns: int
    mono_ns: int
    media_ms: float

    @classmethod
    def now(cls) -> "Captured":
        """This moment, for messages that speak of no frame."""
        return cls(time.time_ns(), time.monotonic_ns(), 0.0)

    def age_ms(self, now_s: float) -> float:
        """Milliseconds since the capture, by the monotonic clock."""
        return now_s * 1e3 - self.mono_ns / 1e6


def _check_image(image: Image) -> None:
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or 0 in image.shape:
        raise ValueError(f"image: expected uint8 (height, width, 3), got {image.dtype} {image.shape}")


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture of a source.

    `cut` says that it does not continue the frame before (a new picture of a slideshow, a source that started again),
    so that no track may live across it.
    """

    image: Image
    index: int
    captured: Captured
    cut: bool = False

    def __post_init__(self) -> None:
        _check_image(self.image)


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """A detected face.

    `box_xyxy` float32 (4,) and `landmarks_px` float32 (5, 2) are in pixels of the picture: the eye, the eye, the nose
    tip, the mouth corner, the mouth corner, each pair from left to right as seen in the picture.
    `detection_score` is the detector's own, 0…1.
    """

    box_xyxy: NDArray[np.float32]
    landmarks_px: NDArray[np.float32]
    detection_score: float

    def __post_init__(self) -> None:
        if self.box_xyxy.shape != (4,):
            raise ValueError(f"box_xyxy: expected shape (4,), got {self.box_xyxy.shape}")
        if self.landmarks_px.shape != (5, 2):
            raise ValueError(f"landmarks_px: expected shape (5, 2), got {self.landmarks_px.shape}")
        if not np.isfinite(self.box_xyxy).all() or not np.isfinite(self.landmarks_px).all():
            raise ValueError("face: expected finite coordinates")

    @property
    def width_px(self) -> float:
        """Width of the box."""
        return float(self.box_xyxy[2] - self.box_xyxy[0])

    @property
    def height_px(self) -> float:
        """Height of the box."""
        return float(self.box_xyxy[3] - self.box_xyxy[1])


_POOR_FACE_PX, _GOOD_FACE_PX = 12.0, 48.0
_POOR_SHARPNESS, _GOOD_SHARPNESS = 0.22, 0.5
_GOOD_CONTRAST = 20.0
_DARK, _BRIGHT = 50.0, 205.0
_LEAST_FRONTALITY = 0.05
_POOR_DETECTION, _GOOD_DETECTION = 0.5, 0.92


@dataclass(frozen=True, slots=True)
class FaceMeasures:
    """Plain measures of a face, each of one thing.

    `face_px` is the width of its box in pixels of the picture. The next three are of the middle of the aligned crop,
    eyes to mouth, always at 112 pixels, which is what a network sees of the face: `sharpness`, 0 (blurred) … 1, the
    share of the steps between neighbouring pixels that another blur takes away, in the direction where it takes less
    (Crété et al., The blur effect, SPIE 2007), which contrast does not change; `brightness` and `contrast`, mean and
    deviation of the grey levels, 0…255. `yaw_deg`, `pitch_deg` and `roll_deg` are the angles by which the face is
    turned to the right of the picture, lowered, and tilted clockwise, estimated from five landmarks as
    `twinface.faces.measure_face` says. `detection_score` is the detector's, 0…1.
    """

    face_px: float
    sharpness: float
    brightness: float
    contrast: float
    yaw_deg: float
    pitch_deg: float
    roll_deg: float
    detection_score: float

    @property
    def quality(self) -> float:
        """How useful the face is, 0 (useless) … 1 (clear and frontal).

        The product of five scores, each 0…1: size, sharpness, frontal pose, exposure, and the detector's score. So one
        bad score is not made up for by four good ones. Each rises from where SFace hardly knows anybody again to where
        nothing is to be gained any more. Clear portraits reach 0.7…1, profiles 0.05.
        """
        turned = max(abs(tan(radians(self.yaw_deg))), abs(tan(radians(self.pitch_deg))))
        size = _rise(self.face_px, _POOR_FACE_PX, _GOOD_FACE_PX)
        sharpness = _rise(self.sharpness, _POOR_SHARPNESS, _GOOD_SHARPNESS)
        frontality = max(_LEAST_FRONTALITY, 1.0 - turned)
        light = min(_rise(self.brightness, 0.0, _DARK), _rise(255.0 - self.brightness, 0.0, 255.0 - _BRIGHT))
        exposure = light * _rise(self.contrast, 0.0, _GOOD_CONTRAST)
        detection = _rise(self.detection_score, _POOR_DETECTION, _GOOD_DETECTION)
        return size * sharpness * frontality * exposure * detection


def _rise(value: float, poor: float, good: float) -> float:
    """0 up to `poor`, 1 from `good` on, straight between."""
    return min(1.0, max(0.0, (value - poor) / (good - poor)))


@dataclass(frozen=True, slots=True, eq=False)
class Crop:
    """An aligned face, uint8 (size, size, 3), BGR, with a `quality` of 0 (useless) … 1 (clear and frontal)."""

    image: Image
    quality: float

    def __post_init__(self) -> None:
        _check_image(self.image)
        if self.image.shape[0] != self.image.shape[1]:
            raise ValueError(f"crop: expected a square, got {self.image.shape}")
        if not 0.0 <= self.quality <= 1.0:
            raise ValueError(f"quality: expected 0…1, got {self.quality}")


class State(StrEnum):
    """What is known of a face: too little yet, somebody of the gallery, not sure whether, or nobody of it."""

    PENDING = "pending"
    KNOWN = "known"
    UNCERTAIN = "uncertain"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody of the gallery and how well they fit, 0…1."""

    name: str
    score: float


@dataclass(frozen=True, slots=True)
class Decision:
    """Who a face is: `name` is None unless `state` is known; `candidates` best first; `reason` why it is no name."""

    state: State
    name: str | None
    score: float
    candidates: tuple[Candidate, ...]
    reason: str = ""

    def __post_init__(self) -> None:
        if (self.name is not None) != (self.state is State.KNOWN):
            raise ValueError(f"decision: a name goes with state known only, got {self.name!r} and {self.state}")

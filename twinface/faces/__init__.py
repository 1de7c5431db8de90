"""Pixels to aligned crops: sources, detection, alignment, quality, tracking."""

from twinface.faces.alignment import align_face
from twinface.faces.choice import pick_enrolment_face, pick_main_face
from twinface.faces.detection import FaceDetector
from twinface.faces.formats import describe_left_out
from twinface.faces.motion import MotionGate, SceneCuts
from twinface.faces.picture_files import list_left_out, list_pictures, read_image
from twinface.faces.quality import bound_quality, measure_face
from twinface.faces.sources import (
    FrameFeed,
    Source,
    SourceKind,
    SourceSpec,
    SourceState,
    SourceWord,
    open_source,
)
from twinface.faces.tracking import Tracker, TrackUpdate

__all__ = [
    "FaceDetector",
    "FrameFeed",
    "MotionGate",
    "SceneCuts",
    "Source",
    "SourceKind",
    "SourceSpec",
    "SourceState",
    "SourceWord",
    "TrackUpdate",
    "Tracker",
    "align_face",
    "bound_quality",
    "describe_left_out",
    "list_left_out",
    "list_pictures",
    "measure_face",
    "open_source",
    "pick_enrolment_face",
    "pick_main_face",
    "read_image",
]

"""Where frames come from: webcams, streams, cameras that serve pictures, video files and folders of pictures."""

from twinface.faces.sources.captures import find_webcam
from twinface.faces.sources.feed import FrameFeed
from twinface.faces.sources.open_source import SourceSpec, find_kind, open_source
from twinface.faces.sources.source import Source, SourceKind, SourceState, SourceWord

__all__ = [
    "FrameFeed",
    "Source",
    "SourceKind",
    "SourceSpec",
    "SourceState",
    "SourceWord",
    "find_kind",
    "find_webcam",
    "open_source",
]

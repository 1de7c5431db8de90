"""What a source of frames is."""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from twinface.types import Frame

PassesOver = Callable[[int, float, int], bool]
"""Whether nobody looks at a frame, by its index, its media time in ms, and the index of the frame delivered last. It is
asked once, in the thread that reads, before the frame has been decoded to the end, and never for a cut.
"""


def looks_at_all(_index: int, _media_ms: float, _after: int) -> bool:
    """Passes over no frame."""
    return False


class SourceKind(StrEnum):
    """What kinds of sources there are; video files and pictures come to an end."""

    WEBCAM = "webcam"
    VIDEO = "video"
    PICTURES = "pictures"
    URL = "url"


class SourceWord(StrEnum):
    """How a source is, in the words of a heartbeat."""

    STARTING = "starting"
    RUNNING = "running"
    WAITING = "waiting"
    DEGRADED = "degraded"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class SourceState:
    """How a source is. `detail` says what it waits for, or what is wrong though it works; it holds no password."""

    word: SourceWord
    detail: str = ""


class Source(Protocol):
    """Frames, one after the other, read in one thread: it opens file or device, and only it lets go of them."""

    @property
    def kind(self) -> SourceKind:
        """What kind of source it is."""

    @property
    def finite(self) -> bool:
        """Whether it will end by itself."""

    @property
    def state(self) -> SourceState:
        """How it is now; from any thread."""

    @property
    def skipped(self) -> int:
        """Frames that were left out because they were late."""

    def __iter__(self) -> Generator[Frame, None, None]:
        """All frames until the source ends or is closed; what cannot be read now is tried again and again."""

    def close(self) -> None:
        """Ask it to end, from any thread; the thread that reads then lets go, before its next frame."""

"""Where vectors come from: `photos`, `camera:door`, or another name that somebody chose.

Vectors of one source share a direction, because the network sees its lens and light in all of them
(docs/decisions/averages.md). So each vector keeps the name of its source.
"""

import re
import sys
from collections import Counter
from collections.abc import Iterable

from twinface.errors import InputError

PHOTOS = "photos"
"""The source of pictures of which nobody said another one."""

_CAMERA = "camera:"
_SOURCE = re.compile(rf"(?:{_CAMERA})?[A-Za-z0-9_-]{{1,32}}")


def camera_source(camera: str) -> str:
    """The source of what the camera of this name sees."""
    return f"{_CAMERA}{camera}"


def is_camera(source: str) -> bool:
    """Whether a source is a camera."""
    return source.startswith(_CAMERA)


def is_source(text: object) -> bool:
    """Whether it is the name of a source."""
    return isinstance(text, str) and _SOURCE.fullmatch(text) is not None


def checked_source(text: str) -> str:
    """The source that somebody named. Raises InputError for a name that no camera could have either."""
    if not is_source(text):
        raise InputError(
            f"the source {text[:64]!a}: write 1 to 32 of the characters A-Z a-z 0-9 _ -, after `{_CAMERA}` for a camera"
        )
    return text


def shared(sources: Iterable[str]) -> tuple[str, ...]:
    """The same names, each as one object however often it is there, which a pickle then holds once."""
    return tuple(map(sys.intern, sources))


def count_sources(sources: Iterable[str]) -> dict[str, int]:
    """How many vectors are from each source, in the order of their names."""
    return dict(sorted(Counter(sources).items()))

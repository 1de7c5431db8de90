"""Folders of pictures, shown like a slow slideshow."""

import logging
from collections.abc import Sequence
from pathlib import Path

from twinface.errors import InputError
from twinface.faces.pictures import read_image
from twinface.faces.sources.playback import Pass, Playable
from twinface.text import printable

_log = logging.getLogger(__name__)


def play_pictures(pictures: Sequence[Path], copies: int, period_ms: float) -> Pass:
    """Each picture `copies` times, the first of them a cut; one that cannot be read is passed over with a warning."""
    shown = 0
    for path in pictures:
        try:
            image = read_image(path)
        except InputError as error:
            _log.warning("picture passed over: %s", printable(str(error)))
            continue
        for copy in range(copies):
            yield Playable((shown * copies + copy) * period_ms, period_ms, copy == 0, image.copy)
        shown += 1

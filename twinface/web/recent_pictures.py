"""The pictures of the last looks, in memory only: gone at a restart, and once the store of events lets go of a look."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from twinface.errors import ArtefactError
from twinface.events.event import TrackKey
from twinface.events.look_queries import kept_crops
from twinface.files import FileState
from twinface.messages.schema import LookPicture, Message

MOST = 2000
_MOST_BYTES = 16_000_000
_STORED_WITHIN_S = 30.0
"""A look is in the store by then, or will not be."""


class _Picture(NamedTuple):
    jpeg: bytes
    at_s: float


class RecentPictures:
    """The newest pictures, at most MOST; for any number of threads.

    `store` is the database of events: a picture whose look is not in it is let go of by `tidy`. So whoever is
    forgotten is forgotten here, too, and what is too old, or was replaced by a better look, goes.
    """

    def __init__(self, store: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._clock = clock
        self._pictures: OrderedDict[tuple[TrackKey, int], _Picture] = OrderedDict()
        self._bytes = 0
        self._seen: tuple[FileState | None, ...] = ()
        self._stored: set[tuple[TrackKey, int]] = set()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._pictures)

    def take(self, message: Message) -> None:
        """Keep the picture of a message."""
        body = message.body
        if not isinstance(body, LookPicture) or message.array is None:
            return
        look = TrackKey(body.camera, body.epoch, body.track), body.crop
        with self._lock:
            self._remove(look)
            self._pictures[look] = _Picture(message.array.tobytes(), self._clock())
            self._bytes += message.array.nbytes
            while len(self._pictures) > MOST or self._bytes > _MOST_BYTES:
                self._remove(next(iter(self._pictures)))

    def find(self, key: TrackKey, crop: int) -> bytes | None:
        """The JPEG of a look, None where it is not, or no longer, here."""
        found = self._pictures.get((key, crop))
        return found.jpeg if found else None

    def pictured_tracks(self) -> set[TrackKey]:
        """Of which tracks there is a picture."""
        with self._lock:
            return {key for key, _ in self._pictures}

    def tidy(self) -> None:
        """Let go of pictures whose looks are not in the store; cheap where nothing has changed. For one thread."""
        now_s = self._clock()
        seen = tuple(FileState.of(Path(f"{self._store}{end}")) for end in ("", "-wal"))
        with self._lock:
            ages_s = {look: now_s - one.at_s for look, one in self._pictures.items()}
        late = {look for look, age_s in ages_s.items() if age_s > _STORED_WITHIN_S} - self._stored
        if seen == self._seen and not late:
            return
        try:
            kept = kept_crops(self._store, {key for key, _ in ages_s})
        except ArtefactError:
            return
        gone, self._stored, self._seen = (late | self._stored) - kept, ages_s.keys() & kept, seen
        with self._lock:
            for look in gone:
                self._remove(look)

    def _remove(self, look: tuple[TrackKey, int]) -> None:
        if (picture := self._pictures.pop(look, None)) is not None:
            self._bytes -= len(picture.jpeg)

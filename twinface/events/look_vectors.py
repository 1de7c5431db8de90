"""The vectors of all kept looks, as one array: for a search through them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from twinface.events.database import is_there, reading
from twinface.events.event import TrackKey

_EVER_NS = 2**63 - 1
_SELECT = """
    SELECT camera, stream, track, crop, at_ns, vector, ifnull(stored_ns, at_ns) FROM looks
    WHERE ifnull(stored_ns, at_ns) > ? AND network = ? AND length(vector) = ?
"""
_SPAN = """
    SELECT min(since_ns), max(at_ns) FROM events
    WHERE subject = 'track' AND kind IN ('enter', 'update', 'exit') AND camera = ? AND stream = ? AND track = ?
"""
_LAST = """
    SELECT name, state FROM events
    WHERE subject = 'track' AND kind IN ('enter', 'update', 'exit') AND camera = ? AND stream = ? AND track = ?
    ORDER BY sequence DESC LIMIT 1
"""
_IS_KEPT = "SELECT 1 FROM looks WHERE camera = ? AND stream = ? AND track = ? AND crop = ?"


@dataclass(frozen=True, slots=True, eq=False)
class LookVectors:
    """Looks in the order they were stored: `tracks[track_index[i]]`, number `crops[i]`, taken at `at_ns[i]`, has
    `vectors[i]`, float32 (n, d). The arrays of numbers are int64 (n,); `stored_ns` is when the last one was stored, by
    the age clock.
    """

    tracks: tuple[TrackKey, ...]
    track_index: NDArray[np.int64]
    crops: NDArray[np.int64]
    at_ns: NDArray[np.int64]
    vectors: NDArray[np.float32]
    stored_ns: int
    _number: dict[TrackKey, int] = field(default_factory=dict)

    @classmethod
    def none(cls, dimension: int) -> "LookVectors":
        """No looks, at vectors of `dimension` numbers."""
        empty = np.empty(0, np.int64)
        return cls((), empty, empty, empty, np.empty((0, dimension), np.float32), -_EVER_NS)

    def with_later(self, path: Path, network: str) -> "LookVectors":
        """These, and what was stored since, of vectors of `network`, a fingerprint.

        Raises ArtefactError as `read_events` does.
        """
        dimension = self.vectors.shape[1]
        if not is_there(path):
            return self.none(dimension)
        with reading(path) as connection:
            rows = connection.execute(_SELECT, [self.stored_ns, network, 4 * dimension]).fetchall()
        if not rows:
            return self
        numbers = dict(self._number)
        index = [numbers.setdefault(TrackKey(*row[:3]), len(numbers)) for row in rows]
        vectors = np.frombuffer(b"".join(row[5] for row in rows), "<f4").reshape(len(rows), dimension)
        return LookVectors(
            tuple(numbers),
            np.concatenate([self.track_index, index]).astype(np.int64),
            np.concatenate([self.crops, [row[3] for row in rows]]).astype(np.int64),
            np.concatenate([self.at_ns, [row[4] for row in rows]]).astype(np.int64),
            np.concatenate([self.vectors, vectors]),
            max(row[6] for row in rows),
            numbers,
        )


@dataclass(frozen=True, slots=True)
class TrackSpan:
    """From when to when a track was seen, by the wall clock, and what it was said to be last."""

    since_ns: int
    until_ns: int
    name: str | None
    state: str


def track_spans(path: Path, looks: Sequence[tuple[TrackKey, int]]) -> list[TrackSpan | None]:
    """Of each look, by its track and crop, what is known of the track; None where the look is not kept any more.

    Raises ArtefactError as `read_events` does.
    """
    if not is_there(path):
        return [None] * len(looks)
    found: list[TrackSpan | None] = []
    with reading(path) as connection:
        for key, crop in looks:
            kept = connection.execute(_IS_KEPT, (*key, crop)).fetchone()
            last = connection.execute(_LAST, key).fetchone()
            span = connection.execute(_SPAN, key).fetchone()
            found.append(TrackSpan(*span, *last) if kept and last else None)
    return found

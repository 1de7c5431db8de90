"""Was this face ever here: the kept looks that a face matches, of all tracks, the best first."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from twinface.averages.average import Averages, adjusted_vectors
from twinface.events.event import TrackKey
from twinface.events.look_vectors import LookVectors, TrackSpan, track_spans
from twinface.gallery.person import PHOTOS, camera_source
from twinface.matching.vectors import centre, normalised
from twinface.networks.recipe import NetworkRecipe
from twinface.recognition.naming import Naming
from twinface.types import Vectors

_SCORED_AT_ONCE = 64
"""What a head prepares of a look takes a millisecond, which those that are nearest by cosine are worth."""

_PREPARED_AT_ONCE = 2048
"""Whose numbers stay in the processor's cache meanwhile."""

_READ_AGAIN_AFTER_S = 600.0
"""Looks that are not kept any more are out of memory by then; they are out of every answer at once."""


@dataclass(frozen=True, slots=True)
class WhichLooks:
    """Those taken at `since_ns` ≤ t < `until_ns`, by the wall clock, at a `camera`; of no more tracks than `limit`."""

    since_ns: int | None = None
    until_ns: int | None = None
    camera: str | None = None
    limit: int = 20


@dataclass(frozen=True, slots=True)
class MatchingVisit:
    """A track of which a look matches: its best matching look by the number `crop`, and its `score`, 0…1."""

    key: TrackKey
    crop: int
    score: float
    span: TrackSpan


class _Units(NamedTuple):
    averages: Averages | None
    vectors: Vectors


class LookSearch:
    """Searches the looks in the database `store` that are of the network of `recipe`.

    Vectors are kept in memory, and those stored since are read before each search.
    """

    def __init__(self, store: Path, recipe: NetworkRecipe, clock: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._recipe = recipe
        self._clock = clock
        self._looks = LookVectors.none(recipe.dimension)
        self._units = _Units(None, self._looks.vectors)
        self._read_at_s = clock()
        self._lock = threading.Lock()

    def read(self, averages: Averages | None) -> tuple[LookVectors, Vectors]:
        """All looks, with what was stored since, and in which direction each lies from what all share, float32 (n, d).

        For any number of threads: one may read before anybody searches. Raises ArtefactError where the store cannot be
        read.
        """
        with self._lock:
            if self._clock() - self._read_at_s > _READ_AGAIN_AFTER_S:
                self._looks, self._read_at_s = LookVectors.none(self._recipe.dimension), self._clock()
                self._units = _Units(None, self._looks.vectors)
            self._looks = self._looks.with_later(self._store, self._recipe.fingerprint)
            known = len(self._units.vectors)
            if averages is not self._units.averages or known > len(self._looks.vectors):
                known = 0
            units = _units_of(self._looks, averages, self._units.vectors[:known])
            self._units = _Units(averages, units)
            return self._looks, units

    def search(self, face: NDArray[np.float32], naming: Naming, which: WhichLooks) -> list[MatchingVisit]:
        """The tracks of which a look reaches the threshold with a `face`, float32 (d,), of a picture; best first.

        Scores are those of the head in force, relative to the averages of the sources. Raises ArtefactError where the
        store cannot be read.
        """
        averages, threshold = naming.averages, naming.threshold_of_pairs.value
        looks, units = self.read(averages)
        probe = adjusted_vectors(face[np.newaxis], PHOTOS, averages)
        nearest = np.flatnonzero(_chosen(looks, which))
        likeness = (units @ _directions(probe, averages)[0])[nearest]
        nearest = nearest[np.argsort(-likeness)]
        best: dict[int, tuple[float, int]] = {}
        for start in range(0, len(nearest), _SCORED_AT_ONCE):
            rows = nearest[start : start + _SCORED_AT_ONCE]
            scores = naming.head.prepare(_adjusted(looks, rows, averages))(probe)[0]
            reached = scores >= threshold
            for row, score in zip(rows[reached], scores[reached], strict=True):
                track = int(looks.track_index[row])
                best[track] = max(best.get(track, (-1.0, 0)), (float(score), int(row)))
            if not reached.any() or len(best) >= 2 * which.limit:
                break
        return self._described(looks, sorted(best.values(), reverse=True), which.limit)

    def _described(self, looks: LookVectors, found: list[tuple[float, int]], limit: int) -> list[MatchingVisit]:
        named = [(looks.tracks[looks.track_index[row]], int(looks.crops[row])) for _, row in found]
        spans = track_spans(self._store, named)
        visits = [
            MatchingVisit(key, crop, score, span)
            for (score, _), (key, crop), span in zip(found, named, spans, strict=True)
            if span is not None
        ]
        return visits[:limit]


def _chosen(looks: LookVectors, which: WhichLooks) -> NDArray[np.bool_]:
    chosen = np.ones(len(looks.crops), bool)
    if which.since_ns is not None:
        chosen &= looks.at_ns >= which.since_ns
    if which.until_ns is not None:
        chosen &= looks.at_ns < which.until_ns
    if which.camera is not None:
        of_camera = np.fromiter((key.camera == which.camera for key in looks.tracks), bool, len(looks.tracks))
        chosen &= of_camera[looks.track_index]
    return chosen


def _adjusted(looks: LookVectors, rows: NDArray[np.intp], averages: Averages | None) -> Vectors:
    """The vectors of some looks as heads compare them."""
    vectors = looks.vectors[rows]
    cameras = np.array([looks.tracks[looks.track_index[row]].camera for row in rows])
    for camera in set(cameras.tolist()):
        own = cameras == camera
        vectors[own] = adjusted_vectors(vectors[own], camera_source(camera), averages)
    return vectors


def _units_of(looks: LookVectors, averages: Averages | None, known: Vectors) -> Vectors:
    """The directions of all looks, of which the first are `known` already."""
    if len(known) == len(looks.vectors):
        return known
    units = np.empty_like(looks.vectors)
    units[: len(known)] = known
    for start in range(len(known), len(units), _PREPARED_AT_ONCE):
        rows = np.arange(start, min(start + _PREPARED_AT_ONCE, len(units)))
        units[rows] = _directions(_adjusted(looks, rows, averages), averages)
    return units


def _directions(vectors: Vectors, averages: Averages | None) -> Vectors:
    return normalised(vectors if averages is None else centre(vectors, averages.prior))

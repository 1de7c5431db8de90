"""Was this face ever here: the kept looks that a face matches, of all tracks, the best first."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

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


class LookSearch:
    """Searches the looks in the database `store` that are of the network of `recipe`.

    Vectors are kept in memory, and those stored since are read before each search.
    """

    def __init__(self, store: Path, recipe: NetworkRecipe, clock: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._recipe = recipe
        self._clock = clock
        self._looks = LookVectors.none(recipe.dimension)
        self._read_at_s = clock()
        self._kept: tuple[LookVectors, Averages | None, tuple[Vectors, Vectors]] | None = None

    def search(self, face: NDArray[np.float32], naming: Naming, which: WhichLooks) -> list[MatchingVisit]:
        """The tracks of which a look reaches the threshold with a `face`, float32 (d,), of a picture; best first.

        Scores are those of the head in force, relative to the averages of the sources. Raises ArtefactError where the
        store cannot be read.
        """
        if self._clock() - self._read_at_s > _READ_AGAIN_AFTER_S:
            self._looks, self._read_at_s = LookVectors.none(self._recipe.dimension), self._clock()
        looks = self._looks = self._looks.with_later(self._store, self._recipe.fingerprint)
        averages, threshold = naming.averages, naming.threshold_of_pairs.value
        adjusted, units = self._prepared(averages)
        probe = adjusted_vectors(face[np.newaxis], PHOTOS, averages)
        nearest = np.flatnonzero(self._chosen(which))
        likeness = units[nearest] @ _units(probe, averages)[0]
        nearest = nearest[np.argsort(-likeness, kind="stable")]
        best: dict[int, tuple[float, int]] = {}
        for start in range(0, len(nearest), _SCORED_AT_ONCE):
            rows = nearest[start : start + _SCORED_AT_ONCE]
            scores = naming.head.prepare(adjusted[rows])(probe)[0]
            reached = scores >= threshold
            for row, score in zip(rows[reached], scores[reached], strict=True):
                track = int(looks.track_index[row])
                best[track] = max(best.get(track, (-1.0, 0)), (float(score), int(row)))
            if not reached.any() or len(best) >= 2 * which.limit:
                break
        return self._described(sorted(best.values(), reverse=True), which.limit)

    def _described(self, found: list[tuple[float, int]], limit: int) -> list[MatchingVisit]:
        looks = self._looks
        named = [(looks.tracks[looks.track_index[row]], int(looks.crops[row])) for _, row in found]
        spans = track_spans(self._store, named)
        visits = [
            MatchingVisit(key, crop, score, span)
            for (score, _), (key, crop), span in zip(found, named, spans, strict=True)
            if span is not None
        ]
        return visits[:limit]

    def _chosen(self, which: WhichLooks) -> NDArray[np.bool_]:
        looks = self._looks
        chosen = np.ones(len(looks.crops), bool)
        if which.since_ns is not None:
            chosen &= looks.at_ns >= which.since_ns
        if which.until_ns is not None:
            chosen &= looks.at_ns < which.until_ns
        if which.camera is not None:
            of_camera = np.fromiter((key.camera == which.camera for key in looks.tracks), bool, len(looks.tracks))
            chosen &= of_camera[looks.track_index]
        return chosen

    def _prepared(self, averages: Averages | None) -> tuple[Vectors, Vectors]:
        """The vectors of all looks as heads compare them, and in which direction each lies from what all share."""
        looks, kept = self._looks, self._kept
        if kept is not None and kept[0] is looks and kept[1] is averages:
            return kept[2]
        adjusted = np.empty_like(looks.vectors)
        cameras = sorted({key.camera for key in looks.tracks})
        numbers = {camera: number for number, camera in enumerate(cameras)}
        of_track = np.array([numbers[key.camera] for key in looks.tracks], np.int64)
        for camera, number in numbers.items():
            own = of_track[looks.track_index] == number
            adjusted[own] = adjusted_vectors(looks.vectors[own], camera_source(camera), averages)
        prepared = adjusted, _units(adjusted, averages)
        self._kept = looks, averages, prepared
        return prepared


def _units(vectors: Vectors, averages: Averages | None) -> Vectors:
    return normalised(vectors if averages is None else centre(vectors, averages.prior))

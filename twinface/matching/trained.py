"""Heads of layers on what differs between two vectors: folded to one vector where linear, layered where not."""

from abc import abstractmethod
from collections.abc import Sequence

import numpy as np

from twinface.matching.heads import Head, Scorer, Scores, sigmoid
from twinface.matching.layers import Dense
from twinface.matching.spec import HeadSpec
from twinface.matching.vectors import checked_vectors, normalised
from twinface.types import Vectors

_BLOCK_BYTES = 1 << 20
"""Differences are made so many bytes at a time: they stay in the cache, and memory is bounded for any gallery."""


class DifferenceHead(Head):
    """A head that sees of two vectors one number for each of theirs, |a - b| as a rule; subclasses say what follows."""

    def __init__(self, spec: HeadSpec, dimension: int) -> None:
        self.spec = spec
        self.dimension = dimension
        self._rows = max(1, _BLOCK_BYTES // (4 * dimension))

    @abstractmethod
    def _scores(self, differences: Vectors) -> Scores:
        """Scores (n,) of differences (n, d)."""

    def prepare(self, gallery: Vectors) -> Scorer:
        """A scorer that holds the gallery ready; see Head."""
        ready = self._ready(gallery)

        def score(probes: Vectors) -> Scores:
            probes = self._ready(probes)
            scores = np.empty((len(probes), len(ready)), np.float32)
            buffer = np.empty((self._rows, self.dimension), np.float32)
            for start in range(0, len(ready), self._rows):
                block = ready[start : start + self._rows]
                differences = buffer[: len(block)]
                for row, probe in enumerate(probes):
                    self._combine(block, probe, differences)
                    scores[row, start : start + len(block)] = self._scores(differences)
            return scores

        return score

    def score_pairs(self, a: Vectors, b: Vectors) -> Scores:
        """Scores of pairs, in bounded memory; see Head."""
        scores = np.empty(len(a), np.float32)
        for start in range(0, len(a), self._rows):
            rows = slice(start, start + self._rows)
            ready = self._ready(a[rows])
            self._combine(ready, self._ready(b[rows]), ready)
            scores[rows] = self._scores(ready)
        return scores

    def _ready(self, vectors: Vectors) -> Vectors:
        checked = checked_vectors(vectors, self.dimension)
        return normalised(checked) if self.spec.normalisation.vectors == "l2" else checked.copy()

    def _combine(self, a: Vectors, b: Vectors, out: Vectors) -> None:
        pair = self.spec.normalisation.pair
        if pair == "product":
            np.multiply(a, b, out=out)
            return
        np.subtract(a, b, out=out)
        (np.square if pair == "squared" else np.abs)(out, out=out)


class FoldedHead(DifferenceHead):
    """logit = |a - b| · weights + bias: what dense layers without activations between them come to."""

    def __init__(self, spec: HeadSpec, weights: Vectors, bias: float) -> None:
        super().__init__(spec, len(weights))
        self._weights, self._bias = weights, np.float32(bias)

    def _scores(self, differences: Vectors) -> Scores:
        return sigmoid(differences @ self._weights + self._bias)


class LayeredHead(DifferenceHead):
    """Dense layers with activations between them."""

    def __init__(self, spec: HeadSpec, layers: Sequence[Dense]) -> None:
        super().__init__(spec, layers[0].weights.shape[0])
        self._layers = tuple(layers)

    def _scores(self, differences: Vectors) -> Scores:
        for layer in self._layers:
            differences = layer(differences)
        return sigmoid(differences[:, 0])

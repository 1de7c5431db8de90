"""What is evaluated: a plain metric between vectors, or a trained head."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from twinface.errors import ArtefactError
from twinface.matching.cohort import Cohort
from twinface.matching.head_folder import built_in_head, trained_people
from twinface.matching.head_spec import HeadSpec
from twinface.matching.heads import Scorer
from twinface.matching.open_head import load_head
from twinface.matching.vectors import checked_vectors, normalised
from twinface.progress import ShowProgress
from twinface.types import Scores, Vectors

METRICS = ("cosine", "l1")
HEAD = "head"
"""The metric that is a head, or in its place the one that is bundled for a network."""

_ROWS_AT_ONCE = 256
_BLOCK_NUMBERS = 1 << 21


@dataclass(frozen=True, slots=True, eq=False)
class Similarity:
    """`prepare` and `score_pairs` are those of a Head, but scores may be of any range; higher is more alike.

    `metric` is "cosine", "l1" or, of a head, "head"; then `head` is its folder, `spec` what it says of itself, and
    `trained_people` has the digests of the people that it was trained or tuned on. With its `cohort` it compares
    vectors that are adjusted by the averages of their sources.
    """

    metric: str
    head: Path | None
    trained_people: frozenset[str]
    prepare: Callable[[Vectors], Scorer]
    score_pairs: Callable[[Vectors, Vectors], Scores]
    spec: HeadSpec | None = None
    cohort: Cohort | None = None


def choose_similarity(metric: str, head: Path | None, network: str) -> Similarity:
    """The head in a folder, for vectors of the network with this fingerprint; without one, the metric.

    `metric` "cosine" is the cosine of two vectors, "l1" minus the sum of |a - b| of vectors made of length 1, "head"
    the head that is bundled for the network. Raises ArtefactError when the head cannot be read, does not say whom it
    was trained on, or none is bundled; FingerprintError when it is for another network.
    """
    if head is None and metric == HEAD:
        head = built_in_head(network)
        if head is None:
            raise ArtefactError(
                f"--metric {HEAD}: no head is bundled for the network {network[:12]}; name one with --head, or give"
                " --metric cosine"
            )
    if head is None:
        prepare, score_pairs = (_prepare_cosine, cosine_of_pairs) if metric == "cosine" else (_prepare_l1, _l1)
        return Similarity(metric, None, frozenset(), prepare, score_pairs)
    loaded = load_head(head, network)
    return Similarity(HEAD, head, trained_people(head), loaded.prepare, loaded.score_pairs, loaded.spec, loaded.cohort)


def score_matrix(vectors: Vectors, similarity: Similarity, show: ShowProgress) -> Scores:
    """Scores (n, n) of each two of the vectors (n, d). Raises ArtefactError when they do not fit the head."""
    scores = np.empty((len(vectors), len(vectors)), np.float32)
    starts = range(0, len(vectors), _ROWS_AT_ONCE)
    with show("comparing", len(starts)) as bar:
        for start in starts:
            end = start + _ROWS_AT_ONCE
            block = similarity.prepare(vectors[start:])(vectors[start:end])
            scores[start:end, start:] = block
            scores[start:, start:end] = block.T
            bar.advance()
    return scores


def _prepare_cosine(gallery: Vectors) -> Scorer:
    columns = normalised(checked_vectors(gallery)).T
    return lambda probes: np.asarray(normalised(checked_vectors(probes, columns.shape[0])) @ columns, np.float32)


def cosine_of_pairs(a: Vectors, b: Vectors) -> Scores:
    """Cosines (n,) of the pairs a[i], b[i], both (n, d)."""
    unit_a, unit_b = normalised(checked_vectors(a)), normalised(checked_vectors(b, a.shape[1]))
    return np.asarray(np.einsum("nd,nd->n", unit_a, unit_b), np.float32)


def _prepare_l1(gallery: Vectors) -> Scorer:
    ready = normalised(checked_vectors(gallery))
    rows = max(1, _BLOCK_NUMBERS // ready.shape[1])

    def score(probes: Vectors) -> Scores:
        scores = np.empty((len(probes), len(ready)), np.float32)
        for row, probe in enumerate(normalised(checked_vectors(probes, ready.shape[1]))):
            for start in range(0, len(ready), rows):
                scores[row, start : start + rows] = -np.abs(ready[start : start + rows] - probe).sum(axis=1)
        return scores

    return score


def _l1(a: Vectors, b: Vectors) -> Scores:
    unit_a, unit_b = normalised(checked_vectors(a)), normalised(checked_vectors(b, a.shape[1]))
    return np.asarray(-np.abs(unit_a - unit_b).sum(axis=1), np.float32)

"""Evaluation on a list of pairs: pictures → vectors → scores → figures."""

import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from twinface.errors import InputError, NoFaceError
from twinface.evaluation.figures.fold_accuracy import fold_numbers, folded_accuracy
from twinface.evaluation.figures.intervals import share_interval
from twinface.evaluation.figures.results import PairsEvaluation, measure_verification
from twinface.evaluation.figures.verification import ScoredPairs, Subject
from twinface.evaluation.protocols.comparison import Similarity, choose_similarity
from twinface.evaluation.protocols.pairs_file import PairList, read_pairs
from twinface.evaluation.protocols.split import person_digest
from twinface.networks.registry import find_recipe
from twinface.progress import ShowProgress, no_progress
from twinface.recognition.averaging import adjust_pictures
from twinface.recognition.embedding import EmbeddedFace
from twinface.recognition.extraction import Embedder
from twinface.text import plural
from twinface.types import Scores, Vectors

_PAIRS_AT_ONCE = 4096


def evaluate_pairs(
    pairs_file: Path,
    images: Path,
    network: str | Path,
    *,
    metric: str = "cosine",
    head: Path | None = None,
    aligned: bool = False,
    seed: int = 0,
    show: ShowProgress = no_progress,
) -> PairsEvaluation:
    """Verify the pairs of a file, each picture embedded once; the main face of each is compared.

    A pair with a picture without a face is decided "different", has the lowest of all scores, and is counted. Pairs
    with somebody the head was trained on are left out. Where the head has a cohort, the pictures of the list are one
    source, and vectors are adjusted by its average. With `aligned` the pictures are crops already.
    Raises InputError (see `read_pairs`; a picture cannot be read; too few pairs are left), ArtefactError and its kin
    (network, head, see `choose_similarity`).
    """
    started_s = time.perf_counter()
    listed = read_pairs(pairs_file, images)
    recipe = find_recipe(network)
    similarity = choose_similarity(metric, head, recipe.fingerprint)
    kept = _unlearnt_pairs(listed, similarity)
    fold = _number_folds(pairs_file, listed)[kept]
    first, second, same = listed.first[kept], listed.second[kept], listed.same[kept]
    if len(np.unique(same)) < 2 or len(np.unique(fold)) < 2:
        raise InputError(
            f"{pairs_file}: {len(listed.same) - kept.sum()} of {len(listed.same)} pairs show people that"
            f" {similarity.head} was trained on, too few are left; name a list of other people"
        )
    row, vectors = _embed(listed, np.union1d(first, second), network, aligned=aligned, show=show)
    if similarity.cohort is not None:
        vectors = adjust_pictures(vectors, similarity.cohort)
    scores = _score(row[first], row[second], vectors, similarity, show)
    with show("intervals", None):
        pairs = ScoredPairs(scores, same, first, second, listed.person)
        folded = folded_accuracy(scores, same, fold)
        return PairsEvaluation(
            subject=Subject(similarity.metric, similarity.head, recipe.name, recipe.fingerprint),
            verification=measure_verification(pairs_file.name, pairs, seed),
            folded=folded,
            accuracy_interval=share_interval(folded.right, pairs, seed=seed),
            undetected=int(np.isneginf(scores).sum()),
            undetected_pictures=len(np.union1d(first, second)) - len(vectors),
            left_out=int((~kept).sum()),
            pictures=listed.pictures,
            seconds=time.perf_counter() - started_s,
        )


def _number_folds(pairs_file: Path, listed: PairList) -> NDArray[np.intp]:
    try:
        return fold_numbers(listed.same, listed.folds)
    except ValueError as error:
        raise InputError(
            f"{pairs_file}: one pair of a kind; the threshold is chosen on other pairs, so at least two of the same"
            " person and two of different people are needed, better ten"
        ) from error


def _unlearnt_pairs(listed: PairList, similarity: Similarity) -> NDArray[np.bool_]:
    """The pairs of which neither picture shows somebody whom the head was trained on, (n,)."""
    if not similarity.trained_people:
        return np.ones(len(listed.same), np.bool_)
    learnt = np.array(
        [any(person_digest(name) in similarity.trained_people for name in names) for names in listed.names]
    )
    return np.asarray(~(learnt[listed.first] | learnt[listed.second]))


def _embed(
    listed: PairList, wanted: NDArray[np.int32], network: str | Path, *, aligned: bool, show: ShowProgress
) -> tuple[NDArray[np.intp], Vectors]:
    """The vectors (m, d) of the pictures with a face, and the row of each picture in them, -1 without a face."""
    row = np.full(len(listed.pictures), -1, np.intp)
    vectors: list[NDArray[np.float32]] = []
    with Embedder(network, aligned=aligned) as embedder, show("embedding pictures", len(wanted)) as bar:
        results = embedder.embed_files(listed.pictures[place] for place in wanted)
        for place, (_, result) in zip(wanted, results, strict=True):
            if isinstance(result, EmbeddedFace):
                row[place] = len(vectors)
                vectors.append(result.vector)
            elif not isinstance(result, NoFaceError):
                raise result
            bar.advance()
    if not vectors:
        raise InputError(
            f"no face in any of {plural(len(wanted), 'picture')}; for crops that are cut already give --aligned"
        )
    return row, np.stack(vectors)


def _score(
    first: NDArray[np.intp], second: NDArray[np.intp], vectors: Vectors, similarity: Similarity, show: ShowProgress
) -> Scores:
    """The scores of pairs of rows of the vectors; -inf where there is no row."""
    scores = np.full(len(first), -np.inf, np.float32)
    detected = np.flatnonzero((first >= 0) & (second >= 0))
    starts = range(0, len(detected), _PAIRS_AT_ONCE)
    with show("comparing", len(starts)) as bar:
        for start in starts:
            part = detected[start : start + _PAIRS_AT_ONCE]
            scores[part] = similarity.score_pairs(vectors[first[part]], vectors[second[part]])
            bar.advance()
    return scores

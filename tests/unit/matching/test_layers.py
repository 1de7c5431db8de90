"""Trained heads: folded or layered, the logit is the one that was trained."""

import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from twinface.errors import ArtefactError
from twinface.matching import load_head
from twinface.matching.layers import Dense, FoldedHead, LayeredHead, fold

WriteHead = Callable[..., Path]
NETWORK = "a" * 64
SEED_UNITS = (512, 256, 32, 1)


def logit(scores: np.ndarray) -> np.ndarray:
    scores = scores.astype(np.float64)
    return np.log(scores / (1.0 - scores))


def reference(folder: Path, a: np.ndarray, b: np.ndarray, *, l2: bool = False, standard: bool = False) -> np.ndarray:
    """Logits of pairs by the definition, in double precision, relu between the layers where their file says so."""
    import json

    layers = json.loads((folder / "head.json").read_text())["layers"]
    weights = {name: array.astype(np.float64) for name, array in np.load(folder / "head.npz").items()}
    a, b = a.astype(np.float64), b.astype(np.float64)
    if l2:
        a, b = (x / np.linalg.norm(x, axis=1, keepdims=True) for x in (a, b))
    x = np.abs(a - b)
    if standard:
        x = x / weights["deviation"]
    for number, layer in enumerate(layers):
        x = x @ weights[f"w{number}"] + weights[f"b{number}"]
        if layer["activation"] == "relu":
            x = np.maximum(x, 0.0)
        if layer["activation"] == "tanh":
            x = np.tanh(x)
    return x[:, 0]


@pytest.fixture
def pairs(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    a, b = (random.normal(size=(300, 64)).astype(np.float32) for _ in range(2))
    return a, b


def test_folded_and_layered_give_the_same_logit(random: np.random.Generator) -> None:
    sides = (2048, *SEED_UNITS)
    layers = [
        Dense(
            (random.normal(size=(inputs, units)) / inputs**0.5).astype(np.float32),
            random.normal(size=units, scale=0.1).astype(np.float32),
            "linear",
        )
        for inputs, units in zip(sides, SEED_UNITS, strict=False)
    ]
    differences = np.abs(random.normal(size=(200, 2048))).astype(np.float32)
    layered = differences
    for layer in layers:
        layered = layer(layered)
    folded = fold(layers)
    assert folded is not None
    weights, bias = folded
    assert weights.shape == (2048,)
    np.testing.assert_allclose(differences @ weights + bias, layered[:, 0], atol=1e-5)


def test_the_original_architecture_is_folded(write_head: WriteHead, pairs: tuple[np.ndarray, np.ndarray]) -> None:
    folder = write_head(SEED_UNITS)
    head = load_head(folder, NETWORK)
    assert isinstance(head, FoldedHead)
    np.testing.assert_allclose(logit(head.score_pairs(*pairs)), reference(folder, *pairs), atol=1e-4)


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_layers_with_activations_are_not_folded(
    write_head: WriteHead, pairs: tuple[np.ndarray, np.ndarray], activation: str
) -> None:
    folder = write_head((32, 8, 1), [activation, "linear", "linear"])
    head = load_head(folder, NETWORK)
    assert isinstance(head, LayeredHead)
    np.testing.assert_allclose(logit(head.score_pairs(*pairs)), reference(folder, *pairs), atol=1e-4)


@pytest.mark.parametrize("activation", ["linear", "relu"])
@pytest.mark.parametrize(("l2", "standard"), [(True, False), (False, True), (True, True)])
def test_vectors_and_differences_are_normalised_as_in_training(
    write_head: WriteHead, pairs: tuple[np.ndarray, np.ndarray], activation: str, l2: bool, standard: bool
) -> None:
    normalisation = {"vectors": "l2" if l2 else "none", "difference": "standard" if standard else "none"}
    folder = write_head((16, 1), [activation, "sigmoid"], normalisation=normalisation)
    scores = load_head(folder, NETWORK).score_pairs(*pairs)
    np.testing.assert_allclose(logit(scores), reference(folder, *pairs, l2=l2, standard=standard), atol=1e-4)


@pytest.mark.parametrize("activation", ["linear", "relu"])
def test_all_ways_of_scoring_agree_over_several_blocks(
    write_head: WriteHead, random: np.random.Generator, activation: str
) -> None:
    head = load_head(write_head((16, 1), [activation, "sigmoid"], dimension=2048), NETWORK)
    gallery, probes = (random.normal(size=(n, 2048)).astype(np.float32) for n in (300, 3))
    scores = head.prepare(gallery)(probes)
    assert scores.shape == (3, 300)
    assert scores.dtype == np.float32
    for row, probe in enumerate(probes):
        np.testing.assert_allclose(head.score(probe, gallery), scores[row], atol=1e-6)
        pairwise = head.score_pairs(np.repeat(probe[None], 300, 0), gallery)
        np.testing.assert_allclose(pairwise, scores[row], atol=1e-5)


@pytest.mark.parametrize("activation", ["linear", "relu"])
def test_memory_does_not_grow_with_the_gallery(write_head: WriteHead, activation: str) -> None:
    head = load_head(write_head((16, 1), [activation, "sigmoid"], dimension=512), NETWORK)
    gallery = np.ones((20_000, 512), np.float32)
    scorer = head.prepare(gallery)
    tracemalloc.start()
    scorer(gallery[:1])
    head.score_pairs(gallery, gallery)
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak_bytes < gallery.nbytes / 4


@pytest.mark.parametrize("shape", [(0, 0), (0, 64)])
def test_an_empty_gallery_gives_no_scores(write_head: WriteHead, shape: tuple[int, int]) -> None:
    head = load_head(write_head((1,)), NETWORK)
    assert head.score(np.ones(64, np.float32), np.empty(shape, np.float32)).shape == (0,)


def test_vectors_that_do_not_fit_are_refused(write_head: WriteHead) -> None:
    head = load_head(write_head((1,)), NETWORK)
    with pytest.raises(ArtefactError, match=r"expected \(n, 64\)"):
        head.prepare(np.ones((2, 65), np.float32))
    with pytest.raises(ArtefactError, match=r"expected \(n, 64\)"):
        head.score_pairs(np.ones((2, 65), np.float32), np.ones((2, 65), np.float32))
    with pytest.raises(ArtefactError, match="not finite"):
        head.prepare(np.ones((2, 64), np.float32))(np.full((1, 64), np.nan, np.float32))

"""A user's own model as the head. custom_head.tflite is sigmoid(5 - |a - b| · (1, 2, 3, 4))."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from twinface.errors import ArtefactError
from twinface.matching import load_head

WriteHead = Callable[..., Path]
NETWORK = "a" * 64
MODEL = Path(__file__).with_name("custom_head.tflite")


def expected(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return 1.0 / (1.0 + np.exp(np.abs(a - b) @ [1.0, 2.0, 3.0, 4.0] - 5.0))


@pytest.fixture
def write_custom(write_head: WriteHead) -> WriteHead:
    def write(**changes: object) -> Path:
        folder = write_head((1,), dimension=4, architecture="custom", **changes)
        shutil.copy(MODEL, folder / "head.tflite")
        return folder

    return write


def test_pairs_and_galleries_are_scored_by_the_model(write_custom: WriteHead, random: np.random.Generator) -> None:
    head = load_head(write_custom(), NETWORK)
    gallery, probes = (random.normal(size=(n, 4)).astype(np.float32) for n in (7, 3))
    np.testing.assert_allclose(head.score_pairs(gallery, gallery[::-1]), expected(gallery, gallery[::-1]), atol=1e-5)
    np.testing.assert_allclose(head.prepare(gallery)(probes), [expected(gallery, p) for p in probes], atol=1e-5)


def test_more_vectors_than_fit_a_block_are_all_scored(write_custom: WriteHead, random: np.random.Generator) -> None:
    a, b = (random.normal(size=(70_000, 4)).astype(np.float32) for _ in range(2))
    np.testing.assert_allclose(load_head(write_custom(), NETWORK).score_pairs(a, b), expected(a, b), atol=1e-5)


def test_differences_are_divided_as_in_training(write_custom: WriteHead, random: np.random.Generator) -> None:
    folder = write_custom(normalisation={"difference": "standard"})
    deviation = np.load(folder / "head.npz")["deviation"]
    a, b = (random.normal(size=(5, 4)).astype(np.float32) for _ in range(2))
    scores = load_head(folder, NETWORK).score_pairs(a, b)
    np.testing.assert_allclose(scores, expected(a / deviation, b / deviation), atol=1e-5)


def test_vectors_of_another_length_are_refused(write_custom: WriteHead) -> None:
    with pytest.raises(ArtefactError, match=r"expected \(n, 4\)"):
        load_head(write_custom(), NETWORK).prepare(np.ones((2, 5), np.float32))


def test_a_model_of_another_form_is_refused(write_custom: WriteHead) -> None:
    folder = write_custom()
    shutil.copy(MODEL.parents[1] / "networks" / "channel_means.tflite", folder / "head.tflite")
    with pytest.raises(ArtefactError, match=r"expected one input \(n, d\) and one output \(n, 1\)"):
        load_head(folder, NETWORK)

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from twinface.errors import ArtefactError, FingerprintError
from twinface.networks import (
    NetworkRecipe,
    available_networks,
    describe_network,
    find_recipe,
    load_network,
    read_recipe,
    write_recipe,
)

CHANNEL_MEANS = Path(__file__).with_name("channel_means.tflite")
"""A LiteRT network that gives the mean of each of its three input channels: (1, 8, 8, 3) to (1, 3)."""

RECIPE = NetworkRecipe(
    name="means",
    backbone="none",
    layer="mean",
    pooling="avg",
    input_size_px=8,
    color_order="rgb",
    scaling="none",
    dimension=3,
    normalisation="none",
    quantization="none",
    runtime="litert",
    file="network.tflite",
    licence="Apache-2.0",
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A network folder without its network.json."""
    (tmp_path / "network.tflite").write_bytes(CHANNEL_MEANS.read_bytes())
    return tmp_path


def test_recipe_comes_back_with_its_fingerprint(folder: Path) -> None:
    written = write_recipe(folder, RECIPE)
    assert len(written.fingerprint) == 64
    assert read_recipe(folder) == written


def test_fingerprint_covers_the_file_and_how_it_is_fed(folder: Path) -> None:
    fingerprint = write_recipe(folder, RECIPE).fingerprint
    assert write_recipe(folder, replace(RECIPE, name="other", licence="MIT")).fingerprint == fingerprint
    changed = [
        replace(RECIPE, color_order="bgr"),
        replace(RECIPE, scaling="tf"),
        replace(RECIPE, input_size_px=16),
        replace(RECIPE, normalisation="l2"),
    ]
    assert len({fingerprint, *(write_recipe(folder, one).fingerprint for one in changed)}) == 5
    (folder / "network.tflite").write_bytes(b"other weights")
    assert write_recipe(folder, RECIPE).fingerprint != fingerprint


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"format": 2}, "format 1"),
        ({"scaling": "sideways"}, "scaling"),
        ({"dimension": "3"}, "dimension"),
        ({"dimension": 0}, "dimension"),
        ({"file": "../network.tflite"}, "file"),
        ({"colour": "rgb"}, "'colour' is unknown"),
        ({"layer": None}, "layer"),
    ],
)
def test_damaged_recipe_is_one_line_that_names_the_field(folder: Path, change: dict[str, object], problem: str) -> None:
    write_recipe(folder, RECIPE)
    path = folder / "network.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(ArtefactError, match=problem) as caught:
        read_recipe(folder)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)


def test_missing_field_is_named(folder: Path) -> None:
    write_recipe(folder, RECIPE)
    content = json.loads((folder / "network.json").read_text())
    del content["template"]
    (folder / "network.json").write_text(json.dumps(content))
    with pytest.raises(ArtefactError, match="'template' is missing"):
        read_recipe(folder)


def test_network_file_of_another_fingerprint_is_refused(folder: Path) -> None:
    write_recipe(folder, RECIPE)
    (folder / "network.tflite").write_bytes(CHANNEL_MEANS.read_bytes() + b"\0")
    with pytest.raises(FingerprintError, match="do not belong together"):
        load_network(folder)


def test_unknown_network_names_those_that_exist() -> None:
    with pytest.raises(ArtefactError, match="sface") as caught:
        load_network("no-such-network")
    assert all(name in str(caught.value) for name in available_networks())


def test_file_that_is_no_network_is_one_line(folder: Path) -> None:
    (folder / "network.tflite").write_bytes(b"not a network at all")
    write_recipe(folder, RECIPE)
    with pytest.raises(ArtefactError, match="LiteRT cannot load it") as caught:
        load_network(folder)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("color_order", "scaling", "expected"),
    [
        ("rgb", "none", [30, 20, 10]),
        ("bgr", "none", [10, 20, 30]),
        ("rgb", "tf", [30 / 127.5 - 1, 20 / 127.5 - 1, 10 / 127.5 - 1]),
        ("rgb", "torch", [(30 / 255 - 0.485) / 0.229, (20 / 255 - 0.456) / 0.224, (10 / 255 - 0.406) / 0.225]),
        ("bgr", "caffe", [10 - 103.939, 20 - 116.779, 30 - 123.68]),
        ("rgb", "caffe", [30 - 123.68, 20 - 116.779, 10 - 103.939]),
    ],
)
def test_crops_are_fed_as_the_recipe_says(folder: Path, color_order: str, scaling: str, expected: list[float]) -> None:
    write_recipe(folder, replace(RECIPE, color_order=color_order, scaling=scaling))
    crops = np.full((2, 8, 8, 3), (10, 20, 30), np.uint8)
    vectors = load_network(folder).embed(crops)
    assert vectors.dtype == np.float32
    assert vectors.flags.c_contiguous
    np.testing.assert_allclose(vectors, [expected, expected], rtol=1e-5, atol=1e-5)


def test_l2_vectors_have_length_one(folder: Path) -> None:
    write_recipe(folder, replace(RECIPE, normalisation="l2"))
    crops = np.random.default_rng(0).integers(0, 256, (3, 8, 8, 3), np.uint8)
    np.testing.assert_allclose(np.linalg.norm(load_network(folder).embed(crops), axis=1), 1, rtol=1e-6)


def test_no_crops_give_no_vectors(folder: Path) -> None:
    write_recipe(folder, RECIPE)
    assert load_network(folder).embed(np.empty((0, 8, 8, 3), np.uint8)).shape == (0, 3)


@pytest.mark.parametrize(
    "crops", [np.zeros((1, 9, 8, 3), np.uint8), np.zeros((1, 8, 8, 3), np.float32), np.zeros((8, 8, 3), np.uint8)]
)
def test_crops_of_another_shape_are_refused(folder: Path, crops: np.ndarray) -> None:
    write_recipe(folder, RECIPE)
    with pytest.raises(ValueError, match="crops: expected uint8"):
        load_network(folder).embed(crops)


def test_network_of_another_dimension_than_its_recipe_is_refused(folder: Path) -> None:
    write_recipe(folder, replace(RECIPE, dimension=4))
    with pytest.raises(ArtefactError, match="3 numbers"):
        load_network(folder)


def test_recipe_is_found_without_starting_the_network(folder: Path) -> None:
    written = write_recipe(folder, RECIPE)
    assert find_recipe(folder) == written
    (folder / "network.tflite").write_bytes(b"changed")
    with pytest.raises(FingerprintError):
        find_recipe(folder)


@pytest.mark.parametrize("name", available_networks())
def test_a_network_is_described_without_its_file_as_with_it(name: str) -> None:
    assert describe_network(name) == find_recipe(name)


def test_no_network_is_described_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ArtefactError, match="no network"):
        describe_network(tmp_path)

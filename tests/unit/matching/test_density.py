"""A density of faces: what is drawn from it is what it says, and what a file says of it is checked."""

import numpy as np
import pytest
from made_cohorts import make_density

from twinface.errors import ArtefactError
from twinface.matching.density import MOST_COMPONENTS, Density


def test_points_drawn_have_its_mean_and_covariance() -> None:
    density = make_density(3, 5, seed=1)
    points = density.imagine(60_000, seed=2)
    assert (points.dtype, points.shape) == (np.float32, (60_000, 5))
    assert points.mean(axis=0) == pytest.approx(density.weights @ density.means, abs=0.02)
    assert np.cov(points, rowvar=False) == pytest.approx(density.covariance, abs=0.02)


def test_each_component_has_its_own_mean_covariance_and_share() -> None:
    density = make_density(3, 4, seed=3)
    points = density.imagine(60_000, seed=4)
    counts = [10_000, 20_000, 30_000]
    parts = np.split(points, np.cumsum(counts)[:-1])
    for part, mean, factor in zip(parts, density.means, density.factors, strict=True):
        assert part.mean(axis=0) == pytest.approx(mean, abs=0.02)
        assert np.cov(part, rowvar=False) == pytest.approx(factor @ factor.T, abs=0.02)


@pytest.mark.parametrize("count", [0, 1, 2, 7, 1000])
def test_rare_kinds_have_their_share_to_the_nearest_number(count: int) -> None:
    apart = np.array([[0.0, 0.0], [100.0, 0.0], [200.0, 0.0]], np.float32)
    density = Density(np.array([0.9, 0.01, 0.09], np.float32), apart, np.stack([np.eye(2, dtype=np.float32)] * 3))
    points = density.imagine(count, seed=5)
    assert points.shape == (count, 2)
    found = np.bincount(np.round(points[:, 0] / 100).astype(int), minlength=3)
    assert np.abs(np.cumsum(found) - np.cumsum(density.weights) * count).max() <= 0.501


def test_the_same_seed_draws_the_same_and_another_does_not() -> None:
    density = make_density(2, 4, seed=6)
    assert np.array_equal(density.imagine(50, seed=7), density.imagine(50, seed=7))
    assert not np.isin(density.imagine(50, seed=8), density.imagine(50, seed=7)).any()


def test_it_comes_back_from_arrays_in_half_precision() -> None:
    density = make_density(3, 6, seed=9)
    arrays = density.arrays("kind")
    assert arrays["kind_factors"].dtype == np.float16
    assert arrays["kind_factors"].shape == (3, 21)
    back = Density.of_arrays({name: np.asarray(part, np.float32) for name, part in arrays.items()}, "kind")
    assert np.array_equal(back.weights, density.weights)
    assert np.array_equal(back.means, density.means)
    assert back.factors == pytest.approx(density.factors, rel=1e-3, abs=1e-6)
    assert np.array_equal(back.factors, np.tril(back.factors))


def _of_three(**changes: np.ndarray) -> dict[str, np.ndarray]:
    arrays = make_density(3, 4, seed=10).arrays("kind")
    return {name: np.asarray(part, np.float32) for name, part in (arrays | changes).items()}


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"kind_weights": np.full(2, 0.5)}, "do not fit"),
        ({"kind_factors": np.ones((3, 9))}, "do not fit"),
        ({"kind_factors": np.ones((2, 10))}, "do not fit"),
        ({"kind_means": np.ones(4)}, "kind_means of shape"),
        ({"kind_means": np.ones((0, 4))}, "kind_means of shape"),
        ({"kind_means": np.ones((1, 2050))}, "kind_means of shape"),
        ({"kind_means": np.ones((MOST_COMPONENTS + 1, 4))}, "kind_means of shape"),
        ({"kind_means": np.full((3, 4), np.nan)}, "not finite"),
        ({"kind_factors": np.full((3, 10), np.inf)}, "not finite"),
        ({"kind_weights": np.array([0.5, np.inf, 0.5])}, "not finite"),
        ({"kind_weights": np.array([1.5, -1.0, 0.5])}, "not positive"),
        ({"kind_weights": np.array([0.5, 0.0, 0.5])}, "not positive"),
        ({"kind_weights": np.array([0.5, 0.5, 0.5])}, "do not sum to 1"),
        ({"kind_weights": np.full(3, 3e38)}, "do not sum to 1"),
    ],
)
def test_arrays_that_are_no_density_are_refused(changes: dict[str, np.ndarray], match: str) -> None:
    with pytest.raises(ArtefactError, match=match):
        Density.of_arrays(_of_three(**changes), "kind")


@pytest.mark.parametrize("part", ["weights", "means", "factors"])
def test_an_array_that_is_missing_is_named(part: str) -> None:
    arrays = _of_three()
    del arrays[f"kind_{part}"]
    with pytest.raises(ArtefactError, match=f"kind_{part} is missing"):
        Density.of_arrays(arrays, "kind")


def test_as_many_components_as_are_allowed_are_taken() -> None:
    arrays = make_density(MOST_COMPONENTS, 2, seed=11).arrays("kind")
    back = Density.of_arrays({name: np.asarray(part, np.float32) for name, part in arrays.items()}, "kind")
    assert len(back.weights) == MOST_COMPONENTS

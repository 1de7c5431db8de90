"""Densities fitted to made people: groups are found, and what they are like."""

import numpy as np
import pytest

from twinface.errors import InputError
from twinface.matching.density import Density
from twinface.training.heads.densities import density_of_parts, face_points, fit_density, fit_groups, mixed

SIZES = (1500, 900, 600)
CENTRES = np.array([[1.0, 0, 0, 0, 0, 2.0], [0, 1.0, 0, 0, 0, 2.5], [0, 0, 1.0, 0, 0, 3.0]])
SPREAD = np.array([0.05, 0.1, 0.05, 0.1, 0.05, 0.2])


def _points(seed: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    parts = [centre + SPREAD * rng.normal(size=(size, 6)) for centre, size in zip(CENTRES, SIZES, strict=True)]
    return np.concatenate(parts).astype(np.float32)


def test_groups_are_found_with_their_shares_means_and_covariances() -> None:
    points = _points()
    density = fit_density(points, seed=0)
    group = ((density.means[:, np.newaxis, :5] - CENTRES[:, :5]) ** 2).sum(axis=2).argmin(axis=1)
    for number, size in enumerate(SIZES):
        weights = density.weights[group == number]
        assert weights.sum() == pytest.approx(size / sum(SIZES), abs=0.01)
        mean = (weights @ density.means[group == number]) / weights.sum()
        assert mean == pytest.approx(CENTRES[number], abs=0.02)
    assert density.covariance == pytest.approx(np.cov(points, rowvar=False), abs=0.01)
    assert np.array_equal(density.factors, np.tril(density.factors))


def test_one_group_has_its_own_spread_and_leans_on_that_of_all() -> None:
    rng = np.random.default_rng(2)
    wide, narrow = (rng.normal(size=(4000, 3)) * spread for spread in (2.0, 0.5))
    density = density_of_parts([wide.astype(np.float32), narrow.astype(np.float32)])
    assert density.weights.tolist() == [0.5, 0.5]
    pooled = (4.0 + 0.25) / 2
    for factor, own in zip(density.factors, (4.0, 0.25), strict=True):
        assert factor @ factor.T == pytest.approx((0.9 * own + 0.1 * pooled) * np.eye(3), abs=0.15)


def test_the_same_seed_fits_the_same() -> None:
    one, again, other = (fit_density(_points(), seed) for seed in (3, 3, 4))
    assert all(np.array_equal(*pair) for pair in zip(_parts(one), _parts(again), strict=True))
    assert one.means.shape != other.means.shape or not np.array_equal(one.means, other.means)


def _parts(density: Density) -> tuple[np.ndarray, ...]:
    return density.weights, density.means, density.factors


@pytest.mark.parametrize(("count", "most"), [(10, 1), (40, 2), (180, 10), (3000, 48)])
def test_there_are_as_many_components_as_the_points_carry(count: int, most: int) -> None:
    density = fit_density(_points()[:: 3000 // count][:count], seed=0)
    assert 1 <= len(density.weights) <= most
    assert density.weights.sum() == pytest.approx(1.0, abs=1e-5)
    assert np.isfinite(density.imagine(100, seed=1)).all()


def test_several_kinds_weigh_alike_however_many_people_they_have() -> None:
    few = fit_density(_points()[:300], seed=0)
    both = mixed([fit_density(_points()[300:], seed=0), few])
    assert both.weights.sum() == pytest.approx(1.0, abs=1e-5)
    assert both.weights[-len(few.weights) :].sum() == pytest.approx(0.5, abs=1e-5)
    assert np.array_equal(both.means[-len(few.weights) :], few.means)


def test_a_point_is_the_direction_less_the_average_and_the_logarithm_of_the_length() -> None:
    vectors = np.array([[3.0, 4.0], [0.0, 0.5]], np.float32)
    points = face_points(vectors, np.array([0.1, 0.2], np.float32))
    assert points.dtype == np.float32
    assert points == pytest.approx(np.array([[0.5, 0.6, np.log(5)], [-0.1, 0.8, np.log(0.5)]]), abs=1e-6)


def test_each_group_has_components_of_its_own_and_the_nearest_take_in_who_has_none() -> None:
    points = _points()
    labels = np.repeat([2, 0, 1], SIZES).astype(np.int32)
    known = labels.copy()
    labels[::3] = -1
    density, group_of = fit_groups(points, labels, seed=0)
    assert np.unique(group_of).tolist() == [0, 1, 2]
    for one in range(3):
        weights, means = density.weights[group_of == one], density.means[group_of == one]
        assert weights.sum() == pytest.approx((known == one).mean(), abs=0.01)
        assert weights @ means / weights.sum() == pytest.approx(points[known == one].mean(axis=0), abs=0.02)


def test_who_has_a_label_stays_with_it_however_like_another_group_they_are() -> None:
    points = _points()
    labels = np.repeat([0, 1], [1500, 1500]).astype(np.int32)
    labels[:200] = 1
    density, group_of = fit_groups(points, labels, seed=0)
    assert density.weights[group_of == 1].sum() == pytest.approx(1700 / 3000, abs=1e-3)


def test_a_group_of_too_few_joins_another_and_too_few_altogether_are_refused() -> None:
    points = _points()
    labels = np.repeat([0, 1, 2], SIZES).astype(np.int32)
    labels[:5] = 3
    _, group_of = fit_groups(points, labels, seed=0)
    assert np.unique(group_of).tolist() == [0, 1, 2]
    with pytest.raises(InputError, match=r"--groups: no group has the 9 strangers it needs; put groups together"):
        fit_groups(points[:40], np.arange(40, dtype=np.int32) // 8, seed=0)

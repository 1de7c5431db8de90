"""A metric with a cohort: pairs and galleries score alike, and its files belong together."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from made_cohorts import TAIL, make_cohort, make_density, write_cohort, write_cohort_head

from twinface.errors import ArtefactError
from twinface.matching import Head, load_head
from twinface.matching.cohort import IMAGINED, Cohort
from twinface.matching.head_arrays import read_cohort
from twinface.matching.head_folder import head_fingerprint
from twinface.matching.normalisation import find_nearest
from twinface.matching.plda import PldaHead
from twinface.matching.vectors import normalised

NETWORK = "c" * 64
VECTORS = (5.0 * np.random.default_rng(5).normal(size=(30, 16)) / 4.0).astype(np.float32)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_cohort_head(tmp_path_factory.mktemp("cohort") / "head", NETWORK, make_cohort(16))


@pytest.fixture(scope="module")
def head(folder: Path) -> Head:
    return load_head(folder, NETWORK)


@pytest.fixture
def copy(folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(folder, tmp_path / "head"))


def test_pairs_and_a_whole_gallery_score_alike(head: Head) -> None:
    probes, gallery = VECTORS[:10], VECTORS[8:]
    matrix = head.prepare(gallery)(probes)
    rows, columns = np.indices(matrix.shape).reshape(2, -1)
    assert matrix.reshape(-1) == pytest.approx(head.score_pairs(probes[rows], gallery[columns]), abs=1e-5)
    assert matrix[8, 0] == matrix.max(), "a face is most like itself"
    assert np.ptp(matrix) > 0.5, "scores that say something"
    assert head.prepare(gallery[:0])(probes).shape == (10, 0)


def test_scores_are_the_same_whichever_side_comes_first(head: Head) -> None:
    assert head.score_pairs(VECTORS[:15], VECTORS[15:]) == pytest.approx(
        head.score_pairs(VECTORS[15:], VECTORS[:15]), abs=1e-6
    )
    assert head.prepare(VECTORS[:9])(VECTORS[9:]) == pytest.approx(head.prepare(VECTORS[9:])(VECTORS[:9]).T, abs=1e-6)


def test_a_score_is_what_both_sides_make_of_the_nearest_of_the_reference(folder: Path, head: Head) -> None:
    arrays, cohort = np.load(folder / "head.npz"), read_cohort(folder)
    assert cohort is not None

    def told(vectors: np.ndarray) -> np.ndarray:
        moved = normalised(vectors) - arrays["centre"]
        return np.asarray(normalised(moved) @ arrays["projection"])

    def ratios(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        squares = [np.square(side) @ arrays["curvature"] for side in (a, b)]
        return a @ b.T + squares[0][:, np.newaxis] + squares[1]

    a, b = told(VECTORS[:4]), told(VECTORS[4:8])
    ratio, expected = ratios(a, b), np.zeros((4, 4))
    for side, axis in ((a, 0), (b, 1)):
        with_all = ratios(side, told(cohort.reference))
        near = find_nearest(len(side), cohort.groups, lambda rows, scores=with_all: scores[rows].copy())  # type: ignore[misc]
        lifted = ratio if axis == 0 else ratio.T
        normal = (lifted - near.mean[:, np.newaxis]) / near.deviation[:, np.newaxis]
        expected += (normal if axis == 0 else normal.T) / 2
    lengths = np.clip(np.log(np.linalg.norm(VECTORS, axis=1)), -1.0, 1.0)
    both = lengths[:4, np.newaxis] + lengths[4:8]
    bias, product, _, length, longer = arrays["coefficients"]
    logits = bias + product * expected + length * both + longer * expected * both
    assert head.prepare(VECTORS[4:8])(VECTORS[:4]) == pytest.approx(1 / (1 + np.exp(-logits)), rel=2e-3)


def test_strangers_who_come_are_those_of_the_cohort(head: Head) -> None:
    assert head.cohort is not None
    everyday, posed = head.score_strangers(head.prepare_gallery(VECTORS[:4]))
    assert everyday.shape == posed.shape == (IMAGINED, 4)
    for scores, vectors in zip((everyday, posed), head.cohort.imagined(), strict=True):
        assert scores == pytest.approx(head.prepare(VECTORS[:4])(vectors), abs=1e-6)


def test_a_score_is_told_from_who_is_near(tmp_path: Path, head: Head) -> None:
    """The same metric among strangers who are all like one face: with that one a score means less."""
    cohort = make_cohort(16)
    direction = VECTORS[0] / np.linalg.norm(VECTORS[0])
    like = make_density(1, 17, seed=9, spread=0.1)
    like.means[0, :-1] = direction
    crowd = Cohort(cohort.prior, like, cohort.posed, np.zeros(1, np.int32))
    crowded = load_head(write_cohort_head(tmp_path / "crowded", NETWORK, crowd), NETWORK)
    looks = VECTORS[:1] + 0.5 * np.random.default_rng(6).normal(size=(50, 16)).astype(np.float32)
    pairs = (np.repeat(VECTORS[:1], 50, axis=0), looks)
    assert crowded.score_pairs(*pairs).mean() < 0.5 * head.score_pairs(*pairs).mean()


def test_each_of_few_probes_is_told_the_same_way_whatever_comes_with_it(head: Head, folder: Path) -> None:
    score = load_head(folder, NETWORK).prepare(VECTORS[16:])
    together = score(VECTORS[:16])
    again = head.prepare(VECTORS[16:])
    for rows in (slice(0, 1), slice(3, 7), slice(2, 16), slice(0, 16)):
        told = head.prepare_probes(VECTORS[rows])
        for alone, among_others in zip(told.arrays, head.prepare_probes(VECTORS[:16]).arrays, strict=True):
            assert np.array_equal(alone, among_others[rows])
        assert again(VECTORS[rows]) == pytest.approx(together[rows], abs=1e-5)


def test_what_is_remembered_of_probes_is_theirs_and_bounded(folder: Path) -> None:
    head = load_head(folder, NETWORK)
    assert isinstance(head, PldaHead)
    probes = np.random.default_rng(8).normal(size=(300, 16)).astype(np.float32)
    one_by_one = np.concatenate([head.prepare(VECTORS)(probes[row : row + 1]) for row in range(300)])
    assert one_by_one == pytest.approx(head.prepare(VECTORS)(probes), abs=1e-5)
    assert len(head._recent) == 256
    assert np.array_equal(head.prepare(VECTORS)(probes[299:]), one_by_one[299:])
    assert np.array_equal(head.prepare(VECTORS)(probes[:1]), one_by_one[:1])
    with pytest.raises(ArtefactError, match="not finite"):
        head.prepare_probes(np.full((1, 16), np.nan, np.float32))
    with pytest.raises(ArtefactError, match=r"expected \(n, 16\)"):
        head.prepare_probes(probes[:1, :15])


CHANGES = ["no cohort", "another size", "another head's", "not finite", "centre of another size"]


@pytest.mark.parametrize("change", CHANGES)
def test_parts_that_do_not_belong_together_are_refused(copy: Path, change: str) -> None:
    arrays = dict(np.load(copy / "head.npz"))
    if change == "no cohort":
        (copy / "cohort.npz").unlink()
    elif change == "another size":
        write_cohort(copy, make_cohort(15))
    elif change == "another head's":
        write_cohort(copy, make_cohort(16, seed=4))
    elif change == "not finite":
        arrays["centre"] = np.full(16, np.nan)
    else:
        arrays["centre"] = arrays["centre"][:-1]
    np.savez(copy / "head.npz", **arrays)
    with pytest.raises(ArtefactError, match=r"train the head again"):
        load_head(copy, NETWORK)


@pytest.mark.parametrize(
    "tail",
    [TAIL[::-1], TAIL[:1], TAIL[:, :1], np.array([[1e-2, 1e-3], [1e-3, 1e-3]]), np.array([[1.0, 0.5], [0.1, 0.0]])],
    ids=["rising", "one rate", "one column", "not falling", "no rates"],
)
def test_a_tail_that_is_none_is_refused(copy: Path, tail: np.ndarray) -> None:
    np.savez(copy / "head.npz", **(dict(np.load(copy / "head.npz")) | {"tail": tail.astype(np.float32)}))
    with pytest.raises(ArtefactError, match=r"head\.npz: tail is not of falling rates; train the head again"):
        load_head(copy, NETWORK)


def test_its_cohort_is_in_its_fingerprint(copy: Path, head: Head) -> None:
    before = head_fingerprint(copy, head.spec)
    assert head_fingerprint(copy, head.spec) == before
    write_cohort(copy, make_cohort(16, seed=4))
    changed = head_fingerprint(copy, head.spec)
    (copy / "cohort.npz").unlink()
    assert len({before, changed, head_fingerprint(copy, head.spec)}) == 3


def test_what_is_kept_of_a_vector_does_not_depend_on_those_prepared_with_it(head: Head) -> None:
    together = head.prepare_gallery(VECTORS)
    for rows in (slice(0, 1), slice(5, 22), slice(1, 30)):
        for alone, among_others in zip(head.prepare_gallery(VECTORS[rows]).arrays, together.arrays, strict=True):
            assert np.array_equal(alone, among_others[rows])


@pytest.mark.parametrize("many_round_alike", [True, False])
def test_a_crowd_is_prepared_as_each_of_it_to_the_last_bit(head: Head, folder: Path, many_round_alike: bool) -> None:
    crowd, fresh = np.random.default_rng(8).normal(size=(150, 16)).astype(np.float32), load_head(folder, NETWORK)
    assert isinstance(fresh, PldaHead)
    if not many_round_alike:
        fresh._many_as_few = False
    together = fresh.prepare_gallery(crowd)
    for row in range(0, len(crowd), 7):
        singly = head.prepare_gallery(crowd[row : row + 1])
        assert all(np.array_equal(one[0], all_[row]) for one, all_ in zip(singly.arrays, together.arrays, strict=True))


def test_the_best_of_strangers_is_the_highest_of_their_scores(head: Head) -> None:
    gallery = head.prepare_gallery(np.concatenate([VECTORS, 2 * VECTORS[::-1]]))
    for best, scores in zip(head.best_of_strangers(gallery), head.score_strangers(gallery), strict=True):
        assert best == pytest.approx(scores.max(axis=1), abs=1e-6)

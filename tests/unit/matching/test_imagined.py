"""What is kept beside a head of imagined strangers: taken where it fits, found again where it does not."""

from pathlib import Path

import numpy as np
import pytest
from made_cohorts import make_cohort, write_cohort_head

from twinface.matching import load_head
from twinface.matching.cohort import IMAGINED
from twinface.matching.head_arrays import read_imagined, write_imagined
from twinface.matching.head_folder import built_in_head, head_fingerprint
from twinface.matching.head_spec import IMAGINED_FILE
from twinface.matching.normalisation import Nearest
from twinface.matching.plda import PldaHead
from twinface.networks import find_recipe

NETWORK = "c" * 64
GALLERY = np.random.default_rng(5).normal(size=(3, 16)).astype(np.float32)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_cohort_head(tmp_path / "head", NETWORK, make_cohort(16))


def _head(folder: Path) -> PldaHead:
    head = load_head(folder, NETWORK)
    assert isinstance(head, PldaHead)
    return head


def _scores(folder: Path) -> np.ndarray:
    head = _head(folder)
    return np.stack(head.score_strangers(head.prepare_gallery(GALLERY)))


def test_what_was_found_before_is_taken_where_it_fits(folder: Path) -> None:
    before, found = _scores(folder), _head(folder).nearest_of_imagined
    write_imagined(folder, found)
    assert np.array_equal(_scores(folder), before)
    later = [Nearest(np.append(one.mean[:8], one.mean[8:] + 5.0), one.deviation) for one in found]
    write_imagined(folder, later)
    taken = _scores(folder)
    assert np.array_equal(taken[:, :8], before[:, :8])
    assert (taken[:, 8:] <= before[:, 8:]).all(), "more is needed of who looks like many"
    assert (taken[:, 8:].max(axis=(1, 2)) < before[:, 8:].max(axis=(1, 2))).all()


@pytest.mark.parametrize("part", ["mean", "deviation"])
def test_what_another_head_has_found_is_found_anew(folder: Path, part: str) -> None:
    before, (everyday, posed) = _scores(folder), _head(folder).nearest_of_imagined
    more = Nearest(posed.mean + 0.1 * (part == "mean"), posed.deviation + 0.1 * (part == "deviation"))
    write_imagined(folder, (everyday, more))
    assert np.array_equal(_scores(folder), before)


@pytest.mark.parametrize(
    "damage", ["cut off", "another size", "not finite", "no deviation", "a part is missing", "text"]
)
def test_a_file_that_is_damaged_is_none(folder: Path, damage: str) -> None:
    before, found = _scores(folder), _head(folder).nearest_of_imagined
    path = folder / IMAGINED_FILE
    write_imagined(folder, found)
    assert len(read_imagined(folder)) == 2
    arrays = dict(np.load(path))
    if damage == "cut off":
        path.write_bytes(path.read_bytes()[:-300])
    elif damage == "text":
        path.write_text("mean")
    else:
        if damage == "another size":
            arrays["mean"] = arrays["mean"][:, 1:]
        elif damage == "not finite":
            arrays["mean"][1, IMAGINED - 1] = np.nan
        elif damage == "no deviation":
            arrays["deviation"][0, IMAGINED - 1] = 0.0
        else:
            del arrays["deviation"]
        np.savez(path, **arrays)
    assert read_imagined(folder) == ()
    assert np.array_equal(_scores(folder), before)


def test_it_is_no_part_of_what_a_head_decides_by(folder: Path) -> None:
    head = _head(folder)
    before = head_fingerprint(folder, head.spec)
    write_imagined(folder, head.nearest_of_imagined)
    assert head_fingerprint(folder, head.spec) == before


@pytest.mark.parametrize("network", ["sface", "face"])
def test_what_the_bundled_heads_keep_is_theirs(network: str, tmp_path: Path) -> None:
    fingerprint = find_recipe(network).fingerprint
    box = built_in_head(fingerprint)
    assert box is not None
    for name in ("head.json", "head.npz", "cohort.npz"):
        (tmp_path / name).write_bytes((box / name).read_bytes())
    alone = load_head(tmp_path, fingerprint)
    assert isinstance(alone, PldaHead)
    kept, found = read_imagined(box), alone.nearest_of_imagined
    assert len(kept) == len(found), "write it once more with twinface.matching.cohort.write_imagined"
    for one, other in zip(kept, found, strict=True):
        assert one.is_close(other)

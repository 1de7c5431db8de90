"""The cohort of a head: nobody is in it twice, and a file that is not one is refused by its name."""

import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_cohorts import make_cohort, write_cohort

from twinface.errors import ArtefactError
from twinface.matching.cohort import IMAGINED, REFERENCE_POSED, REFERENCE_STRANGERS
from twinface.matching.head_arrays import read_cohort
from twinface.matching.normalisation import Groups
from twinface.matching.vectors import normalised


def test_reference_and_strangers_are_vectors_of_both_kinds() -> None:
    cohort = make_cohort(16)
    groups = cohort.groups
    assert groups == Groups(3, REFERENCE_STRANGERS // 3, 1, REFERENCE_POSED)
    assert cohort.reference.dtype == np.float32
    assert cohort.reference.shape == (REFERENCE_STRANGERS + REFERENCE_POSED, 16)
    assert [(part.shape, part.dtype) for part in cohort.imagined()] == [((IMAGINED, 16), np.float32)] * 2
    for drawn, density in zip(cohort.imagined(), (cohort.strangers, cohort.posed), strict=True):
        logarithms = np.log(np.linalg.norm(drawn, axis=1))
        assert logarithms.mean() == pytest.approx(float(density.weights @ density.means[:, -1]), abs=0.05)
        assert logarithms.std() == pytest.approx(float(np.sqrt(density.covariance[-1, -1])), rel=0.05)


def test_the_reference_has_as_many_of_each_group_drawn_from_its_components() -> None:
    cohort = replace(make_cohort(16), group_of=np.array([1, 0, 1], np.int32))
    groups = cohort.groups
    assert groups.size == REFERENCE_STRANGERS // 2
    directions = normalised(cohort.reference)
    means = normalised(cohort.prior + cohort.strangers.means[:, :-1])
    nearest = (directions[: groups.everyday * groups.size] @ means.T).argmax(axis=1).reshape(2, -1)
    assert (nearest[0] == 1).mean() > 0.9
    assert np.isin(nearest[1], [0, 2]).mean() > 0.9
    shares = [(nearest[1] == one).mean() for one in (0, 2)]
    assert shares[1] > 2 * shares[0], "as large as their weights, 3 and 1"
    posed = normalised(cohort.prior + cohort.posed.means[:, :-1])
    assert (directions[-REFERENCE_POSED:] @ np.concatenate([means, posed]).T).argmax(axis=1).tolist().count(3) > 90


def test_nobody_comes_who_is_in_the_reference_and_they_are_the_same_each_time() -> None:
    cohort, again = make_cohort(16), make_cohort(16)
    reference = {row.tobytes() for row in cohort.reference}
    for drawn, drawn_again in zip(cohort.imagined(), again.imagined(), strict=True):
        assert np.array_equal(drawn, drawn_again)
        assert not reference & {row.tobytes() for row in drawn}
    assert np.array_equal(cohort.reference, again.reference)


def test_it_is_read_as_it_was_written(tmp_path: Path) -> None:
    cohort = make_cohort(16)
    write_cohort(tmp_path, cohort)
    back = read_cohort(tmp_path)
    assert back is not None
    assert np.array_equal(back.prior, cohort.prior)
    assert back.groups == cohort.groups
    assert back.reference == pytest.approx(cohort.reference, rel=0.02, abs=0.02)


def test_a_folder_without_one_has_none(tmp_path: Path) -> None:
    assert read_cohort(tmp_path) is None


def _written(folder: Path, **changes: Any) -> Path:
    parts: dict[str, Any] = make_cohort(16).arrays() | changes
    np.savez(folder / "cohort.npz", **{name: part for name, part in parts.items() if part is not None})
    return folder / "cohort.npz"


@pytest.mark.parametrize(
    "changes",
    [
        {"prior": None},
        {"prior": np.float32(1.0)},
        {"prior": np.zeros((2, 8), np.float32)},
        {"prior": np.zeros(15, np.float32)},
        {"prior": np.full(16, np.nan, np.float32)},
        {"posed_means": None},
        make_cohort(15).posed.arrays("posed"),
        make_cohort(15).strangers.arrays("strangers"),
        {"strangers_groups": None},
        {"strangers_groups": np.array([0, 1], np.float32)},
        {"strangers_groups": np.array([0, 2, 2], np.float32)},
        {"strangers_groups": np.array([1, 0.5, 0], np.float32)},
    ],
    ids=[
        "no prior",
        "a number",
        "a matrix",
        "shorter prior",
        "not finite",
        "no means",
        "posed shorter",
        "shorter",
        "no groups",
        "few groups",
        "a group without",
        "half a group",
    ],
)
def test_parts_that_do_not_fit_are_refused(tmp_path: Path, changes: dict[str, Any]) -> None:
    path = _written(tmp_path, **changes)
    with pytest.raises(ArtefactError, match=rf"{path}: .*train the head again"):
        read_cohort(tmp_path)


@pytest.mark.parametrize("content", [b"", b"no archive", None], ids=["empty", "text", "cut short"])
def test_a_damaged_file_is_refused(tmp_path: Path, content: bytes | None) -> None:
    path = write_cohort(tmp_path, make_cohort(16))
    path.write_bytes(path.read_bytes()[:-200] if content is None else content)
    with pytest.raises(ArtefactError, match=rf"{path}: cannot be used .*train the head again"):
        read_cohort(tmp_path)


def test_a_flipped_byte_is_noticed(tmp_path: Path) -> None:
    path = write_cohort(tmp_path, make_cohort(16))
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(ArtefactError, match=rf"{path}: cannot be used"):
        read_cohort(tmp_path)


def test_what_would_unpack_to_more_than_memory_is_not_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "cohort.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("prior.npy", "w") as member:
        for _ in range(80):
            member.write(bytes(1 << 20))
    assert path.stat().st_size < 1 << 17
    with pytest.raises(ArtefactError, match=rf"{path}: cannot be used \(more than .* bytes once unpacked"):
        read_cohort(tmp_path)

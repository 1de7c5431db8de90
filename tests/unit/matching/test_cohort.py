"""The cohort of a head: nobody is in it twice, and a file that is not one is refused by its name."""

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_cohorts import make_cohort, write_cohort

from twinface.errors import ArtefactError
from twinface.matching.cohort import IMAGINED, REFERENCE_POSED, REFERENCE_STRANGERS, read_cohort
from twinface.matching.vectors import normalised


def test_reference_and_strangers_are_vectors_of_both_kinds() -> None:
    cohort = make_cohort(16)
    assert (cohort.reference.shape, cohort.reference.dtype) == ((REFERENCE_STRANGERS + REFERENCE_POSED, 16), np.float32)
    assert [(part.shape, part.dtype) for part in cohort.imagined()] == [((IMAGINED, 16), np.float32)] * 2
    for drawn, kind in zip((cohort.reference[:REFERENCE_STRANGERS], *cohort.imagined()), "ssp", strict=True):
        density = cohort.strangers if kind == "s" else cohort.posed
        logarithms = np.log(np.linalg.norm(drawn, axis=1))
        assert logarithms.mean() == pytest.approx(float(density.weights @ density.means[:, -1]), abs=0.05)
        assert logarithms.std() == pytest.approx(float(np.sqrt(density.covariance[-1, -1])), rel=0.05)


def test_directions_are_those_of_the_prior_and_the_density() -> None:
    cohort = make_cohort(16)
    points = cohort.posed.imagine(REFERENCE_POSED, seed=1)
    expected = normalised(cohort.prior + points[:, :-1])
    assert normalised(cohort.reference[REFERENCE_STRANGERS:]) == pytest.approx(expected, abs=1e-5)


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
    ],
    ids=["no prior", "a number", "a matrix", "shorter prior", "not finite", "no means", "posed shorter", "shorter"],
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

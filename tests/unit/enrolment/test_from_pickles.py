"""Pickles of the original scripts, taken over by a program."""

import pickle
from pathlib import Path

import numpy as np
import pytest

from twinface.corrections.steps import list_steps
from twinface.enrolment.from_pickles import import_pickles
from twinface.errors import InputError
from twinface.gallery import Gallery
from twinface.gallery.keys import KEY_VARIABLE
from twinface.review.undo import undo
from twinface.settings import Settings


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv(KEY_VARIABLE, str(tmp_path / "key"))
    return Settings(gallery=tmp_path / "gallery", network="sface")


def write(folder: Path, **rows: int) -> Path:
    """A pickle of so many vectors for each name; of a negative count they are of another network."""
    random = np.random.default_rng(0)
    folder.mkdir()
    for name, count in rows.items():
        vectors = random.normal(size=(abs(count), 128 if count > 0 else 2048))
        (folder / f"{name}.pkl").write_bytes(pickle.dumps(vectors, 2))
    return folder


def test_what_can_be_taken_over_is_and_one_step_takes_it_back(settings: Settings, tmp_path: Path) -> None:
    warnings: list[str] = []
    done = import_pickles(write(tmp_path / "pickles", ann=3, bob=-2, carl=1), settings, warn=warnings.append)
    assert (done.gallery, done.imported, done.skipped) == (settings.gallery, ("ann", "carl"), ("bob",))
    assert ["vectors of 2048 numbers, sface makes 128" in line for line in warnings] == [True]
    assert {name: len(one.files) for name, one in Gallery.open(settings.gallery).people.items()} == {
        "ann": 3,
        "carl": 1,
    }
    assert [step.said for step in list_steps(settings.gallery)] == ["pickles of 2 people imported"]
    undo(settings)
    assert Gallery.open(settings.gallery).people == {}


def test_nothing_to_take_over_is_an_error(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the pickle could not be used"):
        import_pickles(write(tmp_path / "pickles", bob=-2), settings)
    with pytest.raises(InputError, match="--gallery"):
        import_pickles(settings.gallery, settings)

"""A gallery whose vectors are made again by another network, by a program."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from twinface import assets
from twinface.enrolment.kept_crops import Gap
from twinface.enrolment.one_person import enrol_pictures
from twinface.enrolment.rebuild import MissingCropsError, rebuild
from twinface.errors import InputError
from twinface.gallery import Gallery
from twinface.gallery.keys import KEY_VARIABLE
from twinface.networks import find_recipe
from twinface.networks.onnx_inputs import keep_inputs
from twinface.networks.recipe import write_recipe
from twinface.progress import Advances
from twinface.settings import Settings

Add = Callable[..., object]


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv(KEY_VARIABLE, str(tmp_path / "key"))
    return Settings(gallery=tmp_path / "gallery", network="sface", store_crops=True)


@pytest.fixture
def other_network(tmp_path: Path) -> str:
    """Another network: SFace that makes its vectors of length 1."""
    folder = tmp_path / "network"
    folder.mkdir()
    (folder / "n.onnx").write_bytes(keep_inputs(assets.fetch("sface").read_bytes(), {"data"}))
    write_recipe(folder, replace(find_recipe("sface"), name="sface-l2", normalisation="l2", file="n.onnx"))
    return str(folder)


@pytest.fixture
def add(tmp_path: Path, settings: Settings) -> Add:
    """Adds a picture of noise to a person; to the gate, which is not asked, it would be no face."""

    def add(name: str, number: int, *, keep: bool = True) -> object:
        path = tmp_path / f"{name}{number}.png"
        noise = np.random.default_rng(number).integers(0, 256, (112, 112, 3), np.uint8)
        cv2.imwrite(str(path), noise)
        kept = settings.model_copy(update={"store_crops": keep})
        return enrol_pictures(name, [path], kept, aligned=True, force=True)

    return add


def test_every_vector_is_made_again_and_the_gallery_is_of_the_other_network(
    settings: Settings, add: Add, other_network: str
) -> None:
    shown: list[tuple[str, int | None]] = []
    advanced: list[None] = []

    class Bar:
        def advance(self) -> None:
            advanced.append(None)

    @contextmanager
    def show(what: str, total: int | None) -> Iterator[Advances]:
        shown.append((what, total))
        yield Bar()

    for number in (1, 2):
        add("ann", number)
    done = rebuild(settings, other_network, show=show)
    assert (done.network, done.vectors, done.rebuilt, done.left_out) == ("sface-l2", 2, 2, ())
    assert (shown, len(advanced)) == ([("embedding again", 2)], 2)
    gallery = Gallery.open(settings.gallery)
    assert gallery.network_name == "sface-l2"
    np.testing.assert_allclose(np.linalg.norm(gallery.people["ann"].vectors, axis=1), 1.0, rtol=1e-5)
    assert rebuild(settings, other_network).rebuilt == 0


def test_missing_crops_are_an_error_that_says_of_whom_and_changes_nothing(
    settings: Settings, add: Add, other_network: str
) -> None:
    add("ann", 1)
    add("ann", 2, keep=False)
    add("bob", 3, keep=False)
    gaps = (Gap("ann", 2, 1), Gap("bob", 1, 1))
    with pytest.raises(MissingCropsError, match="no crops of 2 pictures of 2 people") as caught:
        rebuild(settings, other_network)
    assert caught.value.gaps == gaps
    assert Gallery.open(settings.gallery).network_name == "sface"
    done = rebuild(settings, other_network, leave_out=True)
    assert (done.rebuilt, done.left_out) == (1, gaps)
    assert {name: len(one.files) for name, one in Gallery.open(settings.gallery).people.items()} == {"ann": 1}


def test_nobody_to_rebuild_is_an_error(settings: Settings, add: Add, other_network: str) -> None:
    add("ann", 1)
    Gallery.open(settings.gallery).remove("ann")
    with pytest.raises(InputError, match="nobody is in this gallery"):
        rebuild(settings, other_network)

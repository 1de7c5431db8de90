"""Which heads there are, how good each was found to be, and the one before back."""

import shutil
from pathlib import Path

import pytest
from retrained_box import contents, enrol, make_people, run, write_metric

from twinface.errors import ArtefactError, InputError, NotThereError
from twinface.gallery.keys import KEY_VARIABLE
from twinface.settings import Settings
from twinface.training.retraining.head_versions import bring_back, list_heads


@pytest.fixture(scope="module")
def retrained_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a box whose head was retrained from 30 people."""
    folder = tmp_path_factory.mktemp("retrained")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(KEY_VARIABLE, str(folder / "key"))
        settings = enrol(folder / "gallery", make_people(30))
        write_metric(folder / "head", 1.0)
        assert run(settings.model_copy(update={"head": folder / "head"})).published
    return folder


@pytest.fixture
def settings(retrained_once: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Of a copy of that box."""
    shutil.copytree(retrained_once, tmp_path, dirs_exist_ok=True)
    monkeypatch.setenv(KEY_VARIABLE, str(tmp_path / "key"))
    return Settings(gallery=tmp_path / "gallery", head=tmp_path / "head")


def test_every_head_is_listed_with_how_good_it_was_found_to_be(settings: Settings) -> None:
    used, before, bundled = list_heads(settings)
    assert [(one.in_use, one.comes_back) for one in (used, before, bundled)] == [
        (True, False),
        (False, True),
        (False,) * 2,
    ]
    assert (used.architecture, before.architecture, bundled.architecture) == ("plda", "metric", "plda")
    assert used.verdict == "not worse than the one before it, on 30 people"
    assert used.figures["people"] == 30
    assert used.figures["cost"] < used.figures["cost_before"]
    assert 0 <= used.figures["eer"] <= used.figures["eer_before"]
    assert (bundled.verdict, bundled.made_at_ns) == ("bundled", None)
    assert "cost" not in bundled.figures
    assert used.made_at_ns is not None
    assert len({used.version, before.version, bundled.version}) == 3


def test_the_one_before_comes_back_and_goes_again(settings: Settings) -> None:
    assert settings.head is not None
    used, before, _ = list_heads(settings)
    at_first = contents(settings.head)
    assert bring_back(settings, before.version).version == before.version
    assert [one.version for one in list_heads(settings) if one.comes_back] == [used.version]
    assert bring_back(settings).version == used.version
    assert contents(settings.head) == at_first


def test_no_other_one_comes_back(settings: Settings) -> None:
    assert settings.head is not None
    used, _, bundled = list_heads(settings)
    before = contents(settings.head)
    for version in (used.version, bundled.version):
        with pytest.raises(InputError, match="not the head before this one"):
            bring_back(settings, version)
    with pytest.raises(NotThereError, match="there is no head 'f00'"):
        bring_back(settings, "f00")
    assert contents(settings.head) == before


def test_a_box_that_was_never_retrained_has_the_bundled_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, str(tmp_path / "key"))
    settings = enrol(tmp_path / "gallery", make_people(1))
    (bundled,) = list_heads(settings)
    assert (bundled.verdict, bundled.in_use, bundled.comes_back) == ("bundled", True, False)
    with pytest.raises(InputError, match="no head before this one is kept"):
        bring_back(settings)


def test_a_damaged_head_is_an_error_that_names_it(settings: Settings) -> None:
    assert settings.head is not None
    (settings.head / "previous/head.json").write_text("{}")
    with pytest.raises(ArtefactError, match=r"previous/head\.json"):
        list_heads(settings)

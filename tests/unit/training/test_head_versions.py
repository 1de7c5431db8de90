"""Which heads there are, how good each was found to be, and the one before back."""

import json
from pathlib import Path

import pytest
from retrained_box import contents, enrol, make_people, write_metric

from twinface.errors import ArtefactError, InputError, NotThereError
from twinface.gallery.keys import KEY_VARIABLE
from twinface.settings import Settings
from twinface.training.retraining.head_versions import bring_back, list_heads


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Of a box with a head of its own, and one before it."""
    monkeypatch.setenv(KEY_VARIABLE, str(tmp_path / "key"))
    write_metric(tmp_path / "head", 8.0)
    write_metric(tmp_path / "head/previous", 1.0)
    return enrol(tmp_path / "gallery", make_people(1)).model_copy(update={"head": tmp_path / "head"})


def test_the_head_in_use_comes_first_and_each_says_whether_it_comes_back(settings: Settings) -> None:
    used, before, bundled = list_heads(settings)
    assert [one.in_use for one in (used, before, bundled)] == [True, False, False]
    assert [one.comes_back for one in (used, before, bundled)] == [False, True, False]
    assert (used.architecture, before.architecture, bundled.architecture) == ("metric", "metric", "plda")
    assert (used.verdict, used.figures) == ("not compared with another one", {})
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


@pytest.mark.parametrize(
    "validation", [{"people": "many"}, {"differences": []}, {"differences": {"eer": {"first": 1}}}]
)
def test_a_validation_that_is_none_is_an_error_that_names_the_head(settings: Settings, validation: object) -> None:
    assert settings.head is not None
    about = settings.head / "head.json"
    about.write_text(json.dumps(json.loads(about.read_text()) | {"validation": validation}))
    with pytest.raises(ArtefactError, match=rf"{settings.head}: a head whose validation is none"):
        list_heads(settings)

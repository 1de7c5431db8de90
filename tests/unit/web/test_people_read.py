"""Everybody in the gallery, read ahead of the first page that lists them."""

import threading
from pathlib import Path

import pytest
from harness import until
from retrained_box import enrol, make_people

from twinface.gallery.keys import KEY_VARIABLE
from twinface.settings import Settings
from twinface.web.api.context import People


def test_everybody_is_read_before_anybody_asks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, str(tmp_path / "key"))
    enrol(tmp_path / "gallery", make_people(3))
    people = People(Settings(gallery=tmp_path / "gallery"))
    people.read_ahead()
    until(lambda: people.version > 0, 120.0, "the gallery")
    assert [one.name for one in people.by_id().values()] == ["person 00", "person 01", "person 02"]


def test_nobody_and_a_gallery_that_cannot_be_read_end_in_silence(tmp_path: Path) -> None:
    """A thread that failed would fail this test: pytest hears of it."""
    (tmp_path / "gallery").mkdir()
    (tmp_path / "gallery/gallery.json").write_text("{")
    for name in ("gallery", "nowhere"):
        people = People(Settings(gallery=tmp_path / name))
        people.read_ahead()
        until(lambda: "gallery" not in {one.name for one in threading.enumerate()}, 120.0, "the end of the thread")
        assert people.version == 0

"""Boxes without processes that share a gallery, each with a folder and a key of its own, on a real database.

The fixtures are those of whoever imports them into a conftest.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from retrained_box import NETWORK, make_people

from twinface.gallery import Gallery
from twinface.gallery.keys import KEY_VARIABLE
from twinface.settings import DatabaseSettings, Settings
from twinface.sharing.gallery_copy import GalleryCopy
from twinface.sharing.identity import own_identity
from twinface.sharing.moving import Whose, move_to_database

PNG = b"\x89PNG of a face"


@dataclass
class Box:
    """`key` signs its files."""

    settings: Settings
    connection: Any
    key: str
    copy: GalleryCopy

    def act(self) -> Settings:
        """Whatever is done from now on is done at this box."""
        os.environ[KEY_VARIABLE] = self.key
        return self.settings

    @property
    def gallery(self) -> Gallery:
        self.act()
        return Gallery.open(self.settings.gallery, network=NETWORK, network_name="sface", create=True)

    def turn(self) -> str:
        self.act()
        self.copy.turn(self.connection)
        return self.copy.problem

    def move(self, whose: Whose | None = None) -> None:
        self.act()
        move_to_database(self.settings, whose)

    def add(self, *people: int) -> None:
        gallery = self.gallery
        for person in (one for number in people for one in make_people(1, first=number, seed=number)):
            crops = [PNG + bytes([row]) for row in range(len(person.files))]
            gallery.add(person.name, person.files, person.vectors, person.quality, crops)

    @property
    def known(self) -> dict[str, str]:
        gallery = self.gallery
        assert not gallery.verify()
        return {name: f"{person.version} {gallery.crops(name)}" for name, person in gallery.people.items()}


MakeBox = Callable[[str], Box]


@pytest.fixture
def make_box(tmp_path: Path, database: str, connection: Any, monkeypatch: pytest.MonkeyPatch) -> MakeBox:
    monkeypatch.setenv(KEY_VARIABLE, "")

    def make(name: str) -> Box:
        folder = tmp_path / name
        folder.mkdir()
        settings = Settings(box=name, gallery=folder / "gallery", database=DatabaseSettings(url=database))
        copy = GalleryCopy(settings, own_identity(settings))
        return Box(settings, connection, str(folder / "key"), copy)

    return make


@pytest.fixture
def gate(make_box: MakeBox) -> Box:
    """A box whose three people are shared."""
    box = make_box("gate")
    box.add(0, 1, 2)
    box.move()
    return box


@pytest.fixture
def door(make_box: MakeBox, gate: Box) -> Box:
    """A box that has joined."""
    box = make_box("door")
    assert box.turn() == ""
    return box

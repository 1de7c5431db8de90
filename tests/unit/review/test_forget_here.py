"""Whom another box forgot, erased at this one."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from twinface.events.event import NameSpan
from twinface.gallery import Gallery
from twinface.gallery.gallery_folder import read_manifest, write_manifest
from twinface.gallery.manifest import SharedMark
from twinface.review.forget import forget_here
from twinface.settings import DatabaseSettings, Settings


@pytest.mark.parametrize("is_copy", [False, True])
def test_a_gallery_of_this_box_alone_forgets_and_a_copy_waits_for_the_shared_one(tmp_path: Path, is_copy: bool) -> None:
    folder = tmp_path / "gallery"
    people = Gallery.open(folder, network="a" * 64, create=True)
    for name in ("Anna", "Bo"):
        people.add(name, (f"{name}.jpg",), np.eye(8, dtype=np.float32)[:1], np.ones(1, np.float32))
    if is_copy:
        write_manifest(folder, replace(read_manifest(folder), shared=SharedMark("1", "postgresql://db", "b", "t")))
    settings = Settings(gallery=folder, database=DatabaseSettings(url="postgresql://db"))
    assert forget_here([NameSpan("Anna")], settings) != is_copy
    assert ("Anna" in Gallery.open(folder).people) == is_copy
    assert "Bo" in Gallery.open(folder).people

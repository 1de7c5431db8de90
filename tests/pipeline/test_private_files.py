"""Whatever a whole session makes is for its owner only, whatever the umask of the shell it is called from."""

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from harness import Pipeline, until

from twinface import assets

pytestmark = pytest.mark.pipeline

_OF_THE_TEST = {"pipeline.toml", "up.log", "pictures", "people"}


@pytest.fixture
def _umask_of_nothing() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def open_to_others(folder: Path) -> dict[str, str]:
    """What somebody else may do something with, by its path, and its mode; what a test itself made is left out."""
    found = {}
    for path in folder.rglob("*"):
        inside = path.relative_to(folder)
        if inside.parts[0] not in _OF_THE_TEST and path.lstat().st_mode & 0o077 and not path.is_symlink():
            found[str(inside)] = f"{path.lstat().st_mode & 0o777:03o}"
    return found


def named(pipeline: Pipeline) -> dict[str, Any] | None:
    """A stored event that says who it was."""
    events = map(json.loads, pipeline.command("events", "--json").stdout.splitlines())
    return next((event for event in events if event["name"]), None)


@pytest.mark.usefixtures("_umask_of_nothing")
def test_nothing_of_a_session_is_for_others(pipeline: Pipeline) -> None:
    portraits, folder = assets.fetch("portraits"), pipeline.folder
    (folder / "pictures").mkdir()
    shutil.copy(portraits / "person_a_2.jpg", folder / "pictures")
    for picture in portraits.glob("person_*.jpg"):
        person = folder / "people" / picture.stem[:8]
        person.mkdir(parents=True, exist_ok=True)
        shutil.copy(picture, person)
    pipeline.configure('name = "door"\nsource = "pictures"\nloop = true', extra="store_crops = true")
    for name in ("a", "b"):
        pictures = sorted(map(str, portraits.glob(f"person_{name}_*.jpg")))
        pipeline.command("gallery", "add", f"person {name}", *pictures, "--set-aside", str(folder / "aside/of" / name))
    pipeline.command("selfies", "--selfies", str(folder / "people"), "--faces", str(folder / "made/faces"))
    pipeline.command("extract", "--faces", str(folder / "people"), "--features", str(folder / "made/more/features"))
    pipeline.command(
        "train", "--features", str(folder / "made/more/features"), "--output", "made/heads/own", check=False
    )
    pipeline.command("stats", "--features", str(folder / "made/more/features"))
    pipeline.command("token")
    pipeline.start()
    until(lambda: pipeline.run.is_locked("web") and pipeline.events(), 60.0, "the first events")
    assert open_to_others(folder) == {}
    stored = until(lambda: named(pipeline), 120.0, "an event with a name")
    pipeline.command("reject", "--event", str(stored["sequence"]))
    pipeline.command("gallery", "backup", "backups/of/it")
    pipeline.command("gallery", "verify", check=False)
    assert open_to_others(folder) == {}
    pipeline.command("down")
    pipeline.command("gallery", "restore", "backups/of/it", "--yes", check=False)
    pipeline.command("gallery", "rename", "person b", "somebody")
    pipeline.command("gallery", "rebuild", "--network", "face", check=False)
    pipeline.command("forget", "somebody", "--yes", check=False)
    assert open_to_others(folder) == {}
    made = {path.name for path in folder.rglob("*")}
    assert made >= {"gallery.json", "corrections.pkl", "key", "web-token", "events.sqlite", "head.npz"}

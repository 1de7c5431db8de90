"""A features folder named as gallery, by every command that reads one and by those that change one."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from twinface.config_file import CONFIG_VARIABLE
from twinface.gallery.keys import KEY_VARIABLE

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def features(twinface: Run, portraits: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What `extract` makes of two people, and a configuration that has it as its gallery."""
    monkeypatch.setenv(KEY_VARIABLE, str(tmp_path / "key"))
    for name, picture in (("ann", "person_a_1"), ("bob", "person_b_1"), ("bob", "person_b_2")):
        (tmp_path / "faces" / name).mkdir(parents=True, exist_ok=True)
        shutil.copy(portraits / f"{picture}.jpg", tmp_path / "faces" / name)
    config = tmp_path / "pipeline.toml"
    config.write_text('gallery = "features"\n')
    monkeypatch.setenv(CONFIG_VARIABLE, str(config))
    assert twinface("extract", "--faces", tmp_path / "faces", "--features", tmp_path / "features")[0] == 0
    return tmp_path / "features"


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_commands_that_read_a_gallery_read_it(twinface: Run, features: Path, portraits: Path, tmp_path: Path) -> None:
    before = content(features)
    code, out, _ = twinface("identify", portraits / "person_a_2.jpg", portraits / "impostor_1.jpg", "--json")
    assert code == 0
    assert [entry["faces"][0]["name"] for entry in json.loads(out)["pictures"]] == ["ann", None]
    for options in ((), ("--gallery", features)):
        listed = json.loads(twinface("gallery", "list", "--json", *options)[1])
        assert [(one["name"], one["pictures"]) for one in listed["people"]] == [("ann", 1), ("bob", 2)]
        assert (listed["network_name"], listed["gallery"]) == ("sface", str(features))
    code, out, _ = twinface("gallery", "verify")
    assert (code, out) == (0, f"2 people, 3 vectors, files sound: {features}\n")
    code, out, err = twinface("calibrate", "--far", "0.5", "--json")
    assert code == 2
    assert json.loads(out)["people"] == 2
    assert "2 people: too few" in err
    code, out, _ = twinface("gallery", "backup", tmp_path / "backup", "--json")
    assert (code, json.loads(out)["people"]) == (0, 2)
    assert content(features) == before


@pytest.mark.parametrize(
    "command",
    [
        ("gallery", "add", "carl", "PICTURE"),
        ("gallery", "remove", "ann"),
        ("gallery", "rename", "ann", "Ann"),
        ("gallery", "rename", "ann", "bob", "--merge"),
        ("gallery", "rebuild"),
        ("gallery", "import-pickles", "PICKLES"),
        ("gallery", "restore", "BACKUP", "--yes", "--replace"),
        ("forget", "ann", "--yes"),
    ],
)
def test_commands_that_change_a_gallery_say_how_to_make_one_of_it(
    twinface: Run, features: Path, portraits: Path, tmp_path: Path, command: tuple[str, ...]
) -> None:
    twinface("gallery", "backup", tmp_path / "backup")
    (tmp_path / "pickles").mkdir()
    (tmp_path / "pickles" / "carl.pkl").write_bytes(b"")
    paths = {"PICTURE": portraits / "person_a_2.jpg", "BACKUP": tmp_path / "backup", "PICKLES": tmp_path / "pickles"}
    before = content(features)
    code, out, err = twinface(*(paths.get(word, word) for word in command))
    assert (code, out) == (2, "")
    assert err == (
        f"twinface: {features}: features, which are read and not changed; make a gallery of them with "
        f"`twinface gallery add --people {features} --gallery NEW`\n"
    )
    assert content(features) == before

"""Which file is the configuration, by the order of places."""

from collections.abc import Callable
from pathlib import Path

import pytest

from twinface.config_file import (
    CONFIG_VARIABLE,
    SYSTEM_VARIABLE,
    ConfigFile,
    find_installed_config,
    find_nearby_config,
    packaged_path,
)

Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Writes an empty file below a temporary folder, whose `here`, `home` and `etc` are what they are called."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.delenv(CONFIG_VARIABLE, raising=False)
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv(SYSTEM_VARIABLE, str(tmp_path / "etc"))

    def write(name: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        return path

    return write


def test_the_order_of_places_nearby(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    assert find_nearby_config() is None
    below = write("here/config/pipeline.toml")
    assert find_nearby_config() == ConfigFile(below, "./config")
    here = write("here/pipeline.toml")
    assert find_nearby_config() == ConfigFile(here, "the current folder")
    monkeypatch.setenv(CONFIG_VARIABLE, "elsewhere.toml")
    assert find_nearby_config() == ConfigFile(here.with_name("elsewhere.toml"), "$TWINFACE_CONFIG")


def test_the_order_of_places_where_it_is_installed(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    assert find_installed_config().path == packaged_path("config/pipeline.toml")
    system = write("etc/twinface/pipeline.toml")
    assert find_installed_config() == ConfigFile(system, "the system's")
    home = write("home/.config/twinface/pipeline.toml")
    assert find_installed_config() == ConfigFile(home, "your own")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home.parents[3] / "xdg"))
    assert find_installed_config() == ConfigFile(system, "the system's")
    xdg = write("xdg/twinface/pipeline.toml")
    assert find_installed_config() == ConfigFile(xdg, "your own")


def test_a_place_that_cannot_be_looked_at_is_passed_over(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SYSTEM_VARIABLE, f"/{'too_long' * 100}")
    assert find_installed_config().path == packaged_path("config/pipeline.toml")


def test_a_folder_of_its_name_is_no_configuration(write: Write) -> None:
    write("here/pipeline.toml/something")
    assert find_nearby_config() is None

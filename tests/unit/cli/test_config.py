"""`twinface config`: which file, and every setting in force."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from twinface.config_file import packaged_path
from twinface.settings import Settings

Run = Callable[..., tuple[int, str, str]]

_TEXT = """
gallery = "people"
web.port = 0
matching = {threshold = 0.7, rule = "mean"}
[events]
keep_days = 7
[[camera]]
name = "door"
source = "rtsp://admin:geheim@cam/1"
[[camera]]
name = "yard"
loop = true
source = "yard.mp4"
[[webhook]]
name = "house"
url = "https://example.org/geheim"
"""


@pytest.fixture
def written(tmp_path: Path) -> Path:
    path = tmp_path / "pipeline.toml"
    path.write_text(_TEXT)
    return path


def test_every_setting_with_its_value_and_line(twinface: Run, written: Path, tmp_path: Path) -> None:
    code, out, _ = twinface("config", "--json", "--config", written)
    answer = json.loads(out)
    assert (code, answer["path"], answer["found"]) == (0, str(written), "--config")
    settings = {name: (one["value"], one["line"]) for name, one in answer["settings"].items()}
    assert settings["gallery"] == (str(tmp_path / "people"), 2)
    assert settings["web.port"] == (0, 3)
    assert (settings["matching.threshold"], settings["matching.rule"]) == ((0.7, 4), ("mean", 4))
    assert settings["events.keep_days"] == (7.0, 6)
    assert settings["events.path"] == (str(tmp_path / "events.sqlite"), None)
    assert settings["camera.0.source"] == ("rtsp://admin:***@cam/1", 9)
    assert (settings["camera.1.loop"], settings["camera.0.loop"]) == ((True, 12), (False, None))
    assert settings["camera.1.source"] == (str(tmp_path / "yard.mp4"), 13)
    assert settings["webhook.0.url"] == ("https://***", 16)
    assert settings["run_directory"][0], "shown as what it stands for"
    sections = {name.partition(".")[0] for name in settings}
    assert sections == set(Settings.model_fields)


def test_a_table_for_people(twinface: Run, written: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    _, out, err = twinface("config", "--config", written)
    lines = {line.split()[0]: line for line in out.splitlines() if line.strip()}
    assert max(map(len, out.splitlines())) <= 80
    assert lines["events.keep_days"].split() == ["events.keep_days", "7.0", "line", "6"]
    assert lines["web.host"].split() == ["web.host", '"127.0.0.1"', "default"]
    assert "geheim" not in out + err
    assert err == f"{written} (--config)\n"


def test_the_path_alone_is_told_of_a_file_with_mistakes_too(twinface: Run, written: Path) -> None:
    written.write_text("gallry = 1")
    assert twinface("config", "--path", "--config", written) == (0, f"{written}\n", "")
    assert twinface("config", "--config", written)[0] == 2


def test_without_any_it_is_the_one_in_the_package(
    twinface: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert twinface("config", "--path")[1] == f"{packaged_path('config/pipeline.toml')}\n"

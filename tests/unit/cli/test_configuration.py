"""Every command takes --config, and all find the configuration by one rule."""

import ast
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import typer

import twinface.cli
from twinface.box.running import record_running
from twinface.cli.configuration import chosen_config, chosen_run_directory, name_config
from twinface.cli.main import app
from twinface.config_file import CONFIG_VARIABLE, SYSTEM_VARIABLE, ConfigFile
from twinface.errors import InputError
from twinface.settings_file import load_settings

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder without any configuration, and a home and a system without one."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    monkeypatch.chdir(folder)
    for name in (CONFIG_VARIABLE, "TWINFACE_RUN", "XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv(SYSTEM_VARIABLE, str(tmp_path / "etc"))
    yield folder
    name_config(None)


def write(path: Path, text: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def commands(group: Any, prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, command in group.commands.items():
        below = hasattr(command, "commands")
        found |= commands(command, f"{prefix}{name} ") if below else {f"{prefix}{name}": command}
    return found


def test_every_command_takes_a_configuration() -> None:
    known = commands(typer.main.get_command(app))
    assert {"up", "gallery add", "identify", "extract", "forget", "assets"} <= set(known)
    without = [name for name, command in known.items() if "--config" not in {o for p in command.params for o in p.opts}]
    assert without == []


def test_no_command_reads_one_of_its_own_choice() -> None:
    """`load_settings()` without a path would pass --config by."""
    found = [
        f"{path.name}:{node.lineno}"
        for path in Path(twinface.cli.__path__[0]).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "load_settings" and not node.args
    ]
    assert found == []


def test_it_is_named_before_or_behind_the_command(twinface: Run, tmp_path: Path) -> None:
    config = write(tmp_path / "box.toml", 'gallery = "people"\n')
    for arguments in (("--config", config, "gallery", "list"), ("gallery", "list", "--config", config)):
        code, _, said = twinface(*arguments)
        assert (code, str(tmp_path / "people") in said) == (2, True)
        assert chosen_config().found != "--config", "of that call only"
    code, _, said = twinface("gallery", "list")
    assert str(tmp_path / "people") not in said, "of one call only"


def test_a_box_that_runs_is_found_from_anywhere(elsewhere: Path, tmp_path: Path) -> None:
    box = write(tmp_path / "box/pipeline.toml")
    write(tmp_path / "home/.config/twinface/pipeline.toml")
    with record_running(box, tmp_path / "run"):
        assert chosen_config().path == box
        assert chosen_run_directory(load_settings(box)).path == tmp_path / "run"
        near = write(elsewhere / "pipeline.toml")
        assert chosen_config() == ConfigFile(near, "the current folder")
        assert chosen_run_directory(load_settings(near)).path != tmp_path / "run"
    near.unlink()
    assert chosen_config().path == tmp_path / "home/.config/twinface/pipeline.toml"


def test_of_two_that_run_one_has_to_be_named(tmp_path: Path) -> None:
    boxes = [write(tmp_path / name / "pipeline.toml") for name in ("a", "b")]
    with ExitStack() as both:
        for number, box in enumerate(boxes):
            both.enter_context(record_running(box, tmp_path / f"run{number}"))
        with pytest.raises(InputError, match=rf"2 boxes run: say which with --config, {boxes[0]} or {boxes[1]}"):
            chosen_config()
        name_config(boxes[1])
        assert chosen_config() == ConfigFile(boxes[1], "--config")
        assert chosen_run_directory(load_settings(boxes[1])).path == tmp_path / "run1"


def test_of_two_by_one_configuration_the_run_directory_has_to_be_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = write(tmp_path / "pipeline.toml")
    name_config(box)
    with record_running(box, tmp_path / "run0"), record_running(box, tmp_path / "run1"):
        with pytest.raises(InputError, match=rf"TWINFACE_RUN={tmp_path}/run0 or {tmp_path}/run1"):
            chosen_run_directory(load_settings(box))
        monkeypatch.setenv("TWINFACE_RUN", str(tmp_path / "run1"))
        assert chosen_run_directory(load_settings(box)).path == tmp_path / "run1"


def test_a_configured_run_directory_is_where_it_is(tmp_path: Path) -> None:
    box = write(tmp_path / "pipeline.toml", 'run_directory = "mine"\n')
    name_config(box)
    with record_running(box, tmp_path / "other"):
        assert chosen_run_directory(load_settings(box)).path == tmp_path / "mine"

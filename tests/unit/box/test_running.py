"""The record of boxes that run: of this user, and only while their process lives."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from twinface.box.running import RunningBox, record_running, running_boxes

_RUN = """
import sys
from pathlib import Path
from twinface.box.running import record_running
with record_running(Path(sys.argv[1]), Path("/run/other")):
    print("recorded", flush=True)
    sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state"


def test_a_box_is_recorded_while_it_runs(state: Path) -> None:
    assert running_boxes() == []
    with record_running(Path("/etc/a.toml"), Path("/run/a")) as problem:
        assert problem is None
        assert running_boxes() == [RunningBox("/etc/a.toml", "/run/a", os.getpid())]
        (record,) = state.rglob("*.json")
        assert stat.S_IMODE(record.stat().st_mode) == 0o600
        assert stat.S_IMODE(record.parent.stat().st_mode) == 0o700
    assert running_boxes() == []
    assert [path for path in state.rglob("*") if path.is_file()] == []


def test_a_box_that_was_killed_is_not_believed_and_its_record_is_removed(state: Path) -> None:
    command = [sys.executable, "-c", _RUN, "/etc/b.toml"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "recorded\n"
        with record_running(Path("/etc/a.toml"), Path("/run/a")):
            assert [box.config for box in running_boxes()] == ["/etc/a.toml", "/etc/b.toml"]
        other.kill()
        other.wait()
        assert list(state.rglob("*.json"))
        assert running_boxes() == []
    assert list(state.rglob("*.json")) == []


def test_what_is_no_record_stops_nobody(state: Path) -> None:
    with record_running(Path("/etc/a.toml"), Path("/run/a")):
        (record,) = state.rglob("*.json")
        (record.parent / "garbage.json").write_text("garbage")
        (record.parent / "folder.json").mkdir()
        assert len(running_boxes()) == 1


def test_where_it_cannot_be_recorded_that_is_said(state: Path) -> None:
    state.write_text("no folder")
    with record_running(Path("/etc/a.toml"), Path("/run/a")) as problem:
        assert isinstance(problem, OSError)
    assert running_boxes() == []

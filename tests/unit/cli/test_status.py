"""`twinface status` where no box answers, and what it says of a wrong clock."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from twinface.box.running import record_running
from twinface.bus.rundir import RUN_VARIABLE
from twinface.cli.live.status_tables import events_lines
from twinface.messages.schema import Heartbeat

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv(RUN_VARIABLE, str(tmp_path / "run"))
    return tmp_path / "run"


def test_a_machine_has_an_object_where_nothing_runs(run_path: Path, config: Path, twinface: Run) -> None:
    code, output, errors = twinface("--config", config, "status", "--json")
    said = f"nothing is running in {run_path}; start it with `twinface up`"
    assert (code, errors) == (1, f"twinface: {said}\n")
    assert json.loads(output) == {
        "schema": 1,
        "run_directory": str(run_path),
        "box": "not running",
        "ok": False,
        "problems": [said],
        "processes": [],
        "links": [],
    }


def test_a_box_that_starts_is_told_from_one_that_does_not_run(run_path: Path, config: Path, twinface: Run) -> None:
    with record_running(config, run_path):
        code, output, _ = twinface("--config", config, "status", "--json")
    assert (code, json.loads(output)["box"]) == (1, "starting")


def test_a_person_reads_it_on_stderr_alone(run_path: Path, config: Path, twinface: Run) -> None:
    code, output, errors = twinface("--config", config, "status")
    assert (code, output) == (1, "")
    assert str(run_path) in errors


@pytest.mark.parametrize(
    ("jump_days", "said"),
    [
        (0.5, []),
        (-0.5, []),
        (40.0, ["40 days ahead", "then a tenth of what is kept each day"]),
        (-20_000.0, ["20,000 days behind", "nothing is forgotten by it; put it right"]),
    ],
)
def test_a_wrong_clock_is_said_with_what_it_costs(jump_days: float, said: list[str]) -> None:
    beat = Heartbeat("matcher", 1, "running", "", 1.0, 0.5, 50.0, gauges={"clock_jump_s": jump_days * 86_400})
    lines = list(events_lines(beat, 500.0))
    assert len(lines) == bool(said)
    assert all(words in lines[0] for words in said)

"""`twinface events --all-boxes` on a real database."""

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from seen_by_boxes import an_event, forward, join

from twinface.postgres.connecting import connect
from twinface.postgres.migrations import migrate

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def config(tmp_path: Path, database: str) -> Path:
    """Of a box of a database where Anna is at the gate and at the door, and Bo was at the gate."""
    now_ns = time.time_ns()
    with connect(database, "test") as connection:
        migrate(connection)
        join(connection, gate="g", door="d")
        forward(connection, tmp_path, "g", an_event(at_ns=now_ns - 10**9), an_event(name="Bo", at_ns=now_ns))
        forward(connection, tmp_path, "d", an_event(at_ns=now_ns, camera="yard"))
    config = tmp_path / "pipeline.toml"
    config.write_text(f'gallery = "{tmp_path}/gallery"\n[database]\nurl = "{database}"\n')
    return config


def test_where_somebody_was_today_and_who_is_at_two_boxes(twinface: Command, config: Path) -> None:
    _, out, _ = twinface("events", "--all-boxes", "--name", "Anna", "--since", "24h", "--config", config)
    lines = [" ".join(line.split()) for line in out.splitlines() if "Anna" in line]
    assert [line.split()[2] for line in lines] == ["gate/door", "door/yard"]
    assert lines[1].endswith("also at gate")
    assert "Bo" not in out


def test_as_json_and_of_one_box(twinface: Command, config: Path) -> None:
    _, out, _ = twinface("events", "--box", "gate", "--json", "--config", config)
    found = [json.loads(line) for line in out.splitlines()]
    assert [(one["box"], one["box_id"], one["name"]) for one in found] == [("gate", "g", "Anna"), ("gate", "g", "Bo")]


def test_what_is_asked_wrongly_is_said(twinface: Command, config: Path) -> None:
    code, _, err = twinface("events", "--box", "yard", "--config", config)
    assert (code, "no box is called 'yard'; there are door, gate" in err) == (2, True)
    code, _, err = twinface("events", "--all-boxes", "--follow", "--config", config)
    assert (code, "--follow" in err) == (2, True)
    config.write_text("")
    code, _, err = twinface("events", "--all-boxes", "--config", config)
    assert (code, "set [database] url" in err) == (2, True)

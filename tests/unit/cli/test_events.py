"""`twinface events` on a real store, without a pipeline."""

import dataclasses
import json
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from harness import TWINFACE

from twinface.events import Event, EventStore, Kind, Subject

Run = Callable[..., tuple[int, str, str]]

_MINUTE_NS = 60 * 10**9


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "pipeline.toml"
    path.write_text(f'gallery = "{tmp_path}/gallery"\n[[camera]]\nname = "door"\nsource = "0"\n')
    return path


def make(kind: Kind, subject: Subject = Subject.PERSON, *, minutes_ago: float = 0.0, **fields: Any) -> Event:
    at_ns = time.time_ns() - int(minutes_ago * _MINUTE_NS)
    given = {"track": None, "name": "Ada", "state": "known", "score": 0.93, "duration_s": 0.0, **fields}
    camera = given.pop("camera", "door")
    return Event(kind, subject, camera, 1, at_ns=at_ns, since_ns=at_ns, media_ms=0.0, frame=0, **given)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Six events of the last hours; the file's path."""
    path = tmp_path / "events.sqlite"
    with EventStore(path) as opened:
        opened.append(
            [
                make(Kind.ENTER, Subject.TRACK, minutes_ago=200, name=None, state="pending", track=4, score=None),
                make(Kind.UPDATE, Subject.TRACK, minutes_ago=200, name=None, state="unknown", track=4, score=0.1),
                make(Kind.STAYED, Subject.TRACK, minutes_ago=199, name=None, state="unknown", track=4, duration_s=31.0),
                make(Kind.ENTER, minutes_ago=30, track=5),
                make(Kind.TWO_CAMERAS, minutes_ago=20, camera="hall", details={"cameras": ["door", "hall"]}),
                make(Kind.EXIT, minutes_ago=10, duration_s=3725.0, name="[red]Bob\x1b[2J", reason="stopped"),
            ]
        )
    return path


def json_lines(output: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.splitlines()]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ((), [1, 2, 3, 4, 5, 6]),
        (("--since", "1h"), [4, 5, 6]),
        (("--since", "0.25h"), [6]),
        (("--since", "1h", "--until", "15m"), [4, 5]),
        (("--until", "2000-01-01"), []),
        (("--since", "2000-01-01T10:30", "--until", "2999-01-01T00:00:00+02:00"), [1, 2, 3, 4, 5, 6]),
        (("--name", "Ada"), [4, 5]),
        (("--camera", "hall"), [5]),
        (("--kind", "enter"), [1, 4]),
        (("--kind", "enter", "--subject", "person"), [4]),
        (("--limit", "2"), [5, 6]),
        (("--limit", "0"), [1, 2, 3, 4, 5, 6]),
        (("--after", "2", "--limit", "2"), [3, 4]),
    ],
)
def test_filters(twinface: Run, config: Path, store: Path, options: tuple[str, ...], expected: list[int]) -> None:
    code, output, errors = twinface("events", "--config", config, "--json", *options)
    assert (code, errors) == (0, "")
    assert [event["sequence"] for event in json_lines(output)] == expected


def test_json_has_every_column(twinface: Run, config: Path, store: Path) -> None:
    _, output, _ = twinface("events", "--config", config, "--json", "--kind", "two_cameras")
    (event,) = json_lines(output)
    assert list(event) == ["schema", *Event.__slots__, "track_id"]
    assert (event["subject"], event["kind"], event["details"]) == (
        "person",
        "two_cameras",
        {"cameras": ["door", "hall"]},
    )


def test_the_table_is_for_people(twinface: Run, config: Path, store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "140")
    code, output, _ = twinface("events", "--config", config)
    assert code == 0
    assert "\x1b" not in output
    rows = [" ".join(line.split()) for line in output.splitlines()]
    assert "no. time camera kind who score for note" in rows
    assert [row.split()[0] for row in rows if row[:1].isdecimal()] == ["3", "4", "5", "6"], "who stayed, and people"
    assert any("door stayed unknown 0.93 31.0 s" in row for row in rows)
    assert any(row.endswith("also at door") for row in rows)
    assert "[red]Bob\N{REPLACEMENT CHARACTER}[2J" in output
    assert any(row.endswith("0.93 1:02:05 stopped") for row in rows)


@pytest.mark.parametrize("options", [("--tracks",), ("--subject", "track"), ()])
def test_80_columns_are_enough_and_no_track_is_cut(
    twinface: Run, config: Path, store: Path, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    camera, stream = "c" * 32, int("dn83w93akhl8", 36)
    longest = make(Kind.UPDATE, Subject.TRACK, track=12345, camera=camera, name="Jacinda Kate Laurell Ardern")
    with EventStore(store) as opened:
        opened.append([dataclasses.replace(longest, stream=stream), make(Kind.EXIT, camera=camera, duration_s=99999.0)])
    code, output, _ = twinface("events", "--config", config, *options)
    assert code == 0
    assert max(map(len, output.splitlines())) <= 80
    assert (f"{camera}:dn83w93akhl8:12345" in output) == bool(options)
    assert ("door:1:4" in output) == bool(options)


def test_days_are_told_once(twinface: Run, config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    with EventStore(tmp_path / "events.sqlite") as opened:
        old = make(Kind.ENTER)
        days = [dataclasses.replace(old, at_ns=(1_700_000_000 + 3600 * hours) * 10**9) for hours in (0, 1, 2, 3)]
        opened.append(days)
    _, output, _ = twinface("events", "--config", config)
    told = [line.strip() for line in output.splitlines() if "2023" in line]
    assert told == ["Tuesday, 2023-11-14", "Wednesday, 2023-11-15"]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--since", "yesterday"), "--since 'yesterday': write 90s, 15m, 1h, 2d or 1w (ago), or a date like"),
        (("--until", "1x"), "--until '1x': write"),
        (("--after", "99"), "no event has the number 99 yet, the newest is 6; begin again after 0"),
    ],
)
def test_mistakes_are_one_line(twinface: Run, config: Path, store: Path, options: tuple[str, ...], told: str) -> None:
    code, output, errors = twinface("events", "--config", config, "--json", *options)
    assert (code, output) == (2, "")
    assert told in errors
    assert len(errors.splitlines()) == 1


def test_a_damaged_store_is_one_line(twinface: Run, config: Path, tmp_path: Path) -> None:
    (tmp_path / "events.sqlite").write_bytes(b"x" * 5000)
    code, _, errors = twinface("events", "--config", config)
    assert code == 2
    assert "file is not a database" in errors
    assert len(errors.splitlines()) == 1


def test_before_anything_was_stored(twinface: Run, config: Path, tmp_path: Path) -> None:
    code, output, errors = twinface("events", "--config", config, "--json")
    assert (code, output) == (0, "")
    assert errors == f"warning: no events yet in {tmp_path}/events.sqlite; `twinface up` stores them\n"
    assert not (tmp_path / "events.sqlite").exists()


def test_who_follows_gets_each_event_once_and_asks_for_what_it_missed(config: Path, store: Path) -> None:
    def follow(*options: str) -> "subprocess.Popen[str]":
        command = [TWINFACE, "events", "--config", str(config), "--follow", "--json", *options]
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    def next_number(follower: "subprocess.Popen[str]") -> int:
        assert follower.stdout is not None
        return int(json.loads(follower.stdout.readline())["sequence"])

    with follow("--limit", "2") as follower, EventStore(store) as writer:
        assert [next_number(follower) for _ in range(2)] == [5, 6]
        writer.append([make(Kind.ENTER), make(Kind.EXIT)])
        assert [next_number(follower) for _ in range(2)] == [7, 8]
        follower.kill()
    with EventStore(store) as writer:
        writer.append([make(Kind.ENTER), make(Kind.UPDATE)])
        with follow("--after", "8", "--limit", "1") as follower:
            assert [next_number(follower) for _ in range(2)] == [9, 10]
            writer.append([make(Kind.EXIT)])
            assert next_number(follower) == 11
            follower.send_signal(signal.SIGINT)
            assert follower.wait(120.0) == 0


def test_who_follows_ends_with_its_reader(config: Path, store: Path) -> None:
    command = [TWINFACE, "events", "--config", str(config), "--follow"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as follower:
        assert follower.stdout is not None
        assert follower.stderr is not None
        assert "track stayed" in follower.stdout.readline()
        follower.stdout.close()
        assert follower.wait(120.0) == 0
        assert follower.stderr.read() == ""

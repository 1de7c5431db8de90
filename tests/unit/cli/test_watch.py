import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from documented_json import check_printed
from fake_box import FakeMatcher, short_run_directory
from harness import until

from twinface.bus.rundir import RunDirectory


@pytest.fixture
def run() -> Iterator[RunDirectory]:
    with short_run_directory() as directory:
        yield directory


@pytest.fixture
def config(run: RunDirectory, tmp_path: Path) -> Path:
    path = tmp_path / "pipeline.toml"
    path.write_text(f'run_directory = "{run.path}"\n[[camera]]\nname = "front"\nsource = "0"\n')
    return path


def _watch(config: Path, *options: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "twinface.cli.main", "watch", "--config", str(config), *options]
    environment = {**os.environ, "COLUMNS": "100"}
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, env=environment)


def _wait_until_watched(matcher: FakeMatcher) -> None:
    until(lambda: "snapshot" in matcher.asked, 120.0, "the snapshot to be asked for")


def test_json_prints_each_event_once_and_ends_with_the_stream(run: RunDirectory, config: Path) -> None:
    with FakeMatcher(run) as matcher:
        matcher.event("enter", track=0)
        watcher = _watch(config, "--json")
        _wait_until_watched(matcher)
        matcher.event("enter")
        matcher.event("match", lost=True, name="Ada", state="known", score=0.9)
        matcher.event("exit")
        matcher.event("end", camera="other", streams_open=1)
        matcher.event("end", streams_open=0)
        output, errors = watcher.communicate(timeout=120.0)
    check_printed(["watch"], output)
    events = [json.loads(line) for line in output.splitlines()]
    assert [(event["sequence"], event["type"]) for event in events] == [
        (1, "enter"),
        (2, "match"),
        (3, "exit"),
        (4, "end"),
        (5, "end"),
    ]
    match = events[1]
    assert (match["camera"], match["track"], match["name"], match["state"]) == ("front", 1, "Ada", "known")
    assert (match["score"], match["box_xyxy"], match["latency_ms"]) == (0.9, [10.0, 20.0, 60.0, 90.0], 31.5)
    assert match["captured_at_ns"] == matcher.events[2].captured.at_ns
    assert (match["media_ms"], "captured" in match) == (280.0, False)
    assert (watcher.returncode, errors) == (0, "")


def test_json_lines_are_flushed_one_by_one(run: RunDirectory, config: Path) -> None:
    with FakeMatcher(run) as matcher:
        watcher = _watch(config, "--json")
        _wait_until_watched(matcher)
        assert watcher.stdout is not None
        for sequence in range(3):
            matcher.event("match")
            assert json.loads(watcher.stdout.readline())["sequence"] == sequence
        watcher.send_signal(signal.SIGINT)
        _, errors = watcher.communicate(timeout=120.0)
    assert (watcher.returncode, errors) == (0, "")


def test_ctrl_c_is_heard_by_what_a_script_started_in_the_background(run: RunDirectory, config: Path) -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with FakeMatcher(run) as matcher:
            watcher = _watch(config)
            _wait_until_watched(matcher)
            watcher.send_signal(signal.SIGINT)
            output, errors = watcher.communicate(timeout=120.0)
    finally:
        signal.signal(signal.SIGINT, before)
    assert (watcher.returncode, errors) == (0, "")
    assert "who was seen" in output


def test_json_from_start_of_a_stream_that_has_ended(run: RunDirectory, config: Path) -> None:
    with FakeMatcher(run) as matcher:
        matcher.event("enter")
        matcher.event("end", streams_open=0)
        output, _ = _watch(config, "--json", "--from-start").communicate(timeout=120.0)
    assert [json.loads(line)["type"] for line in output.splitlines()] == ["enter", "end"]


def test_who_comes_after_every_stream_has_ended_reads_where_to_look(run: RunDirectory, config: Path) -> None:
    with FakeMatcher(run) as matcher:
        matcher.event("enter")
        matcher.event("end", streams_open=0)
        watcher = _watch(config, "--json")
        output, errors = watcher.communicate(timeout=120.0)
    assert (watcher.returncode, output) == (0, "")
    assert errors.startswith("every stream has ended; `twinface watch --from-start`")


def test_a_reader_that_has_enough_ends_it_quietly(run: RunDirectory, config: Path) -> None:
    with FakeMatcher(run) as matcher:
        watcher = _watch(config, "--json")
        _wait_until_watched(matcher)
        matcher.event("enter")
        assert watcher.stdout is not None
        assert watcher.stderr is not None
        watcher.stdout.readline()
        watcher.stdout.close()
        assert watcher.wait(120.0) == 0
        assert watcher.stderr.read() == ""
        watcher.stderr.close()


def test_nothing_running_is_one_line(run: RunDirectory, config: Path) -> None:
    watcher = _watch(config, "--json")
    output, errors = watcher.communicate(timeout=120.0)
    assert (watcher.returncode, output) == (1, "")
    assert errors == f"twinface: nothing is running in {run.path}; start it with `twinface up`\n"


def test_the_table_ends_with_who_was_seen(run: RunDirectory, config: Path) -> None:
    with FakeMatcher(run) as matcher:
        watcher = _watch(config)
        _wait_until_watched(matcher)
        for track, name in ((1, "Ada"), (2, "[red]Bob\x1b[2J"), (3, "Ada")):
            matcher.event("enter", track=track)
            matcher.event("match", track=track, name=name, state="known", score=0.25 + track / 8)
        matcher.event("enter", track=4)
        matcher.event("end", streams_open=0)
        output, errors = watcher.communicate(timeout=120.0)
    assert (watcher.returncode, errors) == (0, "")
    rows = [" ".join(line.replace("│", " ").replace("┃", " ").split()) for line in output.splitlines()]
    assert "Ada front 2 0.62" in rows
    assert "[red]Bob\N{REPLACEMENT CHARACTER}[2J front 1 0.50" in rows
    assert "\x1b" not in output
    assert "4 tracks, 1 of them without a name, 3 looks" in " ".join(rows)

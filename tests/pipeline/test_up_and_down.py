"""Starting, watching and stopping the whole, the ways a person does it."""

import json
import os
import shutil
import signal

import psutil
import pytest
from harness import Pipeline, until

from twinface import assets

pytestmark = pytest.mark.pipeline


def show_one_picture(pipeline: Pipeline, options: str) -> None:
    """A camera that shows the second picture of somebody who is known by the first."""
    portraits = assets.fetch("portraits")
    (pipeline.folder / "pictures").mkdir()
    shutil.copy(portraits / "person_a_2.jpg", pipeline.folder / "pictures")
    pipeline.configure(f'name = "door"\nsource = "pictures"\n{options}')
    pipeline.enrol("person a", portraits / "person_a_1.jpg")


def test_watch_until_the_stream_ends(pipeline: Pipeline) -> None:
    show_one_picture(pipeline, "picture_seconds = 60.0\nlossless = true")
    up = pipeline.start("--exit-when-done")
    until(lambda: pipeline.run.is_locked("matcher"), 120.0, "the matcher")
    lines = pipeline.command("watch", "--json", "--from-start").stdout.splitlines()
    events = [json.loads(line) for line in lines]
    assert events[0]["type"] == "enter"
    assert (events[-1]["type"], events[-1]["reason"], events[-1]["streams_open"]) == ("end", "complete", 0)
    looks = [event for event in events if event["type"] == "match"]
    states = [(look["camera"], look["name"], look["state"]) for look in looks]
    pending = states.index(("door", "person a", "known"))
    assert set(states[:pending]) <= {("door", None, "pending")}, "until enough looks agree"
    assert set(states[pending:]) == {("door", "person a", "known")}
    assert all(look["latency_ms"] > 0.0 and len(look["box_xyxy"]) == 4 for look in looks)
    assert all(0.5 < look["score"] <= 1.0 for look in looks[pending:])
    assert up.wait(120.0) == 0, pipeline.logs()
    assert pipeline.leftovers() == []


def test_down_stops_everything_and_a_second_up_is_refused(pipeline: Pipeline) -> None:
    show_one_picture(pipeline, "loop = true")
    up = pipeline.start()
    until(lambda: pipeline.run.is_locked("web"), 120.0, "the last process")
    second = pipeline.command("up", check=False)
    assert second.returncode == 1
    assert "already running" in second.stderr
    pipeline.config.write_text("a mistake that was made since")
    assert pipeline.command("down").stdout == "stopped\n"
    assert up.wait(120.0) == 0
    assert pipeline.leftovers() == []
    down = pipeline.command("down", check=False)
    assert (down.returncode, "not valid TOML" in down.stderr) == (2, True), "nothing runs that it could be about"


def test_other_commands_find_what_runs_from_anywhere(pipeline: Pipeline) -> None:
    show_one_picture(pipeline, "loop = true")
    pipeline.config_is_named = False
    up = pipeline.start()
    until(lambda: pipeline.run.is_locked("web"), 120.0, "the last process")
    assert f"configuration: {pipeline.config} (the current folder)" in pipeline.said()
    anywhere = pipeline.folder / "pictures"
    status = json.loads(pipeline.command("status", "--json", cwd=anywhere, check=False).stdout)
    assert status["run_directory"] == str(pipeline.run.path)
    until(lambda: pipeline.command("events", "--json", cwd=anywhere).stdout, 120.0, "an event in its own database")
    assert pipeline.command("down", cwd=anywhere).stdout == "stopped\n"
    assert up.wait(120.0) == 0
    assert "nothing is running" in pipeline.command("status", cwd=anywhere, check=False).stderr


def test_a_killed_supervisord_leaves_no_orphans(pipeline: Pipeline) -> None:
    show_one_picture(pipeline, "loop = true")
    up = pipeline.start()
    until(lambda: pipeline.run.is_locked("web"), 120.0, "the last process")
    (supervisord,) = psutil.Process(up.pid).children()
    os.kill(supervisord.pid, signal.SIGKILL)
    assert up.wait(120.0) == 1
    until(lambda: pipeline.leftovers() == [], 120.0, "all processes to end")


def test_a_killed_up_leaves_no_orphans(pipeline: Pipeline) -> None:
    show_one_picture(pipeline, "loop = true")
    up = pipeline.start()
    until(lambda: pipeline.run.is_locked("web"), 120.0, "the last process")
    up.kill()
    until(lambda: pipeline.leftovers() == [], 120.0, "all processes to end")


def test_up_says_what_keeps_a_process_from_starting_and_waits_for_it(pipeline: Pipeline) -> None:
    show_one_picture(pipeline, "loop = true")
    lock = pipeline.run.lock("web")
    pipeline.start()
    said = pipeline.folder / "up.log"
    until(lambda: "waiting for web: web is already running" in said.read_text(), 120.0, "the reason")
    status = pipeline.status()
    assert status["ok"] is False
    assert any("web is already running" in problem for problem in status["problems"]), status["problems"]
    os.close(lock)
    until(lambda: "web is running" in said.read_text(), 120.0, "web")
    assert pipeline.stop() == 0
    assert pipeline.leftovers() == []


def test_up_refuses_mistakes_in_one_line(pipeline: Pipeline) -> None:
    pipeline.configure('name = "door"\nsource = "nowhere.mp4"')
    for text, said in (
        (pipeline.config.read_text(), "nowhere.mp4"),
        (pipeline.config.read_text().replace("source", "sorce"), "did you mean 'source'?"),
        ('network = "nonsense"\n[[camera]]\nname = "a"\nsource = "0"', "sface"),
        ("", "[[camera]]"),
    ):
        pipeline.config.write_text(text)
        refused = pipeline.command("up", check=False)
        assert refused.returncode == 2
        (problem,) = [line for line in refused.stderr.splitlines() if line.startswith("twinface: ")]
        assert said in problem
        assert "starting" not in refused.stderr


def test_ctrl_c_is_heard_by_what_a_script_started_in_the_background(pipeline: Pipeline) -> None:
    show_one_picture(pipeline, "loop = true\npicture_seconds = 1.0")
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        pipeline.start()
    finally:
        signal.signal(signal.SIGINT, before)
    until(lambda: pipeline.run.is_locked("web"), 120.0, "the last process")
    assert pipeline.stop() == 0, pipeline.logs()
    assert pipeline.leftovers() == []

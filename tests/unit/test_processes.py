"""supervisord.conf, the table of processes, the table of topics and the mains say the same."""

import ast
import configparser
from pathlib import Path
from typing import Any

import pytest
from supervisor.datatypes import RestartUnconditionally
from supervisor.options import ServerOptions

from twinface.config_file import packaged_path
from twinface.messages.topics import CONTROL, HEALTH, TOPICS, Pattern, Topic
from twinface.processes import PROCESSES, RELAY, SENTINEL, Process, camera_names, extractor_names, process_names
from twinface.settings import CameraSettings, ExtractorSettings, RelaySettings, Settings, WebhookSettings

CONF = packaged_path("supervisord.conf")
MANY = {"camera": 3, "extractor": 2}
OUTSIDE = {"cli", "up", "watch"}
"""Readers of topics that are commands, not processes."""

every_process = pytest.mark.parametrize("process", PROCESSES, ids=lambda process: process.name)


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, list[Any]]:
    """What supervisord itself makes of its configuration: program → processes."""
    environment = {
        "TWINFACE_RUN": str(tmp_path),
        "TWINFACE_START_DIRECTORY": str(tmp_path),
        "TWINFACE_PYTHON": "python",
        "TWINFACE_SERVICES": "mains",
        "TWINFACE_CAMERAS": str(MANY["camera"]),
        "TWINFACE_EXTRACTORS": str(MANY["extractor"]),
        "TWINFACE_WEBHOOKS": "1",
        "TWINFACE_MQTT": "1",
        "TWINFACE_SYNC": "1",
        "TWINFACE_RELAY": "1",
        "TWINFACE_MATCHER": "1",
        "TWINFACE_WEB": "1",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "logs").mkdir()
    options = ServerOptions()
    options.realize(["-c", str(CONF)])
    return {group.name: group.process_configs for group in options.process_group_configs}


def test_supervisord_runs_the_processes_of_the_table_and_no_others(programs: dict[str, list[Any]]) -> None:
    assert set(programs) == {process.name for process in PROCESSES}


@every_process
def test_a_program_is_what_its_row_says(programs: dict[str, list[Any]], process: Process) -> None:
    running = programs[process.name]
    assert len(running) == MANY.get(process.name, 1)
    for number, one in enumerate(running):
        argument = f" {number}" if process.name in MANY else ""
        assert one.command == f"python -P -m mains.{process.name}{argument}"
        assert one.autostart == process.autostart
        assert one.redirect_stderr == (process is not SENTINEL), "its standard output belongs to supervisord"
        assert one.stopwaitsecs == process.stop_within_s
        assert one.stdout_logfile_maxbytes <= 5_000_000
    logs = {one.stderr_logfile if process is SENTINEL else one.stdout_logfile for one in running}
    assert len(logs) == len(running), "two processes write into one log"


def test_whatever_ends_is_started_again_and_never_given_up(programs: dict[str, list[Any]]) -> None:
    for process in PROCESSES:
        for one in programs[process.name]:
            assert one.autorestart is (RestartUnconditionally if process.autostart else False)
            assert one.startsecs == 0


def test_who_reads_starts_before_who_sends(programs: dict[str, list[Any]]) -> None:
    priority = {name: running[0].priority for name, running in programs.items()}
    assert priority["matcher"] < priority["extractor"] < priority["camera"]


def test_supervisord_listens_to_its_owner_only() -> None:
    conf = configparser.RawConfigParser(inline_comment_prefixes=(";",))
    conf.read_string(CONF.read_text())
    assert "inet_http_server" not in conf
    assert int(conf["unix_http_server"]["chmod"], 8) & 0o077 == 0


@every_process
def test_a_process_has_a_budget(process: Process) -> None:
    assert 0 < process.cpu_budget_cores <= 2
    assert 50 <= process.memory_budget_mb <= 2000


@pytest.mark.parametrize("topic", TOPICS.values(), ids=lambda topic: topic.name)
def test_processes_and_topics_name_each_other(topic: Topic) -> None:
    senders = {process.name for process in PROCESSES if topic in process.publishes}
    readers = {process.name for process in PROCESSES if topic in process.reads}
    named = {process.name for process in PROCESSES} if topic is HEALTH else set(topic.publisher.split(", "))
    assert senders == named
    assert readers == set(topic.readers) - OUTSIDE


@every_process
def test_a_main_opens_the_topics_of_its_row(process: Process) -> None:
    module = ast.parse(packaged_path(f"services/{process.name}.py").read_text())
    opened = {
        alias.name
        for node in ast.walk(module)
        if isinstance(node, ast.ImportFrom) and node.module == "twinface.messages.topics"
        for alias in node.names
    }
    row = {topic.name.upper() for topic in (*process.publishes, *process.reads)}
    assert row - {HEALTH.name.upper(), CONTROL.name.upper()} <= opened <= row


@pytest.mark.parametrize("topic", TOPICS.values(), ids=lambda topic: topic.name)
def test_rows_of_the_topic_table_make_sense(topic: Topic) -> None:
    assert TOPICS[topic.name] is topic
    assert topic.version >= 1
    assert topic.capacity > 0
    assert (topic.payload_dtype is None) == (topic.max_payload_bytes == 0) == (topic.payload_dimensions == 0)
    if topic.pattern is Pattern.WORK:
        assert 0 < topic.window <= topic.capacity
        assert topic.attempts >= 2, "what a killed reader had could not be offered again"
        assert topic.lease_ms < topic.stale_after_ms, "what a killed reader had would always be too old"


def test_names_on_the_bus() -> None:
    cameras = tuple(CameraSettings(name=name, source="0") for name in ("front", "back"))
    settings = Settings(camera=cameras, extractor=ExtractorSettings(count=3))
    assert camera_names(settings) == ["camera.front", "camera.back"]
    assert extractor_names(settings) == ["extractor.0", "extractor.1", "extractor.2"]
    others = ["matcher", "web", "sentinel"]
    assert process_names(settings) == [*camera_names(settings), *extractor_names(settings), *others]
    with_webhook = settings.model_copy(update={"webhook": (WebhookSettings(name="a", url="http://b/"),)})
    assert process_names(with_webhook) == [*process_names(settings), "webhooks"]


def test_only_what_starts_by_itself_is_waited_for() -> None:
    settings = Settings(camera=(CameraSettings(name="a", source="0"),))
    names = {name.partition(".")[0] for name in process_names(settings)}
    assert names == {process.name for process in PROCESSES if process.autostart and process.is_configured(settings)}


def test_a_box_alone_has_no_relay_and_one_that_lends_extractors_no_page() -> None:
    alone = Settings()
    assert not RELAY.is_configured(alone)
    assert "relay" not in process_names(alone)
    lends = Settings(relay=RelaySettings(listen="tcp://0.0.0.0:7700", matcher=False))
    assert process_names(lends) == ["extractor.0", "extractor.1", "sentinel", "relay"]

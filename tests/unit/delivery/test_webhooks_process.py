"""The process itself, killed at any moment under load: nothing is lost, and what comes twice has one id."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fake_box import short_run_directory
from harness import until
from sent_events import SECRET, Store, make_event
from standardwebhooks import Webhook
from web_receiver import Receiver, receiving

from twinface.bus.pubsub import latest_heartbeats
from twinface.bus.rundir import RUN_VARIABLE, RunDirectory
from twinface.config_file import CONFIG_VARIABLE
from twinface.events.deliveries import read_deliveries
from twinface.events.outbox import read_backlogs
from twinface.messages.schema import Heartbeat


@contextmanager
def running(config: Path, run: RunDirectory) -> Iterator["subprocess.Popen[bytes]"]:
    environment = {**os.environ, CONFIG_VARIABLE: str(config), RUN_VARIABLE: str(run.path), "HOOK_SECRET": SECRET}
    with (run.path / "log").open("ab") as log:
        process = subprocess.Popen([sys.executable, "-P", "-m", "services.webhooks"], env=environment, stderr=log)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def heartbeat(run: RunDirectory) -> Heartbeat | None:
    return latest_heartbeats(run, ["webhooks"], timeout_s=1.0).get("webhooks")


def configure(path: Path, *receivers: Receiver) -> Path:
    """A configuration beside the store, with a webhook for each receiver: house0, house1, …"""
    config = path.with_name("pipeline.toml")
    table = '[[webhook]]\nname = "house{}"\nurl = "{}"\nallow_local = true\nsecret = "${{HOOK_SECRET}}"\n'
    tables = "".join(table.format(number, one.url) for number, one in enumerate(receivers))
    config.write_text(f'gallery = "gallery"\n[events]\npath = "{path}"\n{tables}')
    return config


def test_killed_under_load_it_loses_nothing_and_doubles_only_with_the_same_id(path: Path, store: Store) -> None:
    with short_run_directory() as run, receiving() as receiver, receiving(status=503) as down:
        config = configure(path, receiver, down)
        numbers: list[int] = []
        for killed in (True, True, False):
            with running(config, run) as process:
                until(lambda: len(read_backlogs(path)) == 2, 60.0, "the process to begin")
                numbers += store(*(make_event(f"person {number}") for number in range(120)))
                enough = len(numbers) - 70 if killed else len(numbers)
                until(lambda enough=enough: len(set(receiver.taken)) >= enough, 60.0, "events")
                if killed:
                    process.send_signal(signal.SIGKILL)
                    process.wait()
        log = (run.path / "log").read_text()
    assert sorted(set(receiver.taken)) == numbers
    ids = {(one.number, one.headers["webhook-id"]) for one in receiver.posted}
    assert len(ids) == len({number for number, _ in ids}) == len(numbers)
    assert len(receiver.posted) <= len(numbers) + 2, "one at most for each kill"
    for one in receiver.posted[-3:]:
        Webhook(SECRET).verify(one.body, one.headers)
    assert {one.number for one in down.posted} <= set(numbers)
    assert [one.target for one in read_deliveries(path)] == ["webhook:house1"] * len(
        {one.number for one in down.posted}
    )
    assert "person 1" not in log
    assert SECRET not in log
    assert "/hook" not in log


def test_its_health_says_what_is_not_delivered_and_that_it_is_again(path: Path, store: Store) -> None:
    with short_run_directory() as run, receiving(status=500) as receiver:
        with running(configure(path, receiver), run) as process:
            until(lambda: read_backlogs(path), 60.0, "the process to begin")
            store(make_event())
            said = until(lambda: (one := heartbeat(run)) and one.state == "degraded" and one, 60.0, "it to be said")
            assert said.detail == "webhook:house0: it answered 500 Internal Server Error"
            receiver.status = 200
            store(make_event("Cy"))
            until(lambda: (one := heartbeat(run)) and one.state == "running" and one, 60.0, "it to be well")
            process.terminate()
            assert process.wait(20.0) == 0
        assert said.counters["failed"] >= 1


def test_what_cannot_be_used_ends_it_with_one_line(path: Path) -> None:
    with short_run_directory() as run:
        config = path.with_name("pipeline.toml")
        config.write_text('[[webhook]]\nname = "house"\nurl = "${NOT_SET}"\n')
        with running(config, run) as process:
            assert process.wait(60.0) == 2
        assert "${NOT_SET} is not set" in (run.path / "log").read_text()

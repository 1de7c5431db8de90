"""Runs the real processes under a real supervisord, in a temporary run directory."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest
from documented_json import check_printed

from twinface.box.box_status import read_status
from twinface.box.supervision import process_states
from twinface.bus.control import ask
from twinface.bus.rundir import RunDirectory
from twinface.errors import ServiceError
from twinface.messages.codec import body_from
from twinface.messages.schema import MatchEvent
from twinface.messages.topics import CONTROL
from twinface.settings_file import load_settings

TWINFACE = str(Path(sys.executable).parent / "twinface")

# Of a stored event `track_id` has the time of the camera's start in it; `track` says the same without.
TIMES = ("epoch", "camera_epoch", "captured_at_ns", "latency_ms", "stream", "at_ns", "since_ns", "track_id")


PATIENCE_S = 600.0
"""So long what has to happen is waited for at least: a machine that is busy with other things is no mistake."""

_WORK_TIMEOUT_S = 900.0
"""So long a command may take that does what takes seconds on an idle machine."""


def until(condition: Callable[[], Any], timeout_s: float, what: str) -> Any:
    """The first true value of `condition`, asked again and again; fails after `timeout_s`, PATIENCE_S at least."""
    give_up_at_s = time.monotonic() + max(timeout_s, PATIENCE_S)
    while time.monotonic() < give_up_at_s:
        value = condition()
        if value:
            return value
        time.sleep(0.05)
    pytest.fail(f"waited {max(timeout_s, PATIENCE_S):g} s in vain for {what}")


@dataclass
class Pipeline:
    """A configuration in a folder of its own, and what runs from it."""

    folder: Path
    config: Path = field(init=False)
    process: "subprocess.Popen[str] | None" = None
    config_is_named: bool = True
    _events: list[dict[str, Any]] = field(default_factory=list)
    _matcher_epoch: int = 0

    def __post_init__(self) -> None:
        self.config = self.folder / "pipeline.toml"
        self.run = RunDirectory(self.folder / "run")

    def command(
        self, *arguments: str, check: bool = True, cwd: Path | None = None
    ) -> "subprocess.CompletedProcess[str]":
        """Run a twinface command to its end, in the folder of the configuration or in `cwd`."""
        done = subprocess.run(
            [TWINFACE, *arguments],
            cwd=cwd or self.folder,
            env=self._environment(),
            capture_output=True,
            text=True,
            timeout=_WORK_TIMEOUT_S,
            check=False,
        )
        assert not check or done.returncode == 0, done.stderr
        if "--json" in arguments:
            check_printed(arguments, done.stdout)
        return done

    def _environment(self) -> dict[str, str]:
        named = {"TWINFACE_CONFIG": str(self.config)} if self.config_is_named else {}
        home = {"HOME": str(self.folder / "home"), "TWINFACE_KEY_FILE": str(self.folder / "key")}
        return {**os.environ, **home, **named}

    def configure(self, *cameras: str, extra: str = "", extractors: int = 1) -> None:
        """Write the configuration; each of `cameras` is the body of a [[camera]] table."""
        tables = "\n".join(f"[[camera]]\n{camera}" for camera in cameras)
        top = f'gallery = "gallery"\nrun_directory = "run"\n{extra}'
        self.config.write_text(f"{top}\n[web]\nport = 0\n[extractor]\ncount = {extractors}\n{tables}\n")

    def enrol(self, name: str, *pictures: Path) -> None:
        """Add somebody to the gallery."""
        self.command("gallery", "add", name, *(str(picture) for picture in pictures))

    def start(self, *options: str) -> "subprocess.Popen[str]":
        """`twinface up`, in the background."""
        self._events, self._matcher_epoch = [], 0
        log = (self.folder / "up.log").open("w")
        command = [TWINFACE, "up", *options]
        self.process = subprocess.Popen(
            command, cwd=self.folder, env=self._environment(), stdout=log, stderr=log, text=True
        )
        log.close()
        return self.process

    def said(self) -> str:
        """What `twinface up` has said so far."""
        return (self.folder / "up.log").read_text()

    def events(self) -> list[dict[str, Any]]:
        """All events since the start, also of a matcher that was killed since they were asked for."""
        with contextlib.suppress(ServiceError):
            while True:
                known = sum(event["epoch"] == self._matcher_epoch for event in self._events)
                page = self.ask("replay", {"since": known})
                if page["epoch"] != self._matcher_epoch:
                    self._matcher_epoch = page["epoch"]
                elif page["events"]:
                    self._events += [body_from(MatchEvent, event).plain for event in page["events"]]
                else:
                    break
        return self._events

    def ask(self, verb: str, arguments: dict[str, Any] | None = None) -> Any:
        """Ask the matcher."""
        return ask(self.run.endpoint(CONTROL, "matcher"), verb, arguments, timeout_s=20.0)

    def status(self) -> dict[str, Any]:
        """What `twinface status --json` prints, asked without a process, which would take the time that others need."""
        try:
            return read_status(load_settings(self.config), self.run).plain
        except ServiceError as error:
            return {"box": error.code, "ok": False, "problems": [str(error)], "processes": [], "links": []}

    def pid(self, name: str) -> int:
        """Process id of a running process, or 0."""
        states = process_states(self.run, load_settings(self.config))
        return next((one.pid for one in states if (one.name, one.state) == (name, "RUNNING")), 0)

    def wait(self, timeout_s: float = 120.0) -> int:
        """Wait for `twinface up` to end; its exit code."""
        assert self.process is not None
        return self.process.wait(timeout_s)

    def stop(self) -> int:
        """Ctrl-C, and wait for the end; the exit code."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        return self.wait(120.0)

    def leftovers(self) -> list[int]:
        """Living processes of this run."""
        found = []
        for process in psutil.process_iter(["environ"]):
            environment = process.info["environ"] or {}
            if environment.get("TWINFACE_RUN") == str(self.run.path):
                found.append(process.pid)
        return found

    def logs(self) -> str:
        """Everything that was written, for the message of a test that fails."""
        paths = [self.folder / "up.log", *sorted((self.run.path / "logs").glob("*.log"))]
        return "\n".join(f"--- {path.name}\n{path.read_text()[-3000:]}" for path in paths if path.exists())


def without_times(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Events as they have to be the same in two runs."""
    return [{key: value for key, value in event.items() if key not in TIMES} for event in events]

"""The real processes, run by a benchmark in a folder of its own."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twinface.box.following import MatchFollower
from twinface.bus.rundir import RunDirectory
from twinface.messages.schema import MatchEvent

TWINFACE = str(Path(sys.executable).parent / "twinface")


@dataclass(frozen=True, slots=True)
class Box:
    """A folder with a configuration, a key and a gallery of its own."""

    folder: Path

    def configure(self, cameras: Sequence[str], *, extractors: int = 2, extra: str = "") -> None:
        """Write the configuration; each of `cameras` is the body of a [[camera]] table."""
        tables = "".join(f"[[camera]]\n{camera}\n" for camera in cameras)
        self._config.write_text(
            f'gallery = "gallery"\nrun_directory = "run"\n{extra}[extractor]\ncount = {extractors}\n'
            f"[web]\nport = 0\n{tables}"
        )

    def twinface(self, *arguments: str, check: bool = True) -> str:
        """What a command prints; with `check` it must not fail."""
        return subprocess.run(
            [TWINFACE, *arguments],
            cwd=self.folder,
            env=self._environment(),
            check=check,
            stdout=subprocess.PIPE,
            text=True,
        ).stdout

    def play(self, timeout_s: float) -> tuple[list[MatchEvent], dict[str, Any]]:
        """Play every camera's source to its end; all events, and `twinface status` then."""
        with self.started():
            events = _follow(RunDirectory(self.folder / "run"), timeout_s)
            return events, self.status()

    def status(self) -> dict[str, Any]:
        """`twinface status --json`; empty while nothing answers."""
        said = self.twinface("status", "--json", check=False)
        answer: dict[str, Any] = json.loads(said) if said else {}
        return answer

    @contextmanager
    def started(self) -> Iterator["subprocess.Popen[bytes]"]:
        """`twinface up` while the block runs, from its start on."""
        up = subprocess.Popen([TWINFACE, "up"], cwd=self.folder, env=self._environment(), stderr=subprocess.DEVNULL)
        try:
            yield up
        finally:
            up.terminate()
            up.wait(60)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Everything runs while the block does, from the moment on when all is well."""
        with self.started() as up:
            while not self.status().get("ok"):
                if up.poll() is not None:
                    raise SystemExit(f"twinface up ended with {up.returncode}")
                time.sleep(0.5)
            yield

    @property
    def _config(self) -> Path:
        return self.folder / "pipeline.toml"

    def _environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "TWINFACE_CONFIG": str(self._config),
            "TWINFACE_KEY_FILE": str(self.folder / "key"),
        }


def _follow(run: RunDirectory, timeout_s: float) -> list[MatchEvent]:
    give_up_at_s = time.monotonic() + timeout_s
    while not run.is_locked("matcher") and time.monotonic() < give_up_at_s:
        time.sleep(0.05)
    events: list[MatchEvent] = []
    with MatchFollower(run) as follower:
        follower.begin(from_start=True)
        while time.monotonic() < give_up_at_s:
            events += follower.poll(0.5)
            if any(event.type == "end" and event.streams_open == 0 for event in events):
                return events
    raise SystemExit(f"the streams did not end within {timeout_s:g} s")

"""A whole box of two cameras and two extractors, and what can be done to it."""

import os
import random
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
from harness import Pipeline, until

PROCESSES = ("camera.door", "camera.lab", "extractor.0", "extractor.1", "matcher", "web", "sentinel")
_PATIENCE_S = 240.0


class Box:
    """Runs until the test ends. Each harm returns when it was noticed; `recover` waits until the box is well."""

    def __init__(self, pipeline: Pipeline, portraits: Path) -> None:
        self.pipeline = pipeline
        source = f'source = "{portraits}"\nloop = true\npicture_seconds = 0.6'
        cameras = (f'name = "{name}"\n{source}' for name in ("door", "lab"))
        pipeline.configure(*cameras, extra="[sentinel]\nhang_s = 4.0\n", extractors=2)
        pipeline.enrol("Ada", portraits / "person_a_1.jpg")
        pipeline.start()
        self.recover()

    def recover(self) -> None:
        """Wait until everything is well, and new looks are matched."""
        until(lambda: self.status().get("ok"), _PATIENCE_S, "the box to be well")
        seen = self.matched()
        until(lambda: self.matched() != seen, _PATIENCE_S, "a new match")

    def status(self) -> dict[str, Any]:
        """`twinface status --json`, also while nothing answers."""
        return self.pipeline.status()

    def matched(self) -> tuple[int, int]:
        """Which matcher it is, and how many looks it has matched."""
        events = self.pipeline.events()
        return (events[-1]["epoch"] if events else 0), sum(event["type"] == "match" for event in events)

    def kill(self, name: str) -> None:
        """SIGKILL, and wait for the next start."""
        self._replace(name, signal.SIGKILL)

    def hang(self, name: str) -> None:
        """SIGSTOP, and wait until somebody has replaced it."""
        self._replace(name, signal.SIGSTOP)

    def pause(self, name: str, seconds: float) -> None:
        """SIGSTOP, and SIGCONT after a time in which nobody may replace it."""
        with suppress(psutil.NoSuchProcess):
            one = psutil.Process(self.pipeline.pid(name))
            one.suspend()
            with suppress(psutil.TimeoutExpired):
                one.wait(seconds)
            one.resume()

    def slow_down(self, name: str, times: int) -> None:
        """Stop it for a moment again and again."""
        for _ in range(times):
            self.pause(name, 0.3)

    def cut(self, name: str) -> None:
        """Take away the sockets that a process has bound, as a cleaner would, and end it as a person would."""
        for path in self.pipeline.run.path.glob(f"*.{name}"):
            path.unlink(missing_ok=True)
        self._replace(name, signal.SIGTERM)

    def _replace(self, name: str, number: signal.Signals) -> None:
        before = until(lambda: self.pipeline.pid(name), _PATIENCE_S, f"{name} to run")
        os.kill(before, number)
        until(lambda: self.pipeline.pid(name) not in {0, before}, _PATIENCE_S, f"{name} to be replaced")


def harms(box: Box, dice: random.Random) -> list[tuple[str, Callable[[str], object]]]:
    """Everything that can be done to one process, by name."""
    return [
        ("kill", box.kill),
        ("hang", box.hang),
        ("pause", lambda name: box.pause(name, dice.uniform(0.5, 2.5))),
        ("slow down", lambda name: box.slow_down(name, 5)),
        ("cut", box.cut),
    ]

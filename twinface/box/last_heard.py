"""What each process said last: its heart, which the sentinel tells whoever comes later, and the error in its log."""

import dataclasses
import json
import time
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from twinface.box.health import Heart
from twinface.bus.control import ask
from twinface.bus.rundir import RunDirectory
from twinface.errors import ServiceError
from twinface.messages.schema import Heartbeat
from twinface.messages.topics import CONTROL
from twinface.processes import SENTINEL
from twinface.settings import Settings

HEARTS_VERB = "hearts"
"""What the sentinel is asked on `control`."""

_ANSWERS_WITHIN_S = 1.0


class LastHeard:
    """The latest heartbeat of each process by its name."""

    def __init__(self) -> None:
        self._latest: dict[str, tuple[Heartbeat, float]] = {}

    def take(self, beat: Heartbeat) -> None:
        """A heartbeat that has come just now."""
        self._latest[beat.process] = beat, time.monotonic()

    @property
    def names(self) -> set[str]:
        """Who was heard."""
        return {*self._latest}

    def beat(self, name: str) -> Heartbeat | None:
        """The latest heartbeat of a process; None where it was never heard."""
        return self._latest[name][0] if name in self._latest else None

    def heart(self, name: str) -> Heart | None:
        """What a process said last; None where it was never heard."""
        if name not in self._latest:
            return None
        beat, at_s = self._latest[name]
        return Heart(beat.pid, beat.state, beat.detail, time.monotonic() - at_s)

    def plain(self) -> dict[str, dict[str, object]]:
        """Everybody's, JSON-ready."""
        return {name: dataclasses.asdict(heart) for name in self._latest if (heart := self.heart(name))}


def ask_hearts(run: RunDirectory) -> Mapping[str, Heart] | None:
    """What the sentinel of a box has heard last of each process; None where it does not answer."""
    try:
        hearts = ask(run.endpoint(CONTROL, SENTINEL.name), HEARTS_VERB, timeout_s=_ANSWERS_WITHIN_S)
    except ServiceError:
        return None
    return {name: Heart(**heart) for name, heart in hearts.items()}


def log_path(run: RunDirectory, name: str, settings: Settings) -> Path:
    """The log of a process, by its name on the bus."""
    group, _, own = name.partition(".")
    numbers = {camera.name: str(number) for number, camera in enumerate(settings.camera)}
    return run.path / "logs" / (f"{group}.{numbers.get(own, own)}.log" if own else f"{group}.log")


def last_error(run: RunDirectory, name: str, settings: Settings, since_s: float) -> str:
    """In one line; where to look when there is none since `since_s` (wall clock). `name` is that on the bus."""
    log = log_path(run, name, settings)
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.stat().st_mtime >= since_s else []
    except OSError:
        return f"see {log.parent}"
    for line in reversed(lines):
        try:
            event = json.loads(line)
        except ValueError:
            return f"{line} (see {log})"
        if not isinstance(event, dict) or _at_s(event) < since_s:
            break
        if "error" in event:
            return str(event["error"])
    return f"see {log}"


def _at_s(event: dict[str, object]) -> float:
    """When a line was written; for ever ago where it does not say so."""
    try:
        return datetime.fromisoformat(str(event.get("timestamp"))).timestamp()
    except ValueError:
        return float("-inf")

"""The last error that a process wrote into its log, for when it says nothing itself."""

import json
from datetime import datetime

from twinface.bus.rundir import RunDirectory
from twinface.settings import Settings


def last_error(run: RunDirectory, name: str, settings: Settings, since_s: float) -> str:
    """In one line; where to look when there is none since `since_s` (wall clock). `name` is that on the bus."""
    group, _, own = name.partition(".")
    numbers = {camera.name: str(number) for number, camera in enumerate(settings.camera)}
    log = run.path / "logs" / (f"{group}.{numbers.get(own, own)}.log" if own else f"{group}.log")
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

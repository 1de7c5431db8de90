"""The last error that a process wrote into its log, for when it says nothing itself."""

import json

from twinface.bus.rundir import RunDirectory
from twinface.settings import Settings


def last_error(run: RunDirectory, name: str, settings: Settings) -> str:
    """In one line; where to look when there is none. `name` is that on the bus."""
    group, _, own = name.partition(".")
    numbers = {camera.name: str(number) for number, camera in enumerate(settings.camera)}
    log = run.path / "logs" / (f"{group}.{numbers.get(own, own)}.log" if own else f"{group}.log")
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return f"see {log.parent}"
    for line in reversed(lines):
        try:
            event = json.loads(line)
        except ValueError:
            return f"{line} (see {log})"
        if isinstance(event, dict) and "error" in event:
            return str(event["error"])
    return f"see {log}"

"""Boxes that share a database: each a folder with a configuration, of which only the named processes are real."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from fake_box import short_run_directory
from harness import until

from twinface.bus.pubsub import latest_heartbeats
from twinface.bus.rundir import RunDirectory
from twinface.messages.schema import Heartbeat
from twinface.settings import Settings
from twinface.settings_file import load_settings


@dataclass
class SharedBox:
    """A box; `start` runs one of its processes, which may be called a second time."""

    folder: Path
    run: RunDirectory
    processes: "dict[str, subprocess.Popen[str]]" = field(default_factory=dict)

    @property
    def config(self) -> Path:
        return self.folder / "pipeline.toml"

    @property
    def settings(self) -> Settings:
        return load_settings(self.config)

    def start(self, name: str, *prefix: str, **environment: str) -> "subprocess.Popen[str]":
        """Start a process, with a command before it, such as one that enters a network namespace."""
        alone = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}  # as under supervisord
        with (self.folder / f"{name}.log").open("a") as log:
            self.processes[name] = subprocess.Popen(
                [*prefix, sys.executable, "-P", "-m", f"services.{name}"],
                env={**os.environ, **alone, **environment, "TWINFACE_CONFIG": str(self.config)},
                stderr=log,
                text=True,
            )
        return self.processes[name]

    def end(self, name: str, number: signal.Signals = signal.SIGKILL) -> int:
        """Send a process a signal, and wait for its end."""
        process = self.processes.pop(name)
        process.send_signal(number)
        return process.wait(60.0)

    def heartbeat(self, name: str) -> Heartbeat | None:
        return latest_heartbeats(self.run, [name], timeout_s=3.0).get(name)

    def says(self, name: str, words: str) -> Heartbeat:
        """Until a process says so in words; its heartbeat."""

        def said() -> Heartbeat | None:
            beat = self.heartbeat(name)
            return beat if beat is not None and words in f"{beat.state}: {beat.detail}" else None

        found: Heartbeat = until(said, 60.0, f"{name} to say {words!r}")
        return found


@contextmanager
def shared_box(folder: Path, name: str, *lines: str) -> Iterator[SharedBox]:
    """A box of this name without cameras, whose `[database]` table has these lines."""
    folder.mkdir(exist_ok=True)
    with short_run_directory() as run:
        box = SharedBox(folder, run)
        top = f'box = "{name}"\ngallery = "{folder}/gallery"\nrun_directory = "{run.path}"\n'
        box.config.write_text("\n".join([f"{top}[database]", *lines, ""]))
        try:
            yield box
        finally:
            for one in [*box.processes]:
                box.end(one)

"""The real web process over a box of stand-ins."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import httpx
from fake_box import FakeCamera, FakeMatcher, FakeProcess
from harness import until

from twinface.bus.rundir import RunDirectory


@dataclass
class Site:
    """The real web process over stand-ins for all others."""

    run: RunDirectory
    config: Path
    camera: FakeCamera
    extractor: FakeProcess
    matcher: FakeMatcher
    process: "subprocess.Popen[str] | None" = None
    url: str = ""

    def start_web(self) -> None:
        environment = {**os.environ, "TWINFACE_CONFIG": str(self.config)}
        command = [sys.executable, "-P", "-m", "services.web"]
        self.process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
        address = self.run.path / "web.json"
        until(address.exists, 20.0, "web.json")
        self.url = json.loads(address.read_text())["url"]

    def wait_until_healthy(self) -> None:
        """Wait until every process has been heard."""
        until(lambda: httpx.get(f"{self.url}healthz").status_code == 200, 10.0, "everything to be healthy")

    def stop_web(self) -> tuple[int, str]:
        """Exit code and log of the web process, which is told to stop."""
        assert self.process is not None
        self.process.terminate()
        _, log = self.process.communicate(timeout=10)
        return self.process.returncode, log

"""The real web process over a box of stand-ins."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from fake_box import FakeCamera, FakeMatcher, FakeProcess, short_run_directory
from harness import PATIENCE_S, until

from twinface.bus.rundir import RunDirectory

# What httpx.get and httpx.stream wait for by default: as long as `until` does.
for _name in ("connect", "read", "write", "pool"):
    setattr(httpx._config.DEFAULT_TIMEOUT_CONFIG, _name, PATIENCE_S)


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
        until(address.exists, 120.0, "web.json")
        self.url = json.loads(address.read_text())["url"]

    def wait_until_healthy(self) -> None:
        """Wait until every process has been heard."""
        until(lambda: httpx.get(f"{self.url}healthz").status_code == 200, 120.0, "everything to be healthy")

    def stop_web(self) -> tuple[int, str]:
        """Exit code and log of the web process, which is told to stop."""
        assert self.process is not None
        self.process.terminate()
        _, log = self.process.communicate(timeout=120.0)
        return self.process.returncode, log


@contextmanager
def running_site(
    folder: Path, settings: str = "", cameras: Sequence[str] = ("front",), host: str = ""
) -> Iterator[Site]:
    """A box with cameras, one extractor, a matcher and the web process, configured in a folder with `settings`."""
    with short_run_directory() as run, ExitStack() as stack:
        config, own = folder / "pipeline.toml", f'gallery = "{folder}/gallery"\n'
        tables = "".join(f'[[camera]]\nname = "{name}"\nsource = "0"\n' for name in cameras)
        top = f'{settings if "gallery" in settings else own + settings}run_directory = "{run.path}"\n'
        bound = f'host = "{host}"\n' if host else ""
        config.write_text(f"{top}{tables}[extractor]\ncount = 1\n[web]\n{bound}port = 0\n")
        camera, *_ = [stack.enter_context(FakeCamera(run, name)) for name in cameras]
        stack.enter_context(FakeProcess(run, "sentinel"))
        extractor = stack.enter_context(FakeProcess(run, "extractor.0"))
        site = Site(run, config, camera, extractor, stack.enter_context(FakeMatcher(run)))
        site.start_web()
        yield site
        if site.process is not None and site.process.poll() is None:
            site.stop_web()


class Api:
    """Asks the API of a site."""

    def __init__(self, site: Site) -> None:
        self.site = site

    def ask(self, method: str, path: str, *, code: int = 200, **more: Any) -> Any:
        """The answer, which has to have this status; a refusal is a problem of this status."""
        answer = httpx.request(method, f"{self.site.url}api/v1{path}", **more)
        assert answer.status_code == code, answer.text
        kind, body = answer.headers["content-type"], answer.json()
        assert kind == ("application/json" if code < 300 else "application/problem+json")
        if code >= 300:
            assert body["status"] == code
            assert body["type"] == f"urn:twinface:problem:{body['code']}"
        return body

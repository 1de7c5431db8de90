"""Boxes on machines of their own: network namespaces with a cable between them, which takes root.

The machines share a disk, so that a test sees what each of them keeps.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

import pytest
from cable import Cable, run
from harness import TWINFACE, Pipeline

_IP = shutil.which("ip") or "/usr/sbin/ip"
_UNSHARE = shutil.which("unshare") or "/usr/bin/unshare"


@dataclass
class Machine(Pipeline):
    """A box in a network namespace, whose monotonic clock is so many seconds ahead of this machine's."""

    namespace: str = ""
    address: str = ""
    device: str = ""
    ahead_s: int = 0

    def start(self, *options: str) -> "subprocess.Popen[str]":
        self._events, self._matcher_epoch = [], 0
        inside = [_IP, "netns", "exec", self.namespace]
        if self.ahead_s:
            inside += [_UNSHARE, "--time", "--monotonic", str(self.ahead_s)]
        with (self.folder / "up.log").open("w") as log:
            self.process = subprocess.Popen(
                [*inside, TWINFACE, "up", *options],
                cwd=self.folder,
                env=self._environment(),
                stdout=log,
                stderr=log,
                text=True,
            )
        return self.process

    def cut(self) -> None:
        """Pull the cable."""
        run(_IP, "-n", self.namespace, "link", "set", self.device, "down")

    def plug_in(self) -> None:
        """Put it in again."""
        run(_IP, "-n", self.namespace, "link", "set", self.device, "up")
        run(_IP, "-n", self.namespace, "route", "replace", "10.77.0.0/24", "dev", self.device)


@contextmanager
def two_machines(*, ahead_s: int = 0) -> Iterator[tuple[Machine, Machine, Cable]]:
    """Two with a cable between them; the clock of the second is `ahead_s`. Skips where they cannot be made."""
    with ExitStack() as stack:
        names = [f"tf{os.getpid()}-{number}" for number in (1, 2)]
        try:
            cable = Cable(*names)
        except OSError as error:
            pytest.skip(f"no TUN device can be made here: {error.strerror}")
        stack.callback(cable.close)
        machines = []
        for number, name in enumerate(names, 1):
            made = subprocess.run([_IP, "netns", "add", name], capture_output=True, text=True, check=False)
            if made.returncode:
                pytest.skip(f"no network namespace can be made here: {made.stderr.strip()}")
            stack.callback(run, _IP, "netns", "delete", name)
            folder = Path(mkdtemp(prefix="twinface-", dir="/tmp"))
            stack.callback(shutil.rmtree, folder)
            one = Machine(folder, namespace=name, address=f"10.77.0.{number}", device=name)
            stack.callback(_end, one)
            run(_IP, "link", "set", name, "netns", name)
            run(_IP, "-n", name, "address", "add", f"{one.address}/24", "dev", name)
            run(_IP, "-n", name, "link", "set", "lo", "up")
            one.plug_in()
            machines.append(one)
        machines[1].ahead_s = ahead_s
        yield machines[0], machines[1], cable


def _end(machine: Machine) -> None:
    if machine.process is not None and machine.process.poll() is None:
        machine.process.terminate()
        machine.process.wait(60.0)

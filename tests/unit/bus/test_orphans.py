import signal
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import psutil
import pytest

from twinface.bus.orphans import end_with_parent

# Its children say that they have asked for their end, then do what a hung thread does.
_PARENT = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", sys.argv[2]], stdout=subprocess.PIPE)
child.stdout.readline()
print(child.pid, flush=True)
sys.stdin.read()
"""
_HANGS_WITH_THE_INTERPRETER = """
import ctypes, signal
from twinface.bus.orphans import end_with_parent
signal.signal(signal.SIGALRM, signal.SIG_IGN)
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM, signal.SIGUSR1})
end_with_parent(1)
print("asked", flush=True)
while True:
    ctypes.PyDLL(None).pause()
"""
_LISTENS_TO_SIGTERM = """
import signal
from twinface.bus.orphans import stop_with_parent
stop_with_parent()
print("asked", flush=True)
signal.pause()
"""
_STOPS_TOO_SLOWLY = """
import ctypes, signal
from twinface.bus.loop import Loop
loop = Loop()
loop.handle_signals(end_within_s=0.2)
print("ready", flush=True)
loop.run()
ctypes.PyDLL(None).pause()
"""


@pytest.mark.parametrize(
    ("script", "grace_s"), [(_HANGS_WITH_THE_INTERPRETER, int(signal.SIGUSR1)), (_LISTENS_TO_SIGTERM, 0)]
)
def test_a_process_dies_with_its_parent(child: Callable[..., Any], script: str, grace_s: float) -> None:
    parent = child(_PARENT, [script])
    orphan = psutil.Process(int(parent.stdout.readline()))
    parent.kill()
    died_at_s = time.monotonic()
    parent.wait()
    while _runs(orphan):
        assert time.monotonic() - died_at_s < 60
        time.sleep(0.05)
    assert time.monotonic() - died_at_s > grace_s - 1


def test_a_loop_that_was_stopped_ends_its_process_whatever_hangs() -> None:
    with subprocess.Popen([sys.executable, "-c", _STOPS_TOO_SLOWLY], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.terminate()
        assert process.wait(120.0) == -signal.SIGALRM


def test_a_grace_that_no_signal_stands_for_is_refused() -> None:
    with pytest.raises(ValueError, match="at most"):
        end_with_parent(1000)


def _runs(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False

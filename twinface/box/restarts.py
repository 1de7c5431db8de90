"""Starting again after a failure: for ever, ever less often, and saying meanwhile what is waited for.

supervisord starts a process that ended again at once. So a process itself waits: where it cannot work for a reason that
may pass (a file that is not mounted yet, a mistake in the configuration), and where it ended too often of late.
"""

import logging
import os
import sys
import time
from contextlib import ExitStack, suppress

from twinface.box.health import TRIED_AGAIN_GAUGE
from twinface.bus.node import Node
from twinface.bus.rundir import RunDirectory
from twinface.errors import ServiceError, TwinfaceError
from twinface.processes import CAMERAS_VARIABLE, name_on_bus
from twinface.signals import stop_on_signal

log = logging.getLogger(__name__)

_ATTEMPT_VARIABLE = "TWINFACE_ATTEMPT"

_LONGEST_PAUSE_S = 60.0
_STORM_WITHIN_S = 60.0
_FREE_STARTS = 4
"""So many starts within a minute happen at once; each one more is waited for twice as long as the one before."""


def is_supervised() -> bool:
    """Whether supervisord has started this process."""
    return "SUPERVISOR_ENABLED" in os.environ


def own_name() -> str:
    """This process's name on the bus by what supervisord says, without any configuration."""
    cameras = os.environ.get(CAMERAS_VARIABLE, "").split(",")
    group, name = (os.environ.get(f"SUPERVISOR_{what}_NAME", "") for what in ("GROUP", "PROCESS"))
    return name_on_bus(group, name, cameras)


def storm_pause_s(recent: int) -> float:
    """How long a process waits before it works that was started `recent` times within the last minute before."""
    return min(2.0 ** (recent - _FREE_STARTS + 1), _LONGEST_PAUSE_S) if recent >= _FREE_STARTS else 0.0


def recent_starts(starts: list[int], now_ns: int) -> int:
    """How many of these starts (ns, wall clock) were within the last minute."""
    return sum(0 <= now_ns - start_ns < _STORM_WITHIN_S * 1e9 for start_ns in starts)


def wait_out_storm(node: Node, starts: list[int]) -> None:
    """Wait where this process has ended too often of late; until its loop is stopped at most."""
    recent = 0 if _ATTEMPT_VARIABLE in os.environ else recent_starts(starts, time.time_ns())
    pause_s = storm_pause_s(recent)
    if pause_s:
        log.warning("ended too often", extra={"pause_s": pause_s, "times": recent})
        node.set_state("waiting", f"ended {recent} times within a minute; goes on in {pause_s:.0f} s, see its log")
        _turn(node, pause_s)
        node.set_state("starting")


def start_again(run: RunDirectory | None, name: str, reason: str) -> int:
    """Wait, say for what, and replace this process by a new start of itself; the exit code where it is to stop."""
    attempt = int(os.environ.get(_ATTEMPT_VARIABLE, "0"))
    pause_s = min(2.0**attempt, _LONGEST_PAUSE_S)
    stopped = _wait(run, name, f"{reason}; tried again in {pause_s:.0f} s", pause_s)
    if not stopped:
        os.environ[_ATTEMPT_VARIABLE] = str(attempt + 1)
        logging.shutdown()
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606  this process's own command
    return 0


def forget_attempts() -> None:
    """It works: the next failure is the first one again."""
    os.environ.pop(_ATTEMPT_VARIABLE, None)


def _wait(run: RunDirectory | None, name: str, detail: str, pause_s: float) -> bool:
    """Whether a stop was asked for while it waited. Heard by others where the run directory and the name are free."""
    with ExitStack() as stack:
        try:
            node = stack.enter_context(Node(name, run)) if run is not None else None
        except (TwinfaceError, OSError):
            node = None
        if node is None:
            return _sleep(pause_s)
        node.loop.handle_signals()
        node.meters.gauge(TRIED_AGAIN_GAUGE, pause_s)
        node.set_state("waiting", detail)
        with suppress(ServiceError):  # its socket was removed: the next start makes another
            _turn(node, pause_s)
    return node.loop.stopping


def _turn(node: Node, pause_s: float) -> None:
    end_s = time.monotonic() + pause_s
    while not node.loop.stopping and (left_s := end_s - time.monotonic()) > 0:
        node.loop.turn(left_s)


def _sleep(pause_s: float) -> bool:
    end_s = time.monotonic() + pause_s
    with stop_on_signal() as stop_asked:
        while not stop_asked() and time.monotonic() < end_s:
            time.sleep(0.1)
        return stop_asked()

"""The box run in the foreground, as `twinface up` does."""

import json
import os
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from twinface.box.health import Condition, Health
from twinface.box.oversight import overseeing
from twinface.box.running import record_running
from twinface.box.supervision import STOP_TIMEOUT_S, UP_LOCK, LastLine, is_reachable, nudge, start_supervisord
from twinface.bus.control import ask
from twinface.bus.rundir import RunDirectory
from twinface.errors import ServiceError, TwinfaceError
from twinface.messages.topics import CONTROL
from twinface.processes import process_names
from twinface.progress import Say
from twinface.settings import Settings
from twinface.signals import stop_on_signal

_POLL_S = 0.25
_STOP_POLL_S = 0.1
_ENDS_WITHIN_S = 5.0
_PAGE_FILE = "web.json"
"""Where the web process says at which address its page is."""


def run_in_foreground(
    config: Path,
    settings: Settings,
    run: RunDirectory,
    lock: int,
    *,
    exit_when_done: bool,
    say: Say,
    warn: Say,
) -> None:
    """Run every process of the box under supervisord until it is time to stop, and stop them all.

    `lock` is the lock `UP_LOCK` of the run directory, held. It ends at SIGINT or SIGTERM, when supervisord does or,
    with `exit_when_done`, when every file source has ended and is worked off. A run directory that was emptied
    meanwhile is made again, with all that runs in it. Raises TwinfaceError where supervisord failed, or what is to end
    cannot work.
    """
    with stop_on_signal() as stop_asked, record_running(config, run.path) as problem:
        if problem:
            warn(f"other commands need --config to find this box: {problem}")
        while not _run_once(config, settings, run, lock, stop_asked, exit_when_done=exit_when_done, say=say):
            warn(f"{run.path} was emptied while in use; everything is started again")
            os.close(lock)
            run = RunDirectory(run.path)
            lock = run.lock(UP_LOCK)


def _run_once(
    config: Path,
    settings: Settings,
    run: RunDirectory,
    lock: int,
    stop_asked: Callable[[], bool],
    *,
    exit_when_done: bool,
    say: Say,
) -> bool:
    """Start supervisord, and stop it when it is time; False where the run directory was emptied meanwhile."""
    run.sweep()
    daemon = start_supervisord(config, settings, run)
    said = LastLine(daemon.stderr) if daemon.stderr is not None else None
    try:
        whole = _watch_over(
            daemon,
            run,
            settings,
            stop_asked,
            lambda: _is_whole(daemon, run, lock),
            exit_when_done=exit_when_done,
            say=say,
        )
        if daemon.returncode:
            reason = f" ({said.text})" if said is not None and said.text else ""
            raise TwinfaceError(f"supervisord ended with code {daemon.returncode}{reason}; see {run.path / 'logs'}")
        if stop_asked():
            say("stopping")
        return whole
    except ServiceError:
        daemon.kill()  # it hangs, and hears no request to stop
        raise
    finally:
        _stop(daemon, run)


def _is_whole(daemon: "subprocess.Popen[bytes]", run: RunDirectory, lock: int) -> bool:
    """Whether what we and supervisord keep in the run directory is there; supervisord removes its own when it ends."""
    if not run.holds(lock, UP_LOCK):
        return False
    if is_reachable(run) or not (run.path / _PAGE_FILE).exists():
        return True
    with suppress(subprocess.TimeoutExpired):
        daemon.wait(_ENDS_WITHIN_S)
    return daemon.poll() is not None


def _watch_over(
    daemon: "subprocess.Popen[bytes]",
    run: RunDirectory,
    settings: Settings,
    stop_asked: Callable[[], bool],
    is_whole: Callable[[], bool],
    *,
    exit_when_done: bool,
    say: Say,
) -> bool:
    """Say how the processes are whenever that changes, and where the page is.

    Until a stop is asked for, or supervisord or, if so wanted, every stream has ended; or, which alone is False, until
    the run directory is no longer whole. A process that cannot work is
    started again for ever, and ends this only where everything is to end by itself.
    """
    shown, has_begun = "", False
    say(f"starting {', '.join(process_names(settings))}")
    with overseeing(run, settings) as oversight:
        while daemon.poll() is None and not stop_asked():
            if not is_whole():
                return False
            has_begun = has_begun or nudge(run)
            for line in oversight.look(_POLL_S):
                say(line)
            if (page := _page(run)) not in {"", shown}:
                shown = page
                say(f"page: {page}")
            if exit_when_done and _is_done(run, oversight.healths):
                return True
    return True


def _page(run: RunDirectory) -> str:
    """The address of the page, empty while there is none."""
    try:
        return str(json.loads((run.path / _PAGE_FILE).read_bytes())["url"])
    except FileNotFoundError:
        return ""


def _is_done(run: RunDirectory, healths: Sequence[Health]) -> bool:
    for health in healths:
        if health.condition in {Condition.WAITING, Condition.FAILED}:
            raise TwinfaceError(health.problem)
    return _all_streams_closed(run)


def _all_streams_closed(run: RunDirectory) -> bool:
    try:
        return bool(ask(run.endpoint(CONTROL, "matcher"), "snapshot", timeout_s=5.0)["streams_open"] == 0)
    except ServiceError:
        return False  # the matcher is starting again


def _stop(daemon: "subprocess.Popen[bytes]", run: RunDirectory) -> None:
    if daemon.poll() is not None:
        return
    daemon.terminate()
    give_up_at_s = time.monotonic() + STOP_TIMEOUT_S
    while time.monotonic() < give_up_at_s:
        nudge(run)
        with suppress(subprocess.TimeoutExpired):
            daemon.wait(_STOP_POLL_S)
            return
    daemon.kill()
    daemon.wait()

"""`twinface up` and `down`: the live pipeline as a whole."""

import json
import subprocess
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Annotated

import typer

from twinface.bus.control import ask
from twinface.bus.rundir import RunDirectory
from twinface.cli.configuration import chosen_config, chosen_run_directory, chosen_settings
from twinface.cli.console import note, say, warn
from twinface.errors import ServiceError, TwinfaceError, UserError
from twinface.live.health import Condition, Health
from twinface.live.oversight import overseeing
from twinface.live.preflight import check_before_start
from twinface.live.running import record_running
from twinface.live.supervision import shut_down, start_supervisord
from twinface.messages.topics import CONTROL
from twinface.processes import PROCESSES, process_names
from twinface.settings import Settings, load_settings
from twinface.signals import stop_on_signal
from twinface.web.access import warn_of_access

_POLL_S = 0.25
_STOP_TIMEOUT_S = 15.0 + max(process.stop_within_s for process in PROCESSES)
_PAGE_FILE = "web.json"
"""Where the web process says at which address its page is."""

_UP = "supervisord"
"""Name of the lock that `twinface up` holds."""


def up(
    exit_when_done: Annotated[
        bool, typer.Option("--exit-when-done", help="Stop when every file source has ended and is worked off.")
    ] = False,
) -> None:
    """Start every process under supervisord and stay in the foreground; Ctrl-C stops them all."""
    config = chosen_config()
    settings = load_settings(config.path)
    run = chosen_run_directory(settings)
    run.lock(_UP)
    note(f"configuration: {config.path} ({config.found})")
    _check(settings, exit_when_done=exit_when_done)
    run.clear_books()
    (run.path / _PAGE_FILE).unlink(missing_ok=True)
    with stop_on_signal() as stop_asked, record_running(config.path, run.path) as problem:
        if problem:
            warn(f"other commands need --config to find this box: {problem}")
        daemon = start_supervisord(config.path, settings, run)
        try:
            _watch_over(daemon, run, settings, stop_asked, exit_when_done=exit_when_done)
            if stop_asked():
                note("stopping")
        except ServiceError:
            daemon.kill()  # it hangs, and hears no request to stop
            raise
        finally:
            _stop(daemon)


def _check(settings: Settings, *, exit_when_done: bool) -> None:
    """Say all that is wrong before anything starts; typer.Exit where it cannot start so."""
    found = check_before_start(settings, exit_when_done=exit_when_done)
    found.check(partial(warn_of_access, settings.web.host))
    for warning in found.warnings:
        warn(warning)
    for problem in found.problems:
        note(f"twinface: {problem}")
    if found.problems:
        raise typer.Exit(UserError.exit_code)


def down() -> None:
    """Stop everything that `twinface up` started, and wait until it is gone."""
    settings = chosen_settings()
    run = chosen_run_directory(settings)
    shut_down(run)
    give_up_at_s = time.monotonic() + _STOP_TIMEOUT_S
    while run.is_locked(_UP):
        if time.monotonic() > give_up_at_s:
            raise ServiceError(f"still running after {_STOP_TIMEOUT_S:g} s; see the logs in {run.path / 'logs'}")
        time.sleep(_POLL_S)
    say("stopped")


def _watch_over(
    daemon: "subprocess.Popen[bytes]",
    run: RunDirectory,
    settings: Settings,
    stop_asked: Callable[[], bool],
    *,
    exit_when_done: bool,
) -> None:
    """Say how the processes are whenever that changes, and where the page is.

    Until a stop is asked for, or supervisord or, if so wanted, every stream has ended. A process that cannot work is
    started again for ever, and ends this only where everything is to end by itself.
    """
    told = ""
    note(f"starting {', '.join(process_names(settings))}")
    with overseeing(run, settings) as oversight:
        while daemon.poll() is None and not stop_asked():
            for line in oversight.look(_POLL_S):
                note(line)
            if (page := _page(run)) not in {"", told}:
                told = page
                note(f"page: {page}")
            if exit_when_done and _is_done(run, oversight.healths):
                return
    if daemon.returncode:
        raise TwinfaceError(f"supervisord ended with code {daemon.returncode}; see {run.path / 'logs'}")


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
        return False  # the matcher is starting anew


def _stop(daemon: "subprocess.Popen[bytes]") -> None:
    if daemon.poll() is not None:
        return
    daemon.terminate()
    try:
        daemon.wait(_STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        daemon.kill()
        daemon.wait()

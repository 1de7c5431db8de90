"""`twinface up` and `down`: the live pipeline as a whole."""

import json
import subprocess
import time
from collections.abc import Callable
from functools import partial
from typing import Annotated

import typer

from twinface.bus.control import ask
from twinface.bus.health import latest_heartbeats
from twinface.bus.rundir import RunDirectory
from twinface.cli.configuration import chosen_config, chosen_run_directory, chosen_settings
from twinface.cli.console import note, say, warn
from twinface.errors import ServiceError, TwinfaceError, UserError
from twinface.live.preflight import check_before_start
from twinface.live.running import record_running
from twinface.live.supervision import process_states, shut_down, start_supervisord
from twinface.messages.topics import CONTROL
from twinface.processes import PROCESSES, process_names
from twinface.settings import Settings, load_settings
from twinface.signals import stop_on_signal
from twinface.web.access import warn_of_access

_POLL_S = 0.25
_STOP_TIMEOUT_S = 15.0 + max(process.stop_within_s for process in PROCESSES)
_PAGE_TIMEOUT_S = 10.0
_REMIND_S = 10.0
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
            _wait_until_started(daemon, run, settings, stop_asked)
            _watch_over(daemon, run, settings, stop_asked, exit_when_done=exit_when_done)
            if stop_asked():
                note("stopping")
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


def _wait_until_started(
    daemon: "subprocess.Popen[bytes]", run: RunDirectory, settings: Settings, stop_asked: Callable[[], bool]
) -> None:
    """Say of each process when its heart beats; raise when one does not start."""
    names = process_names(settings)
    missing, remind_at_s = list(names), time.monotonic() + _REMIND_S
    note(f"starting {', '.join(names)}")
    while missing and not stop_asked():
        if daemon.poll() is not None:
            raise TwinfaceError(f"supervisord ended at once; see {run.path / 'logs' / 'supervisord.log'}")
        for name in _failed(run, settings):
            raise TwinfaceError(f"{name} does not start: {_last_error(run, name, settings)}")
        for name, beat in latest_heartbeats(run, missing, timeout_s=_POLL_S).items():
            missing.remove(name)
            note(f"{name} is running (pid {beat.pid}), {len(names) - len(missing)} of {len(names)}")
        if missing and time.monotonic() > remind_at_s:
            remind_at_s += _REMIND_S
            note(f"waiting for {', '.join(missing)}")
    give_up_at_s = time.monotonic() + _PAGE_TIMEOUT_S
    page = run.path / _PAGE_FILE
    while not page.exists() and time.monotonic() < give_up_at_s and not stop_asked():
        time.sleep(_POLL_S)
    if page.exists():
        note(f"page: {json.loads(page.read_bytes())['url']}")


def _watch_over(
    daemon: "subprocess.Popen[bytes]",
    run: RunDirectory,
    settings: Settings,
    stop_asked: Callable[[], bool],
    *,
    exit_when_done: bool,
) -> None:
    """Until a stop is asked for, or supervisord or, if so wanted, every stream has ended.

    Tells of processes that failed for good.
    """
    told: set[str] = set()
    while daemon.poll() is None and not stop_asked():
        if exit_when_done and _all_streams_closed(run):
            return
        for name in _failed(run, settings) - told:
            told.add(name)
            problem = f"{name} has failed and is not started again: {_last_error(run, name, settings)}"
            if exit_when_done:
                raise TwinfaceError(problem)
            note(f"twinface: {problem}")
        time.sleep(_POLL_S)
    if daemon.returncode:
        raise TwinfaceError(f"supervisord ended with code {daemon.returncode}; see {run.path / 'logs'}")


def _failed(run: RunDirectory, settings: Settings) -> set[str]:
    try:
        return {state.name for state in process_states(run, settings) if state.failed}
    except ServiceError:
        return set()  # supervisord is on its way out


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


def _last_error(run: RunDirectory, name: str, settings: Settings) -> str:
    """The last error that a process wrote into its log."""
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

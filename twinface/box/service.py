"""What every process does before its own work: logging, settings, run directory, signals, exit codes.

A log line is one event as JSON. No faces, vectors or names of people go into it.
"""

import gc
import logging
import os
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import NoReturn

from pythonjsonlogger.core import LogData
from pythonjsonlogger.json import JsonFormatter

from twinface.box.restarts import forget_attempts, is_supervised, own_name, start_again, wait_out_storm
from twinface.bus.node import Node
from twinface.bus.orphans import end_with_parent
from twinface.bus.rundir import RunDirectory, find_run_directory
from twinface.errors import SettingsError, TwinfaceError
from twinface.files import NO_ROOM
from twinface.private_files import PRIVATE_UMASK
from twinface.processes import find_process
from twinface.settings import CameraSettings, Settings
from twinface.settings_file import load_settings

log = logging.getLogger(__name__)

_STARTING_WITHIN_S = 10
_LOOK_FOR_PARENT_S = 0.5
_WORKS_AFTER_S = 60.0


class _Lines(JsonFormatter):
    """The record's text is its `event`; `level` is a word in small letters."""

    def process_log_record(self, log_data: LogData) -> LogData:
        return {**log_data, "level": log_data["level"].lower()}


def configure_logging(process: str, level: int = logging.INFO) -> None:
    """Send the log of this process to stderr, one JSON object a line, with its name in each."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        _Lines(
            ["message", "levelname"],
            rename_fields={"message": "event", "levelname": "level", "exc_info": "exception"},
            static_fields={"process": process},
            timestamp=True,
        )
    )
    logging.basicConfig(handlers=[handler], level=level, force=True)


def run_directory(settings: Settings) -> RunDirectory:
    """The run directory that the configuration or the environment names."""
    return RunDirectory(find_run_directory(settings.run_directory))


def run_service(name_of: Callable[[Settings], str], work: Callable[[Node, Settings], None]) -> NoReturn:
    """Run `work` as the process called `name_of(settings)` until it is asked to stop, and end this process.

    Whatever its threads do, it ends soon after its parent has died, and within the `stop_within_s` of its row. What
    fails for a reason that may pass is started again for ever where supervisord runs it, and ends it elsewhere. A
    thread that dies ends it with exit code 1.
    """
    gc.freeze()
    gc.enable()
    code = _run(name_of, work)
    if left := [thread.name for thread in threading.enumerate() if thread is not threading.main_thread()]:
        log.warning("threads left", extra={"threads": left})
    # All is closed. To take the interpreter apart takes a tenth of a second, which whoever stops a box waits for once a
    # process, and can crash or hang under a thread that is in a C library's code.
    logging.shutdown()
    sys.stdout.flush()
    os._exit(code)


def _run(name_of: Callable[[Settings], str], work: Callable[[Node, Settings], None]) -> int:
    os.umask(PRIVATE_UMASK)
    parent = os.getppid()
    end_with_parent(_STARTING_WITHIN_S)
    configure_logging("starting")
    name, run = own_name() if is_supervised() else "", None
    started_s = time.monotonic()
    try:
        settings = load_settings()
        name = name_of(settings)
        configure_logging(name)
        end_with_parent(find_process(name).stop_within_s)
        run = run_directory(settings)
        if _is_orphan(run):
            log.error("failed", extra={"error": "supervisord died while this process was starting"})
            return 1
        return _work(name, run, parent, lambda node: work(node, settings))
    except (TwinfaceError, OSError) as error:
        reason = _in_one_line(error)
        log.error("failed", extra={"error": reason})
        if not is_supervised():
            return error.exit_code if isinstance(error, TwinfaceError) else TwinfaceError.exit_code
        if time.monotonic() - started_s > _WORKS_AFTER_S:
            forget_attempts()
        return start_again(run or _usual_run_directory(), name, reason)
    except KeyboardInterrupt:
        return 130


def _work(name: str, run: RunDirectory, parent: int, work: Callable[[Node], None]) -> int:
    starts = [epoch for origin, epoch, _ in run.list_books() if origin == name]
    with Node(name, run) as node:
        died = _end_with_threads(node)
        node.loop.handle_signals(end_within_s=find_process(name).stop_within_s)
        node.loop.every(_LOOK_FOR_PARENT_S, partial(_stop_when_orphaned, node, parent))
        wait_out_storm(node, starts)
        if not node.loop.stopping:
            log.info("started", extra={"epoch": node.epoch})
            work(node)
            node.state, node.detail = "stopped", ""
            node.beat()
            log.info("stopped")
        return 1 if died else 0


def _end_with_threads(node: Node) -> list[str]:
    """Stop the loop when a thread dies of an exception; the names of those that have."""
    died: list[str] = []

    def on_death(args: threading.ExceptHookArgs) -> None:
        died.append(args.thread.name if args.thread is not None else "a thread")
        node.loop.stop()
        log.critical("thread died", extra={"died": died[-1]}, exc_info=args.exc_value)

    threading.excepthook = on_death
    return died


def _in_one_line(error: TwinfaceError | OSError) -> str:
    """What is to be said of it; raises it again where nobody can mend it."""
    if isinstance(error, TwinfaceError):
        return str(error)
    if error.errno not in NO_ROOM:
        raise error
    return f"{error.filename or 'the disk'}: {error.strerror}; free some"


def _usual_run_directory() -> RunDirectory | None:
    try:
        return RunDirectory(find_run_directory(None))
    except TwinfaceError:
        return None


def _stop_when_orphaned(node: Node, parent: int) -> None:
    if os.getppid() != parent and not node.loop.stopping:
        log.warning("stopping, because its parent has died")
        node.loop.stop()


def _is_orphan(run: RunDirectory) -> bool:
    """Whether supervisord is gone already, killed before this process could ask to be notified of its end."""
    if not is_supervised():
        return False
    try:
        return int((run.path / "supervisord.pid").read_text()) != os.getppid()
    except (OSError, ValueError):
        return False


def camera_settings(settings: Settings) -> CameraSettings:
    """Those of this camera. Raises SettingsError when the configuration has fewer cameras than when the box started."""
    number = process_number()
    if number >= len(settings.camera):
        raise SettingsError(f"the configuration has no camera {number} any more; `twinface down`, then `twinface up`")
    return settings.camera[number]


def process_number() -> int:
    """The one argument of a process of which there are several: its number, from 0."""
    return int(sys.argv[1]) if len(sys.argv) > 1 else 0

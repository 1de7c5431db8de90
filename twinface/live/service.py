"""What every process does before its own work: logging, settings, run directory, signals, exit codes."""

import logging
import os
import sys
import threading
from collections.abc import Callable
from functools import partial

from twinface.bus.node import Node
from twinface.bus.orphans import end_with_parent
from twinface.bus.rundir import RunDirectory, default_run_directory
from twinface.errors import TwinfaceError
from twinface.files import PRIVATE_UMASK
from twinface.logs import configure_logging
from twinface.processes import find_process
from twinface.settings import Settings, load_settings

log = logging.getLogger(__name__)

_STARTING_WITHIN_S = 10
_LOOK_FOR_PARENT_S = 0.5


def run_directory(settings: Settings) -> RunDirectory:
    """The run directory that the configuration or the environment names."""
    return RunDirectory(settings.run_directory or default_run_directory())


def run_service(name_of: Callable[[Settings], str], work: Callable[[Node, Settings], None]) -> int:
    """Run `work` as the process called `name_of(settings)` until it is told to stop; returns the exit code.

    Whatever its threads do, it ends soon after its parent has died, and within the `stop_within_s` of its row.
    """
    code = _run(name_of, work)
    if left := [thread.name for thread in threading.enumerate() if thread is not threading.main_thread()]:
        # Ending the interpreter under a thread that is in a C library's code can crash or hang.
        log.warning("threads left", extra={"threads": left})
        logging.shutdown()
        os._exit(code)
    return code


def _run(name_of: Callable[[Settings], str], work: Callable[[Node, Settings], None]) -> int:
    os.umask(PRIVATE_UMASK)
    parent = os.getppid()
    end_with_parent(_STARTING_WITHIN_S)
    configure_logging("starting")
    try:
        settings = load_settings()
        name = name_of(settings)
        configure_logging(name)
        stop_within_s = find_process(name).stop_within_s
        end_with_parent(stop_within_s)
        run = run_directory(settings)
        if _is_orphan(run):
            log.error("failed", extra={"error": "supervisord died while this process was starting"})
            return 1
        with Node(name, run) as node:
            node.loop.handle_signals(end_within_s=stop_within_s)
            node.loop.every(_LOOK_FOR_PARENT_S, partial(_stop_when_orphaned, node, parent))
            log.info("started", extra={"epoch": node.epoch})
            work(node, settings)
            log.info("stopped")
    except TwinfaceError as error:
        log.error("failed", extra={"error": str(error)})
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    return 0


def _stop_when_orphaned(node: Node, parent: int) -> None:
    if os.getppid() != parent and not node.loop.stopping:
        log.warning("stopping, because its parent has died")
        node.loop.stop()


def _is_orphan(run: RunDirectory) -> bool:
    """Whether supervisord is gone already, killed before this process could ask to be told of its end."""
    if "SUPERVISOR_ENABLED" not in os.environ:
        return False
    try:
        return int((run.path / "supervisord.pid").read_text()) != os.getppid()
    except (OSError, ValueError):
        return False


def process_number() -> int:
    """The one argument of a process of which there are several: its number, from 0."""
    return int(sys.argv[1]) if len(sys.argv) > 1 else 0

"""The box stopped from outside: by whoever did not start it."""

import os
import signal
import time

from twinface.box.running import pid_of_box
from twinface.box.supervision import nudge, shut_down
from twinface.bus.rundir import RunDirectory
from twinface.errors import ServiceError
from twinface.processes import PROCESSES

UP_LOCK = "supervisord"
"""Name of the lock that `twinface up` holds."""

STOP_TIMEOUT_S = 15.0 + max(process.stop_within_s for process in PROCESSES)
"""Within so long everything that was asked to stop has stopped."""

_POLL_S = 0.25


def stop_box(run: RunDirectory) -> None:
    """Stop everything that `twinface up` started, and wait until it is gone.

    Raises ServiceError where nothing runs, or something still does after `STOP_TIMEOUT_S`.
    """
    try:
        shut_down(run)
    except ServiceError as error:
        # Where the run directory was emptied nobody is reached there, yet `twinface up` is known to run.
        pid = pid_of_box(run.path)
        if error.code == "supervisord" or pid is None:
            raise
        os.kill(pid, signal.SIGTERM)
    give_up_at_s = time.monotonic() + STOP_TIMEOUT_S
    while run.is_locked(UP_LOCK) or pid_of_box(run.path) is not None:
        if time.monotonic() > give_up_at_s:
            raise ServiceError(f"still running after {STOP_TIMEOUT_S:g} s; see the logs in {run.path / 'logs'}")
        nudge(run)
        time.sleep(_POLL_S)

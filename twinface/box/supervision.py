"""supervisord from outside: starting it, asking it, stopping it and with it the box."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import xmlrpc.client
from collections import deque
from pathlib import Path
from typing import IO, Any

from supervisor.states import STOPPED_STATES, ProcessStates

from twinface.box.health import ProcessState
from twinface.box.running import pid_of_box
from twinface.bus.orphans import stop_with_parent
from twinface.bus.rundir import RUN_VARIABLE, RunDirectory
from twinface.config_file import CONFIG_VARIABLE, SERVICES, packaged_path
from twinface.errors import ServiceError
from twinface.processes import CAMERAS_VARIABLE, MATCHER, MQTT, PROCESSES, RELAY, SYNC, WEB, WEBHOOKS, name_on_bus
from twinface.settings import Settings

_SOCKET = "supervisor.sock"
_PATIENCE_S = 10.0

UP_LOCK = "supervisord"
"""Name of the lock that `twinface up` holds."""

STOP_TIMEOUT_S = 15.0 + max(process.stop_within_s for process in PROCESSES)
"""Within so long everything that was asked to stop has stopped."""

_POLL_S = 0.25


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=_PATIENCE_S)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(_PATIENCE_S)
        self.sock.connect(str(self._path))


class _UnixTransport(xmlrpc.client.Transport):
    """supervisord's own waits for ever, also for a supervisord that is stopped."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    def make_connection(self, host: Any) -> http.client.HTTPConnection:
        connection = _UnixConnection(self._path)
        self._connection = host, connection  # what `close` closes
        return connection


def start_supervisord(config: Path, settings: Settings, run: RunDirectory) -> "subprocess.Popen[bytes]":
    """Start supervisord in the foreground of a child process; it ends when this process does."""
    environment = {
        **os.environ,
        CONFIG_VARIABLE: str(config.absolute()),
        RUN_VARIABLE: str(run.path),
        "TWINFACE_PYTHON": sys.executable,
        "TWINFACE_SERVICES": SERVICES,
        "TWINFACE_START_DIRECTORY": str(Path.cwd()),
        "TWINFACE_CAMERAS": str(len(settings.camera)),
        "TWINFACE_EXTRACTORS": str(settings.extractor.count),
        **{
            f"TWINFACE_{process.name.upper()}": str(int(process.is_configured(settings)))
            for process in (MATCHER, WEB, WEBHOOKS, MQTT, SYNC, RELAY)
        },
        CAMERAS_VARIABLE: ",".join(camera.name for camera in settings.camera),
        # Each process is one worker on a core of its own: thread pools of the numeric libraries only get in the way.
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }
    conf = str(packaged_path("supervisord.conf"))
    return subprocess.Popen(  # noqa: S603  this Python and our own file, no shell
        [sys.executable, "-P", "-m", "supervisor.supervisord", "-n", "-c", conf],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,  # for `LastLine`: on a full disk it prints a traceback for each line that it cannot log
        preexec_fn=stop_with_parent,  # noqa: PLW1509  nothing else runs in this process yet
    )


class LastLine:
    """Reads what a process prints as it comes, so that it never waits for a reader; only the last line is kept.

    That with which supervisord ends a refusal, where its help is, says less than the one before.
    """

    def __init__(self, stream: IO[bytes]) -> None:
        self._lines = deque[bytes](maxlen=1)
        self._thread = threading.Thread(target=self._read, args=(stream,), name="last line", daemon=True)
        self._thread.start()

    def _read(self, stream: IO[bytes]) -> None:
        with stream:
            self._lines.extend(line for line in stream if line.strip() and not line.startswith(b"For help, use "))

    @property
    def text(self) -> str:
        """The last line of a process that has ended, empty where it never printed any."""
        self._thread.join(_PATIENCE_S)
        return b"".join(self._lines).decode(errors="replace").strip()


def process_states(run: RunDirectory, settings: Settings) -> list[ProcessState]:
    """All processes of the running system. Raises ServiceError when it is not running."""
    infos: Any = _call(run, "getAllProcessInfo")
    return [
        ProcessState(
            name=name_on_bus(info["group"], info["name"], [camera.name for camera in settings.camera]),
            state=info["statename"],
            pid=info["pid"],
            uptime_s=float(info["now"] - info["start"]) if info["pid"] else 0.0,
            failed=info["state"] == ProcessStates.FATAL
            or (info["state"] in STOPPED_STATES and info["exitstatus"] not in (0, -1) and info["start"] > 0),
        )
        for info in infos
    ]


def is_reachable(run: RunDirectory) -> bool:
    """Whether supervisord's socket is there."""
    return run.socket_path(_SOCKET).exists()


def nudge(run: RunDirectory) -> bool:
    """Have supervisord look at once what there is to do; whether it was reached.

    It looks when something is connected to or written, else once a second, and a signal or a child's end does not wake
    it: since Python 3.5 a system call that a signal interrupts is taken up again (PEP 475).
    """
    with socket.socket(socket.AF_UNIX) as connection:
        connection.setblocking(False)
        return connection.connect_ex(str(run.socket_path(_SOCKET))) == 0


def start_process(run: RunDirectory, name: str) -> None:
    """Start one that does not start by itself."""
    _call(run, "startProcess", name)


def shut_down(run: RunDirectory) -> None:
    """Ask supervisord to stop everything and itself."""
    _call(run, "shutdown")


def _call(run: RunDirectory, method: str, *arguments: str) -> object:
    transport = _UnixTransport(run.socket_path(_SOCKET))
    try:
        with xmlrpc.client.ServerProxy("http://localhost", transport=transport) as proxy:
            answer: object = getattr(proxy.supervisor, method)(*arguments)
    except xmlrpc.client.Fault as fault:
        raise ServiceError(f"supervisord: {fault.faultString}", "supervisord") from fault
    except TimeoutError as error:
        raise ServiceError(f"supervisord gives no answer within {_PATIENCE_S:g} s: it hangs", "hangs") from error
    except (OSError, xmlrpc.client.ProtocolError) as error:
        pid = pid_of_box(run.path)
        if pid is None:
            said = f"nothing is running in {run.path}; start it with `twinface up`"
            raise ServiceError(said, "not running") from error
        said = f"`twinface up` runs (pid {pid}), but nobody answers in {run.path}: it starts, or that was emptied"
        raise ServiceError(said, "starting") from error
    return answer


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

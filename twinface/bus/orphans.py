"""No process outlives its parent, whatever its threads do."""

import ctypes
import signal
import sys

_PR_SET_PDEATHSIG = 1
_GRACE_SIGNALS = (signal.SIGUSR1, signal.SIGUSR2, signal.SIGRTMIN) if sys.platform == "linux" else ()
"""Signals that mean nothing else here; their numbers, 10, 12 and 34 on most machines, are seconds of grace."""


def stop_with_parent() -> None:
    """Ask Linux for SIGTERM when the parent dies; for a process whose handler of SIGTERM always gets its turn."""
    _ask_for(signal.SIGTERM)


def end_with_parent(grace_s: int) -> None:
    """Ask Linux to kill this process when its parent has died, after `grace_s` seconds or a few more.

    A handler in Python would never run while a thread hangs in C with the interpreter's lock. So the handler is the
    C library's own `alarm`, which is called with the signal's number, and takes it for seconds; nobody handles the
    SIGALRM that follows, so the kernel ends the process. ValueError for a grace that no signal's number covers.
    """
    if sys.platform != "linux":
        return
    fitting = [number for number in _GRACE_SIGNALS if number >= grace_s]
    if not fitting:
        raise ValueError(f"grace_s: expected at most {max(_GRACE_SIGNALS)}, got {grace_s}")
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGALRM, fitting[0]})
    libc = ctypes.CDLL(None, use_errno=True)
    libc.signal.restype = ctypes.c_void_p
    libc.signal(ctypes.c_int(fitting[0]), ctypes.cast(libc.alarm, ctypes.c_void_p))
    _ask_for(fitting[0])


def end_within(seconds: float) -> None:
    """Have the kernel end this process by SIGALRM after so long, whatever it does then, or earlier as asked before."""
    left_s, _ = signal.getitimer(signal.ITIMER_REAL)
    if not 0.0 < left_s < seconds:
        signal.setitimer(signal.ITIMER_REAL, seconds)


def _ask_for(number: signal.Signals) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, number, 0, 0, 0)

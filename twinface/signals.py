"""Ctrl-C and SIGTERM as a question that is asked now and then."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def stop_on_signal() -> Iterator[Callable[[], bool]]:
    """While the block runs, SIGINT and SIGTERM do not end the process; what is given says whether one has come.

    Nothing is raised where the signal happens to arrive: Python loses what is raised while it closes a file that nobody
    holds any more. SIGINT is heard even where it was ignored, as in what a script starts in the background. Main thread
    only.
    """
    asked = False

    def ask(_number: int, _frame: object) -> None:
        nonlocal asked
        asked = True

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

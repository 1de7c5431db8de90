"""A clock that a test moves."""

import time
from collections.abc import Callable

_STEPS = 10_000


class Clock:
    """Seconds as `time.monotonic` gives them, from now on; they go on only when `now_s` is put forward."""

    def __init__(self) -> None:
        self.now_s = time.monotonic()

    def __call__(self) -> float:
        return self.now_s

    def run_until(
        self, condition: Callable[[], object], work: Callable[[], object] = lambda: None, step_s: float = 0.01
    ) -> None:
        """Put it forward step by step, with `work` after each, until a condition holds; fails when it never does."""
        for _ in range(_STEPS):
            if condition():
                return
            self.now_s += step_s
            work()
        raise AssertionError(f"it did not happen within {_STEPS * step_s:g} s")

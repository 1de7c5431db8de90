"""How long steps are followed by whoever asked for them."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol


class Advances(Protocol):
    """A progress bar that moves on."""

    def advance(self) -> None:
        """One more is done."""


ShowProgress = Callable[[str, int | None], AbstractContextManager[Advances]]
"""Called with what is done and how many steps it has (None: unknown); the block that it opens is the work."""


Say = Callable[[str], object]
"""Called with a line for people, whenever there is something to be said."""


class _Silent:
    def advance(self) -> None:
        pass


@contextmanager
def no_progress(_description: str, _total: int | None) -> Iterator[Advances]:
    """Shows nothing."""
    yield _Silent()


def say_nothing(_line: str) -> None:
    """For whoever does not want to hear of it."""

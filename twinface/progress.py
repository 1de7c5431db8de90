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


class SayHowFar(Protocol):
    """Called with a line for people, and what share of the whole work is done, 0…1, where that is known."""

    def __call__(self, line: str, share: float | None = None, /) -> None:
        """Say it."""


def part_of(say: SayHowFar, since: float, until: float) -> SayHowFar:
    """For a part of the work: its shares 0…1 are `since` … `until` of the whole."""

    def say_of_part(line: str, share: float | None = None, /) -> None:
        say(line, None if share is None else since + share * (until - since))

    return say_of_part


def how_far(line: str, share: float | None) -> str:
    """Both in a line."""
    return line if share is None else f"{line} ({share:.0%})"


class _Silent:
    def advance(self) -> None:
        pass


@contextmanager
def no_progress(_description: str, _total: int | None) -> Iterator[Advances]:
    """Shows nothing."""
    yield _Silent()


def say_nothing(_line: str, _share: float | None = None, /) -> None:
    """For whoever does not want to hear of it."""

"""What the commands share to talk to people: warnings and progress on stderr, so that stdout stays the result."""

import os
import select
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

T = TypeVar("T")

errors = Console(stderr=True, highlight=False, soft_wrap=True)


def warn(message: object) -> None:
    """One line on stderr; above the progress bar while there is one."""
    errors.print(f"warning: {message}", style="yellow", markup=False)


def printable(text: str) -> str:
    """A name as it is, but for what would move the cursor or change colours."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)


def reader_has_left() -> bool:
    """Whether the other end of our standard output is closed, so that nobody waits for what will not come."""
    poller = select.poll()
    with suppress(ValueError, OSError):
        poller.register(sys.stdout.fileno(), 0)
    return any(state & select.POLLERR for _, state in poller.poll(0))


@contextmanager
def ended_by_its_reader() -> Iterator[None]:
    """For what goes on until Ctrl-C, or until whoever reads our standard output has enough: both end it quietly."""
    try:
        yield
    except KeyboardInterrupt:
        return
    except BrokenPipeError:
        # Python would complain about it once more when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextmanager
def progress_bar(description: str, total: int | None) -> Iterator["Bar"]:
    """A progress bar while the block runs; nothing but warnings where stderr is no terminal."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=errors, transient=True, disable=not errors.is_terminal) as progress:
        yield Bar(progress, progress.add_task(description, total=total))


class Bar:
    """What a command moves on."""

    def __init__(self, progress: Progress, task: int) -> None:
        self._progress = progress
        self._task = task

    def advance(self) -> None:
        """One more is done."""
        self._progress.advance(self._task)  # type: ignore[arg-type]

    def update(self, done: int, total: int) -> None:
        """So many of so many are done."""
        self._progress.update(self._task, completed=done, total=total)  # type: ignore[arg-type]

    def follow(self, done: Iterable[T]) -> Iterator[T]:
        """Pass on what is done, and move on by one for each."""
        for one in done:
            self.advance()
            yield one

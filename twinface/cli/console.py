"""What the commands share to talk to people: results on stdout, warnings and progress on stderr.

Everything that a command prints goes through here, so that no name, path or error message can move the cursor, change
colours or end the command, whatever the stream is able to show.
"""

import json
import logging
import os
import select
import signal
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

import typer
from rich import markup
from rich.console import Console, ConsoleOptions, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.segment import Segment

from twinface.cli.json_shapes import with_schema
from twinface.cli.output_streams import showable_json
from twinface.errors import InputError
from twinface.progress import SayHowFar, how_far
from twinface.text import printable

T = TypeVar("T")


def escape(text: str) -> str:
    """A text for Rich's markup: printable, and its brackets are no markup."""
    return markup.escape(printable(text))


class Terminal(Console):
    """A Rich console on stdout or stderr that shows no control characters but its own, and no emoji for :words:."""

    def __init__(self, *, stderr: bool = False, highlight: bool = False, soft_wrap: bool = False) -> None:
        super().__init__(stderr=stderr, highlight=highlight, soft_wrap=soft_wrap, emoji=False)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Like Console.render; what is no printable text becomes a replacement character."""
        for segment in super().render(renderable, options):
            if segment.control or segment.text.isprintable():
                yield segment
            else:
                yield Segment("\n".join(map(printable, segment.text.split("\n"))), segment.style)


errors = Terminal(stderr=True, soft_wrap=True)


def say(text: object) -> None:
    """One line of the result, on stdout."""
    _write(printable(str(text)))


def note(text: object) -> None:
    """One line beside the result, on stderr."""
    _print_beside(str(text))


def warn(message: object) -> None:
    """One line on stderr; above the progress bar while there is one."""
    _print_beside(f"warning: {message}", style="yellow")


def _print_beside(line: str, style: str | None = None) -> None:
    """A command goes on where nobody can be warned: stderr is a file on a full disk."""
    with suppress(OSError):
        errors.print(printable(line), style=style, markup=False)


def show_warnings() -> None:
    """Have what the library logs as a warning or an error shown as a command's own warnings are."""
    log = logging.getLogger("twinface")
    if not any(isinstance(handler, _ShownAsWarning) for handler in log.handlers):
        log.addHandler(_ShownAsWarning(logging.WARNING))


class _ShownAsWarning(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        reason = getattr(record, "error", None)
        warn(record.getMessage() + (f" ({reason})" if reason else ""))


def say_json(shape: str, fields: Mapping[str, Any], *, on_a_line: bool = False) -> None:
    """The result for machines, on stdout, one of the shapes of `schemas.SCHEMAS`: letters as they are where the stream
    can show them, else escaped.
    """
    indent = None if on_a_line else 2
    say_json_text(json.dumps(with_schema(shape, fields), indent=indent, ensure_ascii=False))


def say_json_text(text: str) -> None:
    """Like say_json, of what is JSON already."""
    _write(showable_json(text, sys.stdout.encoding or "utf-8"))


def _write(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def ask_or_refuse(question: str, not_done: str, mend: str = "it cannot be undone; use --yes") -> None:
    """Have somebody at a keyboard say yes, on stderr; where nobody is, or they say no, it is not done.

    Raises InputError: `not_done` in words and, where nobody could be asked, the `mend`, the option that answers.
    """
    if not sys.stdin.isatty():
        raise InputError(f"{not_done}: {mend}")
    if not typer.confirm(printable(question), err=True):
        raise InputError(not_done)


def reader_has_left() -> bool:
    """Whether the other end of our standard output is closed, so that nobody waits for what will not come."""
    poller = select.poll()
    with suppress(ValueError, OSError):
        poller.register(sys.stdout.fileno(), 0)
    return any(state & select.POLLERR for _, state in poller.poll(0))


@contextmanager
def ended_by_its_reader() -> Iterator[None]:
    """For what goes on until Ctrl-C, or until whoever reads our standard output has enough: both end it quietly.

    SIGINT is heard even where it was ignored, as in what a script starts in the background.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    except KeyboardInterrupt:
        return
    except BrokenPipeError:
        give_up_stdout()


def give_up_stdout() -> None:
    """Let what is still to be written to stdout lead nowhere: Python would complain once more when it flushes."""
    with suppress(ValueError, OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class Downloads:
    """Says what is downloaded and how much of it is here, a line now and then, also where stderr is no terminal."""

    def __init__(self, every_s: float = 1.0) -> None:
        self._every_s = every_s
        self._said_at_s = 0.0
        self._said = ("", 0)

    def __call__(self, what: str, here_bytes: int, all_bytes: int) -> None:
        """Called again and again; see twinface.downloads.Tell."""
        now_s = time.monotonic()
        is_new, is_whole = what != self._said[0], here_bytes == all_bytes
        if (what, here_bytes) == self._said or not (is_new or is_whole or now_s - self._said_at_s >= self._every_s):
            return
        self._said, self._said_at_s = (what, here_bytes), now_s
        of = f" of {all_bytes / 1e6:.1f}" if all_bytes else ""
        note(f"downloading {what}: {here_bytes / 1e6:.1f}{of} MB")


@contextmanager
def shown_status(first: str, before: str = "") -> Iterator[SayHowFar]:
    """A line that says how far it is while the block runs, at first `first`; what is shown then has `before` before it.

    Nothing where stderr is no terminal.
    """
    with errors.status(escape(first)) as status:
        yield lambda line, share=None, /: status.update(escape(before + how_far(line, share)))


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
        yield Bar(progress, progress.add_task(escape(description), total=total))


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

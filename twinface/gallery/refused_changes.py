"""Changes of a shared gallery that were refused because its database could not be had, counted in its folder."""

from contextlib import suppress
from pathlib import Path

from twinface.files import FileState
from twinface.text import plural

_FILE = ".refused"
"""A byte for each: whoever is refused appends one, and need not wait for anybody."""


def count_refused(folder: Path) -> None:
    """One more was refused. On a full disk it is not counted."""
    with suppress(OSError), (folder / _FILE).open("ab", buffering=0) as file:
        file.write(b".")


def read_refused(folder: Path) -> int:
    """How many were, since the gallery was made."""
    with suppress(OSError):
        state = FileState.of(folder / _FILE)
        return state.size if state else 0
    return 0


def say_refused(problem: str, count: int) -> str:
    """A problem with the database, if there is one, and how many changes it has kept from being made so far."""
    return f"{problem}; {plural(count, 'change')} refused so far" if problem and count else problem

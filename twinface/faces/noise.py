"""What C libraries print to stderr while they decode a picture, heard so that it can be said with the picture's name.

libjpeg and libpng complain to stderr without saying of what ("Corrupt JPEG data: premature end of data segment").
Where the C library is glibc, `stderr` is a variable (Standard Streams, in its manual), so while pictures are decoded it
leads into a file in memory; file descriptor 2 and Python's stderr stay as they are. Pictures are decoded side by side,
and nobody can tell which of them a line is about: whoever sees a new one decodes once more, alone. What is then still
nobody's goes to stderr after all. Elsewhere nothing is heard, and the libraries print as they always did.
"""

import ctypes
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import TypeVar

T = TypeVar("T")

_UNBUFFERED = 2
_MOST_KEPT_BYTES = 1 << 20


def overhear(decode: Callable[[], T]) -> tuple[T, list[str]]:
    """What comes of `decode`, and each different line that libraries printed of it.

    `decode` is called a second time where something was printed. Any number of threads may decode at once.
    """
    ear = _open_ear()
    if ear is None:
        return decode(), []
    result, suspected = ear.listen(decode)
    return ear.listen_alone(decode) if suspected else (result, [])


class _Ear:
    """The stream in the place of stderr, and whose turn it is: of many who listen, or of one who listens alone."""

    def __init__(self, libc: ctypes.CDLL) -> None:
        libc.fdopen.restype = ctypes.c_void_p
        libc.fdopen.argtypes = (ctypes.c_int, ctypes.c_char_p)
        libc.setvbuf.argtypes = (ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int, ctypes.c_size_t)
        self._file = os.memfd_create("noise")
        self._ours = libc.fdopen(self._file, b"a")
        libc.setvbuf(self._ours, None, _UNBUFFERED, 0)
        self._stderr = ctypes.c_void_p.in_dll(libc, "stderr")
        self._theirs = self._stderr.value
        self._gate = threading.Condition()
        self._inside = self._waiting_alone = self._suspects = self._passed_on = 0
        self._alone = False
        self._claimed: set[str] = set()

    def listen(self, decode: Callable[[], T]) -> tuple[T, bool]:
        """What comes of it, and whether anything was printed meanwhile, be it of this or of another picture."""
        with self._turn(alone=False):
            before = self._size()
            result = decode()
            suspected = self._size() > before
            if suspected:
                with self._gate:
                    self._suspects += 1
        return result, suspected

    def listen_alone(self, decode: Callable[[], T]) -> tuple[T, list[str]]:
        """What comes of it, and what was printed of it."""
        with self._turn(alone=True):
            before = self._size()
            try:
                result = decode()
            finally:
                self._suspects -= 1
            lines = [line.strip() for line in self._read(before).splitlines()]
            self._claimed.update(lines)
        return result, [line for line in dict.fromkeys(lines) if line]

    @contextmanager
    def _turn(self, *, alone: bool) -> Iterator[None]:
        with self._gate:
            self._waiting_alone += alone
            self._gate.wait_for(lambda: not (self._inside if alone else self._alone or self._waiting_alone))
            self._waiting_alone -= alone
            self._alone, self._inside = alone, self._inside + 1
            self._stderr.value = self._ours
        try:
            yield
        finally:
            with self._gate:
                self._alone, self._inside = False, self._inside - 1
                if not self._inside:
                    self._stderr.value = self._theirs
                    if not self._suspects:
                        self._pass_on()
                self._gate.notify_all()

    def _pass_on(self) -> None:
        """Print what nobody has claimed."""
        text = self._read(self._passed_on)
        self._passed_on += len(text.encode("utf-8", "surrogateescape"))
        rest = "".join(line for line in text.splitlines(keepends=True) if self._is_nobodys(line))
        self._claimed.clear()
        os.write(2, rest.encode("utf-8", "surrogateescape"))
        if self._passed_on > _MOST_KEPT_BYTES:
            os.ftruncate(self._file, 0)
            self._passed_on = 0

    def _is_nobodys(self, line: str) -> bool:
        """Whether a line is more than what was claimed: of two threads that print at once several are on one."""
        for claimed in self._claimed:
            line = line.replace(claimed, "")
        return bool(line.strip())

    def _size(self) -> int:
        return os.fstat(self._file).st_size

    def _read(self, start: int) -> str:
        return os.pread(self._file, self._size() - start, start).decode("utf-8", "surrogateescape")


@cache
def _open_ear() -> _Ear | None:
    libc = ctypes.CDLL(None)
    return _Ear(libc) if hasattr(libc, "gnu_get_libc_version") else None

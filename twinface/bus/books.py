"""The books: what every link sent, received, dropped and lost, exact also after a SIGKILL.

Counters stand in a small file that is mapped into memory: each change is one eight-byte store into the page cache,
which outlives the process. Anybody may read the file while it is written.
"""

import mmap
import os
import struct
from collections.abc import Iterator
from enum import IntEnum
from pathlib import Path

from twinface.errors import ArtefactError

_MAGIC = b"twinface books 1"
_NAME_BYTES = 128
_MAX_ACCOUNTS = 256


class Column(IntEnum):
    """The columns of an account. A sender uses the first nine, a reader the others."""

    OFFERED = 0
    SETTLED = 1
    DROPPED_REPLACED = 2  # a newer message of the same key took its place
    DROPPED_OVERFLOW = 3  # the mailbox was full
    DROPPED_STALE = 4  # its reader went away, and by then it was too old to be offered again
    LOST_EXPIRED = 5  # offered as often as allowed, never answered
    REDELIVERED = 6  # offered again (not an outcome: the message is still waiting or in flight)
    WAITING = 7
    IN_FLIGHT = 8
    RECEIVED = 9
    ANSWERED = 10  # received and settled
    REJECTED = 11  # not understood, so not answered for: its lease runs out
    DUPLICATES = 12  # received once more
    HIGHEST = 13  # highest sequence number seen, plus one


_RECORD_BYTES = _NAME_BYTES + 8 * len(Column)
_FILE_BYTES = len(_MAGIC) + _MAX_ACCOUNTS * _RECORD_BYTES


class Account:
    """The counters of one end of one link."""

    def __init__(self, mapped: mmap.mmap, offset: int) -> None:
        self._mapped = mapped
        self._offset = offset

    def add(self, column: Column, number: int = 1) -> None:
        """Count `number` more."""
        self.put(column, self.get(column) + number)

    def put(self, column: Column, value: int) -> None:
        """Set a counter."""
        struct.pack_into("<q", self._mapped, self._offset + 8 * column, value)

    def get(self, column: Column) -> int:
        """The counter's value."""
        return int(struct.unpack_from("<q", self._mapped, self._offset + 8 * column)[0])


class Books:
    """The accounts of one process and epoch, in the file `path`."""

    def __init__(self, path: Path) -> None:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            os.ftruncate(descriptor, _FILE_BYTES)
            self._mapped = mmap.mmap(descriptor, _FILE_BYTES)
        finally:
            os.close(descriptor)
        self._mapped[: len(_MAGIC)] = _MAGIC
        self._slots: dict[str, int] = {}
        self._next_slot = 0

    def account(self, name: str) -> Account:
        """The account `name` (at most 128 bytes), opened at zero on first use.

        A process that outlives hundreds of its peers' epochs uses the oldest slots again.
        """
        if name not in self._slots:
            slot = self._next_slot % _MAX_ACCOUNTS
            self._next_slot += 1
            self._slots = {one: taken for one, taken in self._slots.items() if taken != slot}
            offset = len(_MAGIC) + slot * _RECORD_BYTES
            self._mapped[offset : offset + _RECORD_BYTES] = name.encode().ljust(_RECORD_BYTES, b"\0")
            self._slots[name] = slot
        return Account(self._mapped, len(_MAGIC) + self._slots[name] * _RECORD_BYTES + _NAME_BYTES)


def read_books(path: Path) -> dict[str, dict[Column, int]]:
    """Every account in a file of books, also of a process that is running or was killed.

    Raises ArtefactError when the file is not one.
    """
    data = path.read_bytes()
    if len(data) != _FILE_BYTES or not data.startswith(_MAGIC):
        raise ArtefactError(f"{path} holds no books; delete it")
    return dict(_accounts(data))


def _accounts(data: bytes) -> Iterator[tuple[str, dict[Column, int]]]:
    for start in range(len(_MAGIC), _FILE_BYTES, _RECORD_BYTES):
        name = data[start : start + _NAME_BYTES].rstrip(b"\0").decode()
        if name:
            values = struct.unpack_from(f"<{len(Column)}q", data, start + _NAME_BYTES)
            yield name, dict(zip(Column, values, strict=True))

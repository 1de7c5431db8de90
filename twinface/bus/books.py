"""The books: what every link sent, received, dropped and lost, exact also after a SIGKILL.

Counters stand in a small file that is mapped into memory: each change is one eight-byte store into the page cache,
which outlives the process. Anybody may read the file while it is written. The stores are those of a memoryview of
integers: struct.pack_into sets the bytes to zero before it writes them, which a reader sees and a kill leaves behind.
"""

import mmap
import os
import struct
import sys
from collections.abc import Iterator, Mapping
from enum import IntEnum
from pathlib import Path

from twinface.errors import ArtefactError
from twinface.files import read_bounded
from twinface.messages.topics import Topic

_MAGIC = b"twinface books 2"
_NAME_BYTES = 128
_MAX_ACCOUNTS = 512


def link_name(topic: Topic, peer: str) -> str:
    """What the books call a link: its topic, and the box that alone reads it where there is one."""
    return f"{topic.name} {peer}" if peer else topic.name


class Column(IntEnum):
    """The columns of an account. A sender uses those up to IN_VAIN, a reader the others."""

    OFFERED = 0
    SETTLED = 1
    DROPPED_REPLACED = 2  # a newer message of the same key took its place
    DROPPED_OVERFLOW = 3  # the mailbox was full
    DROPPED_STALE = 4  # too old by the time a reader could have had it
    LOST_EXPIRED = 5  # offered as often as allowed, never answered
    REDELIVERED = 6  # offered again (not an outcome: the message is still waiting or in flight)
    WAITING = 7
    IN_FLIGHT = 8
    IN_VAIN = 9  # done by a reader after it had ended here (not an outcome)
    RECEIVED = 10
    ANSWERED = 11  # acknowledged as done
    DUPLICATES = 12  # received once more
    OUTDATED = 13  # received, and too old by the time its turn came: not done
    RETURNED = 14  # received, and could not be done here
    EARLIER_STARTS = 15  # of the reader, whose counts are in this account as well


_COLUMNS = tuple(Column)
_CELLS = struct.Struct(f"={len(Column)}q")
_CELL_BYTES = 8
_RECORD_BYTES = _NAME_BYTES + _CELL_BYTES * len(Column)
_FILE_BYTES = len(_MAGIC) + _MAX_ACCOUNTS * _RECORD_BYTES


class Account:
    """The counters of one end of one link."""

    def __init__(self, cells: "memoryview[int]", first: int) -> None:
        self._cells = cells
        self._first = first

    def add(self, column: Column, number: int = 1) -> None:
        """Count `number` more."""
        self.put(column, self.get(column) + number)

    def put(self, column: Column, value: int) -> None:
        """Set a counter."""
        self._cells[self._first + column] = value

    def get(self, column: Column) -> int:
        """The counter's value."""
        return self._cells[self._first + column]


class Books:
    """The accounts of one process and epoch, in the file `path`, which appears when it is complete.

    Raises OSError when there is no room for it; nothing is left of it then.
    """

    def __init__(self, path: Path) -> None:
        unfinished = path.with_name(f".{path.name}")
        descriptor = os.open(unfinished, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            # Not a file with holes: on a full disk, a store into one of them would kill the process.
            os.posix_fallocate(descriptor, 0, _FILE_BYTES)
            self._mapped = mmap.mmap(descriptor, _FILE_BYTES)
        except OSError:
            unfinished.unlink()
            raise
        finally:
            os.close(descriptor)
        self._mapped[: len(_MAGIC)] = _MAGIC
        self._cells = memoryview(self._mapped).cast("q")
        unfinished.rename(path)
        self._lasting: dict[str, Account] = {}
        self._slots: dict[str, int] = {}

    def account(self, name: str, *, lasting: bool = False) -> Account:
        """The account `name` (at most 128 bytes), opened at zero on first use.

        A process that outlives hundreds of its peers' epochs gives the slot that was not asked for the longest to
        another account; so only one that is `lasting` may be kept.
        """
        if name in self._lasting:
            return self._lasting[name]
        slot = self._slots.pop(name, None)
        if slot is None:
            slot = self._free_slot()
            self._open(slot, name)
        account = Account(self._cells, (_offset(slot) + _NAME_BYTES) // _CELL_BYTES)
        if lasting:
            self._lasting[name] = account
        else:
            self._slots[name] = slot
        return account

    def inherit(self, accounts: Mapping[str, Mapping[Column, int]]) -> None:
        """Add what an earlier start had counted, before its own books are thrown away."""
        for name, columns in accounts.items():
            account = self.account(name)
            account.add(Column.EARLIER_STARTS)
            for column, value in columns.items():
                account.add(column, value)

    def close(self) -> None:
        """Let go of the file; accounts must not be used any more."""
        self._cells.release()
        self._mapped.close()

    def _open(self, slot: int, name: str) -> None:
        """The name's first bytes come last: until then, there is no account in the slot."""
        start = _offset(slot)
        record = name.encode().ljust(_RECORD_BYTES, b"\0")
        self._cells[start // _CELL_BYTES] = 0
        self._mapped[start + _CELL_BYTES : start + _RECORD_BYTES] = record[_CELL_BYTES:]
        self._cells[start // _CELL_BYTES] = int.from_bytes(record[:_CELL_BYTES], sys.byteorder, signed=True)

    def _free_slot(self) -> int:
        taken = len(self._lasting) + len(self._slots)
        return taken if taken < _MAX_ACCOUNTS else self._slots.pop(next(iter(self._slots)))


def read_books(path: Path) -> dict[str, dict[Column, int]]:
    """Every account in a file of books, also of a process that is running or was killed.

    Raises ArtefactError when the file is not one.
    """
    try:
        data = read_bounded(path, _FILE_BYTES)
        if len(data) != _FILE_BYTES or not data.startswith(_MAGIC):
            raise ValueError("another size or beginning")
        return dict(_accounts(data))
    except FileNotFoundError:
        raise
    except (OSError, ValueError) as error:
        raise ArtefactError(f"{path} holds no books; delete it") from error


def _offset(slot: int) -> int:
    return len(_MAGIC) + slot * _RECORD_BYTES


def _accounts(data: bytes) -> Iterator[tuple[str, dict[Column, int]]]:
    for slot, first_byte in enumerate(data[len(_MAGIC) :: _RECORD_BYTES]):
        if first_byte:
            start = _offset(slot)
            name = data[start : start + _NAME_BYTES].rstrip(b"\0").decode()
            yield name, dict(zip(_COLUMNS, _CELLS.unpack_from(data, start + _NAME_BYTES), strict=True))

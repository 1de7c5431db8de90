import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from twinface.bus.books import Books, Column, read_books
from twinface.errors import ArtefactError

_WRITER = """
import sys
from pathlib import Path
from twinface.bus.books import Books, Column

account = Books(Path(sys.argv[1]) / "books" / "writer@1").account("out tracks", lasting=True)
while True:
    account.add(Column.OFFERED)
    account.add(Column.SETTLED)
    print(account.get(Column.SETTLED), flush=True)
"""


def test_accounts_are_read_back(tmp_path: Path) -> None:
    books = Books(tmp_path / "books")
    books.account("out crops").add(Column.OFFERED, 5)
    books.account("out crops").add(Column.OFFERED)
    books.account("in crops camera.ä@1").put(Column.ANSWERED, 2**40)
    accounts = read_books(tmp_path / "books")
    assert accounts["out crops"] == {column: 6 if column is Column.OFFERED else 0 for column in Column}
    assert accounts["in crops camera.ä@1"][Column.ANSWERED] == 2**40
    assert len(accounts) == 2


@pytest.mark.parametrize("seed", range(2))
def test_books_are_exact_after_a_kill(run: Any, child: Callable[..., Any], seed: int) -> None:
    writer = child(_WRITER)
    for _ in range(random.Random(seed).randrange(20, 3000)):
        acknowledged = int(writer.stdout.readline())
    writer.kill()
    writer.wait()
    account = read_books(run.path / "books" / "writer@1")["out tracks"]
    assert account[Column.SETTLED] >= acknowledged
    assert account[Column.OFFERED] - account[Column.SETTLED] in (0, 1)


def test_who_reads_while_it_is_written_sees_no_counter_go_back(run: Any, child: Callable[..., Any]) -> None:
    writer = child(_WRITER.replace("print(account.get(Column.SETTLED), flush=True)", ""))
    path = run.path / "books" / "writer@1"
    while not path.exists() or "out tracks" not in read_books(path):
        assert writer.poll() is None
    offered = [read_books(path)["out tracks"][Column.OFFERED] for _ in range(5000)]
    assert offered == sorted(offered)
    assert offered[-1] > offered[0]


def test_an_account_that_a_kill_left_half_open_is_none(tmp_path: Path) -> None:
    path = tmp_path / "books"
    Books(path).account("out tracks").add(Column.OFFERED)
    whole = path.read_bytes()
    assert list(read_books(path)) == ["out tracks"]
    path.write_bytes(whole.replace(b"out trac", bytes(8)))
    assert read_books(path) == {}


def test_the_slot_that_was_not_asked_for_the_longest_is_used_again(tmp_path: Path) -> None:
    books = Books(tmp_path / "books")
    lasting = books.account("out crops", lasting=True)
    lasting.add(Column.OFFERED)
    for number in range(2000):
        books.account("in crops camera.here@1").add(Column.ANSWERED)
        books.account(f"in crops camera.gone@{number}").add(Column.ANSWERED)
        lasting.add(Column.SETTLED)
    accounts = read_books(tmp_path / "books")
    assert accounts["out crops"][Column.OFFERED] == 1
    assert accounts["out crops"][Column.SETTLED] == 2000
    assert accounts["in crops camera.here@1"][Column.ANSWERED] == 2000
    assert accounts["in crops camera.gone@1999"][Column.ANSWERED] == 1
    assert "in crops camera.gone@0" not in accounts
    assert all(account[Column.ANSWERED] in (0, 1, 2000) for account in accounts.values())
    assert books.account("out crops", lasting=True).get(Column.OFFERED) == 1


def test_a_file_that_is_something_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "books"
    Books(path)
    whole = path.read_bytes()
    for damaged in (b"", whole[:-1], whole + b"\0", b"X" + whole[1:]):
        path.write_bytes(damaged)
        with pytest.raises(ArtefactError, match="delete it"):
            read_books(path)


def test_books_appear_complete_and_for_their_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "camera.a@1"
    Books(path)
    assert read_books(path) == {}
    assert [one.name for one in tmp_path.iterdir()] == ["camera.a@1"]
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.stat().st_blocks * 512 >= path.stat().st_size, "a file with holes can kill its writer on a full disk"

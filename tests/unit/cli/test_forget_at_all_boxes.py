"""`twinface forget` where boxes share a database."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from seen_by_boxes import join, see_anna

from twinface.postgres.connecting import connect
from twinface.postgres.migrations import migrate
from twinface.postgres.tables import Connection
from twinface.sharing.erasing import Erasures

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def connection(database: str) -> Iterator[Connection]:
    with connect(database, "test") as connection:
        migrate(connection)
        yield connection


def test_forget_prints_a_receipt_box_by_box_and_again_when_asked(
    twinface: Command, connection: Connection, database: str, tmp_path: Path
) -> None:
    (tmp_path / "box.id").write_text("a" * 32)
    join(connection, door="a" * 32, gate="b")
    see_anna(connection, tmp_path / "gate", "b")
    see_anna(connection, tmp_path, "a" * 32).rename(tmp_path / "events.sqlite")
    config = tmp_path / "pipeline.toml"
    config.write_text(f'gallery = "{tmp_path}/gallery"\n[database]\nurl = "{database}"\n')
    code, out, _ = twinface("forget", "Anna", "--yes", "--config", config)
    lines = [line.strip() for line in out.splitlines()]
    assert (code, [line for line in lines if "[database]" in line]) == (
        0,
        ["12  events and looks of all boxes: [database]"],
    )
    assert [line.partition(",")[0] for line in lines[-2:]] == ["erased: door", "pending: gate"]
    assert connection.execute("SELECT DISTINCT name FROM events").fetchall() == [("Bo",)]
    Erasures("b", lambda _names: True, lambda: ()).turn(connection)
    _, out, _ = twinface("forget", "Anna", "--receipt", "--json", "--config", config)
    assert [one["box_name"] for one in json.loads(out)["boxes"] if one["erased_at_s"]] == ["door", "gate"]
    code, _, err = twinface("forget", "Cy", "--receipt", "--config", config)
    assert (code, "nobody called 'Cy' was forgotten" in err) == (2, True)

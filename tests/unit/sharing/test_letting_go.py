"""What a box keeps no longer, erased from the database of all boxes by its own rule and the database's clock."""

from pathlib import Path
from typing import Any

from psycopg import Connection
from seen_by_boxes import a_look, a_track_that_ends, an_event, forward

from twinface.sharing.letting_go import EVERY_S, LettingGo

_DAY_NS = 86_400 * 10**9


def test_old_rows_of_a_box_go_others_stay_and_so_do_days_that_hold_any(
    connection: "Connection[Any]", tmp_path: Path
) -> None:
    (now_ns,) = connection.execute("SELECT (extract(epoch FROM now()) * 1e9)::bigint").fetchone() or (0,)
    days = [now_ns - age * _DAY_NS for age in (40, 20, 0)]
    for box in ("a", "b"):
        looks = (a_look(1, at_ns=days[0]), a_look(1, crop=1, at_ns=days[2]))
        forward(connection, tmp_path, box, *(an_event(at_ns=at_ns) for at_ns in days), a_track_that_ends(), looks=looks)

    def tables() -> int:
        row = connection.execute("SELECT count(*) FROM pg_inherits WHERE inhparent = 'events'::regclass").fetchone()
        return int(row[0]) if row else 0

    def ages(box: str) -> list[int]:
        statement = "SELECT at_ns FROM events WHERE box = %s AND subject = 'person' ORDER BY at_ns"
        return [round((now_ns - at_ns) / _DAY_NS) for (at_ns,) in connection.execute(statement, [box])]

    before, now_s = tables(), 0.0
    box_a = LettingGo("a", 30.0, lambda: now_s)
    assert box_a.turn(connection) is False
    assert (ages("a"), ages("b"), tables()) == ([20, 0], [40, 20, 0], before)
    assert connection.execute("SELECT box, count(*) FROM looks GROUP BY box ORDER BY box").fetchall() == [
        ("a", 1),
        ("b", 2),
    ]
    LettingGo("b", 30.0).turn(connection)
    assert (ages("b"), tables()) == ([20, 0], before - 1)
    connection.execute("UPDATE events SET at_ns = at_ns - 15 * 86400000000000::bigint WHERE box = 'a'")
    box_a.turn(connection)
    assert ages("a") == [35, 15]
    now_s = EVERY_S
    box_a.turn(connection)
    assert ages("a") == [15]

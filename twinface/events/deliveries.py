"""What was brought to a target and not taken: tried again when it is due, then kept as a dead letter.

A row has the number of an event and goes with it: `forget` and retention leave no dead letters. Of a target that asks
for it, the store also remembers what was taken.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from twinface.events.database import changing, is_there, reading
from twinface.events.event import Event
from twinface.events.event_queries import COLUMNS, readable

_COLUMNS = ", ".join(f"events.{name}" for name in (*COLUMNS, "sequence"))
_SELECT = f"""
    SELECT target, deliveries.state, attempts, tried_ns, due_ns, error, {_COLUMNS}
    FROM deliveries JOIN events USING (sequence)
"""  # noqa: S608 — names of columns, not what users say
_ALL = f"{_SELECT} WHERE deliveries.state <> 'taken' ORDER BY target, sequence"
_DUE = f"""
    {_SELECT} WHERE target = :target AND deliveries.state = 'waiting' AND (due_ns <= :now_ns OR due_ns > :too_late_ns)
    ORDER BY sequence LIMIT 1
"""
_NOTE = "INSERT OR REPLACE INTO deliveries VALUES (:target, :sequence, :state, :attempts, :tried_ns, :due_ns, :error)"
_DROP = "DELETE FROM deliveries WHERE target = ? AND sequence = ?"
_GONE = "SELECT 1 FROM deliveries WHERE target = ? AND state = 'gone' LIMIT 1"
_RETRY = """
    UPDATE deliveries SET state = 'waiting', attempts = 0, due_ns = 0
    WHERE state IN ('dead', 'gone') AND target = ifnull(?, target) AND sequence = ifnull(?, sequence)
"""
_LAST_TAKEN = f"""
    {_SELECT} WHERE target = ? AND deliveries.state = 'taken' AND events.name IS ?
    AND events.camera = ifnull(?, events.camera) ORDER BY sequence DESC LIMIT 1
"""


class DeliveryState(StrEnum):
    """`waiting` is tried again; `dead` was given up; `gone` too, because its target wants no more; `taken` was."""

    WAITING = "waiting"
    DEAD = "dead"
    GONE = "gone"
    TAKEN = "taken"


@dataclass(frozen=True, slots=True)
class Delivery:
    """An event on its way to `target`: so many `attempts`, the last at `tried_ns`, of which `error` came.

    It is tried again at `due_ns`; both are of the wall clock.
    """

    target: str
    event: Event
    state: DeliveryState
    attempts: int
    tried_ns: int
    due_ns: int = 0
    error: str = ""


def next_due(path: Path, target: str, now_ns: int, at_most_ns: int) -> Delivery | None:
    """The oldest that is to be tried again by now. One that is due in more than `at_most_ns` is, too: the clock was put
    back since. Raises ArtefactError as all functions here do where the store cannot be read or written.
    """
    if not is_there(path):
        return None
    with reading(path) as connection:
        values = {"target": target, "now_ns": now_ns, "too_late_ns": now_ns + at_most_ns}
        found = _deliveries(connection.execute(_DUE, values).fetchall())
    return found[0] if found else None


def is_gone(path: Path, target: str) -> bool:
    """Whether a target has asked for no more, and nobody has had it tried again since."""
    if not is_there(path):
        return False
    with reading(path) as connection:
        return connection.execute(_GONE, [target]).fetchone() is not None


def last_taken(path: Path, target: str, name: str | None, camera: str | None = None) -> Event | None:
    """The event of a person that a target took last; of nobody known at a camera for no name."""
    if not is_there(path):
        return None
    with reading(path) as connection:
        found = _deliveries(connection.execute(_LAST_TAKEN, [target, name, camera]).fetchall())
    return found[0].event if found else None


def note_delivery(path: Path, delivery: Delivery) -> None:
    """Store what came of the last attempt, in place of the one before. Of an event that is gone nothing is stored."""
    event = delivery.event.sequence
    values = {name: getattr(delivery, name) for name in ("target", "attempts", "tried_ns", "due_ns", "error")}
    with changing(path, "a delivery cannot be noted") as connection:
        if connection.execute("SELECT 1 FROM events WHERE sequence = ?", [event]).fetchone():
            connection.execute(_NOTE, {**values, "sequence": event, "state": str(delivery.state)})


def drop_delivery(path: Path, delivery: Delivery) -> None:
    """Forget one that was taken."""
    with changing(path, "a delivery cannot be noted") as connection:
        connection.execute(_DROP, [delivery.target, delivery.event.sequence])


def read_deliveries(path: Path) -> list[Delivery]:
    """All that are waiting, dead or gone, by target and number."""
    if not is_there(path):
        return []
    with reading(path) as connection:
        return _deliveries(connection.execute(_ALL).fetchall())


def retry_deliveries(path: Path, target: str | None = None, sequence: int | None = None) -> int:
    """Have dead letters tried again from the beginning, of a target or of all, one or all of them; how many."""
    if not is_there(path):
        return 0
    with changing(path, "dead letters cannot be tried again") as connection:
        return connection.execute(_RETRY, [target, sequence]).rowcount


def _deliveries(rows: Sequence[Sequence[Any]]) -> list[Delivery]:
    found = []
    for target, state, attempts, tried_ns, due_ns, error, *event in rows:
        found += [
            Delivery(target, one, DeliveryState(state), attempts, tried_ns, due_ns, error) for one in readable([event])
        ]
    return found

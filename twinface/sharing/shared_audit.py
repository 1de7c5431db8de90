"""The audits of all boxes in one table: each box sends what it has written down, and what was taken back since.

What a box's steps say in words has names in it, and stays on the box.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from twinface.corrections.audit import AuditEntry, list_audit
from twinface.corrections.audit_file import audit_path
from twinface.corrections.steps_file import STEPS_FOLDER
from twinface.errors import ArtefactError
from twinface.files import FileState
from twinface.postgres.tables import Connection

_KNOWN = "SELECT at_ns, what, undone_by FROM audit WHERE box = %s AND at_ns >= %s"
_PUT = """
    INSERT INTO audit (box, at_ns, what, who, said, step, undone_by) VALUES (%s, %s, %s, %s, %s, %s, %s)
    ON CONFLICT (box, at_ns, what) DO UPDATE SET undone_by = excluded.undone_by
"""
_READ = """
    SELECT coalesce(boxes.name, audit.box), audit.box, at_ns, who, what, said, step, undone_by
    FROM audit LEFT JOIN boxes ON boxes.id = audit.box ORDER BY at_ns DESC, audit.box, what LIMIT %s OFFSET %s
"""


@dataclass(frozen=True, slots=True)
class BoxEntry:
    """A change or login at a box, by its name and id; `step` and `undone_by` are numbers of that box."""

    box: str
    box_id: str
    at_ns: int
    who: str
    what: str
    said: str
    step: int | None
    undone_by: int | None

    @property
    def plain(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self)


class AuditForwarder:
    """A part of the link: sends what this box has written down. `problem` says why it cannot be read, else empty."""

    def __init__(self, gallery: Path, box: str) -> None:
        self.problem = ""
        self._gallery, self._box = gallery, box
        self._seen: object = None

    def turn(self, connection: Connection) -> bool:
        """Send what is new, where anything is. Raises psycopg.Error."""
        state = [FileState.of(path) for path in (audit_path(self._gallery), self._gallery / STEPS_FOLDER)]
        if state == self._seen:
            return False
        try:
            entries = list_audit(self._gallery)
        except (ArtefactError, OSError) as error:
            self.problem = str(error)
            return False
        send_audit(connection, self._box, entries)
        self._seen, self.problem = state, ""
        return False


def send_audit(connection: Connection, box: str, entries: Sequence[AuditEntry]) -> int:
    """Have the table know the entries of a box; how many are new there, or another now. Raises psycopg.Error."""
    oldest_ns = min((one.at_ns for one in entries), default=0)
    with connection.transaction():
        known = {(at_ns, what): by for at_ns, what, by in connection.execute(_KNOWN, [box, oldest_ns])}
        new = [one for one in entries if known.get((one.at_ns, one.what), -1) != one.undone_by]
        with connection.cursor() as cursor:
            cursor.executemany(_PUT, [_row(box, one) for one in new])
    return len(new)


def read_all_audits(connection: Connection, limit: int, start: int = 0) -> list[BoxEntry]:
    """The changes and logins of all boxes, the newest first, from a place on. Raises psycopg.Error."""
    return [BoxEntry(*row) for row in connection.execute(_READ, [limit, start]).fetchall()]


def count_all_audits(connection: Connection) -> int:
    """How many there are."""
    row = connection.execute("SELECT count(*) FROM audit").fetchone()
    return int(row[0]) if row else 0


def _row(box: str, one: AuditEntry) -> tuple[Any, ...]:
    said = "" if one.step is not None else one.said
    return (box, one.at_ns, one.what, one.who, said, one.step, one.undone_by)

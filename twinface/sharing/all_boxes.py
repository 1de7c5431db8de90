"""All boxes of the database, as each of them has said last how it is."""

from collections import Counter
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from twinface.postgres.connecting import connect, errors_of
from twinface.postgres.migrations import schema_version
from twinface.postgres.tables import Connection
from twinface.settings import Settings
from twinface.sharing.own_box import SILENT_AFTER_S, clock_warning

# In the order of the fields of SeenBox.
_READ = """
    SELECT id, name, version, page, health, ok, gallery_version, events_waiting, clock_ahead_s, warning,
           extract(epoch FROM started_at)::float8, extract(epoch FROM seen_at)::float8,
           greatest(extract(epoch FROM clock_timestamp() - seen_at)::float8, 0)
    FROM boxes ORDER BY name, joined_at
"""


@dataclass(frozen=True, slots=True)
class SeenBox:
    """A box: when it started and was heard of last (seconds since 1970, by the database's clock), and how long ago.

    `is_here` is false where that is too long; `ok` and `health` are then what it said last. `clock_ahead_s` is by how
    much its clock is ahead of the database's, or behind where it is negative, `gallery_behind` by how many changes its
    gallery is older than another box's. `warnings` are for people.
    """

    id: str
    name: str
    version: str
    page: str
    health: str
    ok: bool
    gallery_version: int
    events_waiting: int
    clock_ahead_s: float
    warnings: tuple[str, ...]
    started_at_s: float
    seen_at_s: float
    silent_s: float
    gallery_behind: int = 0

    @property
    def is_here(self) -> bool:
        """Whether it was heard of just now."""
        return self.silent_s < SILENT_AFTER_S

    @property
    def plain(self) -> dict[str, Any]:
        """JSON-ready."""
        return {**asdict(self), "warnings": [*self.warnings], "is_here": self.is_here}


def read_boxes(settings: Settings) -> list[SeenBox]:
    """Every box of this box's database, by name. Raises DatabaseError, and what `connect` does."""
    url = settings.database.url
    with connect(url, f"twinface {settings.box_name} asks") as connection, errors_of(url):
        return boxes_of(connection)


def boxes_of(connection: Connection) -> list[SeenBox]:
    """Every box of a database; none where no box has used it yet."""
    if schema_version(connection) == 0:
        return []
    found = [_box(row) for row in connection.execute(_READ)]
    newest = max((box.gallery_version for box in found), default=0)
    names = Counter(box.name for box in found if box.is_here)
    return [replace(box, warnings=_warnings(box, names), gallery_behind=newest - box.gallery_version) for box in found]


def forget_box(settings: Settings, box_id: str) -> int:
    """`remove_box` in this box's database. Raises as `read_boxes`."""
    url = settings.database.url
    with connect(url, f"twinface {settings.box_name} asks") as connection, errors_of(url):
        return remove_box(connection, box_id)


def remove_box(connection: Connection, box_id: str) -> int:
    """Forget boxes whose id begins so, which are not here; how many they were."""
    statement = "DELETE FROM boxes WHERE starts_with(id, %s) AND seen_at < clock_timestamp() - %s * interval '1 second'"
    return connection.execute(statement, [box_id, SILENT_AFTER_S]).rowcount


def _box(row: tuple[Any, ...]) -> SeenBox:
    said = dict(zip((field.name for field in fields(SeenBox)), row, strict=False))
    return SeenBox(**{**said, "warnings": tuple(filter(None, [said["warnings"]]))})


def _warnings(box: SeenBox, names: Counter[str]) -> tuple[str, ...]:
    """What a box has said of itself last, and what only who sees all of them can say of one that is not here."""
    twins = f"{names[box.name]} boxes are called {box.name}" if box.is_here and names[box.name] > 1 else ""
    said = [*box.warnings] or [twins, clock_warning(box.clock_ahead_s)]
    return tuple(filter(None, said))

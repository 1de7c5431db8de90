"""What happened at all boxes: events of one database, and who was at two boxes at once.

Nothing is stored beside the events: what is forgotten needs no second place to be changed in.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from twinface.errors import InputError
from twinface.events.event import Event, Kind, NameSpan
from twinface.events.event_queries import COLUMNS, EventQuery, readable
from twinface.postgres.tables import Connection

_LONGEST_VISIT_NS = 12 * 3600 * 10**9
"""A visit that began earlier and has no end is one whose box went away, and flags nobody."""

_COLUMNS = ", ".join(f"e.{name}" for name in (*COLUMNS, "sequence"))
# Times of two boxes are compared by the database's clock: each box's own, less what it was ahead when last heard.
_AHEAD = "coalesce({}.clock_ahead_s * 1e9, 0)::bigint"
_ALSO_AT = f"""
    SELECT array_agg(DISTINCT coalesce(other.name, begun.box)) FROM events AS begun
    LEFT JOIN boxes AS other ON other.id = begun.box
    CROSS JOIN LATERAL (SELECT e.at_ns - {_AHEAD.format("own")} + {_AHEAD.format("other")} AS at_ns) AS theirs
    WHERE begun.name = e.name AND begun.subject = 'person' AND begun.kind = 'enter' AND begun.box <> e.box
    AND begun.at_ns BETWEEN e.at_ns - {2 * _LONGEST_VISIT_NS} AND e.at_ns + {_LONGEST_VISIT_NS}
    AND begun.at_ns BETWEEN theirs.at_ns - {_LONGEST_VISIT_NS} AND theirs.at_ns
    AND NOT EXISTS (
        SELECT FROM events AS ended WHERE ended.name = begun.name AND ended.box = begun.box
        AND ended.subject = 'person' AND ended.kind = 'exit' AND ended.camera = begun.camera
        AND ended.since_ns = begun.since_ns AND ended.at_ns BETWEEN begun.at_ns AND theirs.at_ns
    )
"""  # noqa: S608 — no word of a user
_EVENTS = f"""
    SELECT {_COLUMNS}, e.box, coalesce(own.name, e.box),
        CASE WHEN e.subject = 'person' AND e.kind <> 'exit' THEN ({_ALSO_AT}) END
    FROM (SELECT * FROM events WHERE {{}} ORDER BY at_ns DESC LIMIT %s) AS e
    LEFT JOIN boxes AS own ON own.id = e.box ORDER BY e.at_ns, e.box, e.sequence
"""  # noqa: S608
_BOXES_CALLED = "SELECT id FROM boxes WHERE id = %s OR name = %s"
_BOX_NAMES = "SELECT name FROM boxes ORDER BY name"


@dataclass(frozen=True, slots=True)
class BoxEvent:
    """An event of a box; `also_at` are the boxes at which the same person was at that time, too."""

    box: str
    box_name: str
    event: Event
    also_at: tuple[str, ...] = ()

    @property
    def plain(self) -> dict[str, Any]:
        """Every field of the event, and of this, for JSON."""
        return {**self.event.plain, "box": self.box_name, "box_id": self.box, "also_at": [*self.also_at]}


def read_all_events(connection: Connection, query: EventQuery, box: str | None = None) -> list[BoxEvent]:
    """The newest events of all boxes, or of one, by its name or id, in the order of their times.

    Raises InputError for a box that nobody knows, and for an `after`: numbers are those of a box. psycopg.Error.
    """
    if query.after is not None:
        raise InputError("numbers are those of a box, and do not go on across boxes; say --since instead of --after")
    where, values = _conditions(query)
    if box is not None:
        where, values = f"{where} AND box = ANY(%s)", [*values, _ids(connection, box)]
    rows = connection.execute(_EVENTS.format(where).encode(), [*values, query.limit]).fetchall()
    found = []
    for *row, of, name, also_at in rows:
        found += [BoxEvent(of, name, event, tuple(also_at or ())) for event in readable([row])]
    return found


def _ids(connection: Connection, box: str) -> list[str]:
    found = [one for (one,) in connection.execute(_BOXES_CALLED, [box, box])]
    if not found:
        raise InputError(f"no box is called {box!r}; there are {', '.join(box_names(connection)) or 'none yet'}")
    return found


def box_names(connection: Connection) -> list[str]:
    """The names of all boxes, each once. Raises psycopg.Error."""
    return list(dict.fromkeys(name for (name,) in connection.execute(_BOX_NAMES)))


def _conditions(query: EventQuery) -> tuple[str, list[Any]]:
    track = (None, None, None) if query.track is None else tuple(query.track)
    conditions: dict[str, Any] = {
        "at_ns >= %s": query.since_ns,
        "at_ns < %s": query.until_ns,
        "camera = %s": query.camera,
        "kind = %s": None if query.kind is None else str(query.kind),
        "subject = %s": None if query.subject is None else str(query.subject),
        "(subject = 'person' OR kind = %s)": None if query.faces else str(Kind.STAYED),
        **dict(zip(("subject = 'track' AND camera = %s", "stream = %s", "track = %s"), track, strict=True)),
    }
    wanted = {condition: value for condition, value in conditions.items() if value is not None}
    of_names, values = condition_of_names(query.names)
    return " AND ".join([*wanted, of_names]), [*wanted.values(), *values]


def condition_of_names(names: Sequence[NameSpan] | None) -> tuple[str, list[Any]]:
    """The condition that an event or a look has one of the names while it was theirs, and its values; true for None."""
    if names is None:
        return "TRUE", []
    one = "name = %s AND at_ns >= %s AND at_ns < %s"
    return f"({' OR '.join([one] * len(names)) or 'FALSE'})", [value for span in names for value in span]

"""What is forgotten reaches every box: erased from the database at once, at each box when it is there, and confirmed.

Somebody's name stays in the database until every box has confirmed, and a salted digest of it for good: that tells who
asks for the receipt, or has restored an old backup, what was erased, and nobody else whom. Whatever a box forwards
after it has confirmed was stored after it had erased (`forwarding.py` reads its store under the same lock).
"""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from twinface.events.event import NameSpan
from twinface.postgres.tables import CHANNEL, Connection
from twinface.sharing.link import WHILE_NOTHING_IS_FORWARDED

_IN_TIME = "at_ns >= %(since_ns)s AND at_ns < %(until_ns)s"
_NEAR_NS = 43_200 * 10**9
"""A track is over within twelve hours of any of its events."""

_TRACKS = f"""
    SELECT box, camera, stream, track, at_ns FROM events WHERE subject = 'track' AND name = %(name)s AND {_IN_TIME}
    UNION ALL SELECT box, camera, stream, track, at_ns FROM looks
    WHERE (name = %(name)s OR enrolled_as = %(name)s) AND {_IN_TIME}
"""  # noqa: S608 — no word of a user
_OF_TRACK = "one.box = t.box AND one.camera = t.camera AND one.stream = t.stream AND one.track = t.track"
_ERASE = (
    f"""DELETE FROM events AS one USING ({_TRACKS}) AS t WHERE {_OF_TRACK} AND one.subject = 'track'
        AND one.at_ns BETWEEN t.at_ns - {_NEAR_NS} AND t.at_ns + {_NEAR_NS} AND {{of_box}}""",  # noqa: S608
    f"DELETE FROM looks AS one USING ({_TRACKS}) AS t WHERE {_OF_TRACK} AND {{of_box}}",  # noqa: S608
    f"DELETE FROM events AS one WHERE name = %(name)s AND {_IN_TIME} AND {{of_box}}",  # noqa: S608
    f"UPDATE events AS one SET details = NULL WHERE position(%(quoted)s in details) > 0 AND {_IN_TIME} AND {{of_box}}",  # noqa: S608
)
_COUNT = f"""
    SELECT (SELECT count(*) FROM events WHERE name = %(name)s AND {_IN_TIME})
         + (SELECT count(*) FROM looks WHERE (name = %(name)s OR enrolled_as = %(name)s) AND {_IN_TIME})
"""  # noqa: S608
_DIGEST = "SELECT encode(sha256(convert_to(salt || ' ' || %s, 'UTF8')), 'hex') FROM erasing_salt"
_ASK = "INSERT INTO erasures (digest, name, spans, asked_by) VALUES (%s, %s, %s, %s) RETURNING id"
_PENDING = """
    SELECT id, digest, name, spans, (extract(epoch FROM asked_at) * 1e9)::bigint FROM erasures
    WHERE NOT EXISTS (SELECT FROM erasures_confirmed WHERE erasure = id AND box = %s) ORDER BY id
"""
_CONFIRM = "INSERT INTO erasures_confirmed (erasure, box, rows) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING"
_FORGET_NAME = """
    UPDATE erasures SET name = NULL, spans = NULL WHERE id = %s AND NOT EXISTS (
        SELECT FROM boxes
        WHERE NOT EXISTS (SELECT FROM erasures_confirmed WHERE erasure = erasures.id AND box = boxes.id))
"""
_ERASED_SINCE = "SELECT DISTINCT digest FROM erasures WHERE digest = ANY(%s) AND asked_at > to_timestamp(%s)"
_RECEIPT = """
    SELECT boxes.id, boxes.name, extract(epoch FROM asked_at)::float8, extract(epoch FROM done.at)::float8, done.rows,
        extract(epoch FROM seen_at)::float8
    FROM (SELECT * FROM erasures WHERE digest = %(digest)s ORDER BY id DESC LIMIT 1) AS asked CROSS JOIN boxes
    LEFT JOIN erasures_confirmed AS done ON done.erasure = asked.id AND done.box = boxes.id
    ORDER BY done.at NULLS LAST, boxes.name
"""


@dataclass(frozen=True, slots=True)
class Erasure:
    """What a box has to erase and has not confirmed: a person by all `names` they had, the present one first; of one
    that every other box has confirmed the digest alone is left.
    """

    id: int
    digest: str
    names: tuple[NameSpan, ...]
    asked_ns: int


@dataclass(frozen=True, slots=True)
class Receipt:
    """Of one box: when it confirmed (seconds since 1970, by the database's clock), None where that is pending, how many
    of its rows were in the database still, and when it was heard of last.
    """

    box: str
    box_name: str
    asked_at_s: float
    erased_at_s: float | None
    rows: int | None
    seen_at_s: float


def count_rows(connection: Connection, names: Sequence[NameSpan]) -> int:
    """How many events and looks of all boxes are of a person. Raises psycopg.Error, as all functions here do."""
    return sum(int(_one(connection, _COUNT, _values(span))) for span in names)


def ask_erasure(connection: Connection, box: str, names: Sequence[NameSpan]) -> int:
    """Erase a person from the database, and have every box erase them; how many rows that were. One transaction."""
    name, spans = names[0].name, json.dumps(list(names))
    with connection.transaction():
        connection.execute(WHILE_NOTHING_IS_FORWARDED)
        rows = _erase(connection, names)
        connection.execute(_ASK, [_digest(connection, name), name, spans, box])
        connection.execute("SELECT pg_notify(%s, 'erasure')", [CHANNEL])
    return rows


def pending_erasures(connection: Connection, box: str) -> list[Erasure]:
    """What a box has not confirmed yet, the oldest first."""
    return [
        Erasure(number, digest, tuple(NameSpan(*span) for span in json.loads(spans)) if spans else (), asked_ns)
        for number, digest, name, spans, asked_ns in connection.execute(_PENDING, [box]).fetchall()
    ]


def confirm_erasure(connection: Connection, box: str, erasure: Erasure) -> None:
    """Say that a box has erased a person, and erase what it forwarded until it had."""
    with connection.transaction():
        connection.execute(WHILE_NOTHING_IS_FORWARDED)
        rows = _erase(connection, erasure.names, box)
        connection.execute(_CONFIRM, [erasure.id, box, rows])
        connection.execute(_FORGET_NAME, [erasure.id])


def read_receipts(connection: Connection, name: str) -> list[Receipt]:
    """How far it is with the last time that somebody of this name was forgotten, box by box; none where nobody was."""
    rows = connection.execute(_RECEIPT, {"digest": _digest(connection, name)}).fetchall()
    return [Receipt(box, of, asked, at, rows, seen) for box, of, asked, at, rows, seen in rows]


def is_about(connection: Connection, erasure: Erasure, name: str) -> bool:
    """Whether it is somebody of this name who is to be erased."""
    return _digest(connection, name) == erasure.digest


def erased_since(connection: Connection, names: Iterable[str], since_s: float) -> list[str]:
    """Which of the names are of people who were forgotten after a time, seconds since 1970: an old backup has them."""
    digests = {_digest(connection, name): name for name in names}
    rows = connection.execute(_ERASED_SINCE, [list(digests), since_s]).fetchall()
    return sorted(digests[digest] for (digest,) in rows)


class Erasures:
    """A part of the link: has this box erase whom others forgot, then confirms.

    `erase` erases a person here, by all their names, and says whether nothing is left, which may take its copy of the
    shared gallery another turn; it raises ArtefactError where it cannot. `known` are the names that this box knows of.
    """

    def __init__(
        self, box: str, erase: Callable[[Sequence[NameSpan]], bool], known: Callable[[], Iterable[str]]
    ) -> None:
        self.erased = 0
        self._box, self._erase, self._known = box, erase, known

    def turn(self, connection: Connection) -> bool:
        """Erase and confirm what is pending."""
        for one in pending_erasures(connection, self._box):
            if names := one.names or self._names_of(connection, one):
                if not self._erase(names):
                    continue
                self.erased += 1
            confirm_erasure(connection, self._box, Erasure(one.id, one.digest, tuple(names), one.asked_ns))
        return False

    def _names_of(self, connection: Connection, erasure: Erasure) -> tuple[NameSpan, ...]:
        """Who is meant, where the digest alone is left; what came after it was asked for is somebody else's."""
        found = [name for name in self._known() if is_about(connection, erasure, name)]
        return tuple(NameSpan(name, until_ns=erasure.asked_ns) for name in found)


def _erase(connection: Connection, names: Sequence[NameSpan], box: str | None = None) -> int:
    """Of one box, or of all."""
    of_box = "TRUE" if box is None else "one.box = %(box)s"
    return sum(
        connection.execute(statement.format(of_box=of_box).encode(), {**_values(span), "box": box}).rowcount
        for span in names
        for statement in _ERASE
    )


def _values(span: NameSpan) -> dict[str, Any]:
    return {**span._asdict(), "quoted": json.dumps(span.name, ensure_ascii=False)}


def _digest(connection: Connection, name: str) -> str:
    return str(_one(connection, _DIGEST, [name]))


def _one(connection: Connection, statement: str, values: Any) -> Any:
    row = connection.execute(statement.encode(), values).fetchone()
    return row[0] if row else None

"""Corrections that boxes share: what was said at all of them in PostgreSQL, under the versions of the shared gallery.

Each box has them in its own signed file. Of a correction that another box made, that names the box; of one of this box
the file names none, so that nothing there changes when a box begins to share.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from twinface.corrections.correction import Correction, CorrectionKind, difference
from twinface.errors import ArtefactError
from twinface.postgres.tables import Connection

_COLUMNS = "digest, version, box, kind, name, vector, network, quality, track, event, at_ns"
_PUT = f"""
    INSERT INTO corrections ({_COLUMNS}) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
    ON CONFLICT (digest) DO UPDATE SET ({_COLUMNS}) = ROW (excluded.*)
"""  # noqa: S608 — names of columns
_GONE = """
    UPDATE corrections SET version = %s, box = NULL, kind = NULL, name = NULL, vector = NULL, network = NULL,
        quality = NULL, track = NULL, event = NULL, at_ns = NULL
    WHERE digest = %s
"""
_CHANGED = f"SELECT {_COLUMNS} FROM corrections WHERE version > %s"  # noqa: S608


@dataclass(frozen=True, slots=True)
class Followed:
    """Which change, of which shared gallery, the corrections of a box have come to."""

    id: str
    version: int
    token: str


@dataclass(frozen=True, slots=True)
class Known:
    """What all boxes have said, and that with what a box has said before it shared any."""

    everywhere: list[Correction]
    together: list[Correction]


def come_to(now: Sequence[Correction], since: int | None, connection: Connection, box: str) -> Known:
    """What corrections of a box have come to in the database since a version; None where it has shared none yet.

    Raises psycopg.Error, ArtefactError for what is no correction.
    """
    known = {} if since is None else {_digest(one, box): one for one in now}
    rows = connection.execute(_CHANGED.encode(), [-1 if since is None else since]).fetchall()
    for digest, _, *values in rows:
        known.pop(digest, None)
        if values[1] is not None:
            try:
                known[digest] = _from_columns(values, box)
            except ValueError as error:
                raise ArtefactError(
                    f"a correction in the database is none ({error}); take it back where it was made"
                ) from error
    everywhere = in_order(known.values(), box)
    return Known(everywhere, everywhere if since is not None else in_order([*everywhere, *now], box))


def in_order(corrections: Iterable[Correction], box: str) -> list[Correction]:
    """The latest word on each subject, in the order in which all boxes have them."""
    by_time = sorted(corrections, key=lambda one: (one.at_ns, _digest(one, box)))
    return sorted({one.subject: one for one in by_time}.values(), key=lambda one: (one.at_ns, _digest(one, box)))


def put(
    connection: Connection, version: int, before: Sequence[Correction], after: Sequence[Correction], box: str
) -> bool:
    """Have all boxes, which say what was `before`, say what is `after` from a version on; whether that differs."""
    done = difference(before, after)
    gone = [(version, _digest(one, box)) for _, one in done.removed]
    new = [(_digest(one, box), version, *_to_columns(one, box)) for one in done.added]
    with connection.cursor() as cursor:
        cursor.executemany(_GONE, gone)
        cursor.executemany(_PUT.encode(), new)
    return bool(gone or new)


def remove_all(connection: Connection, version: int) -> None:
    """Have nobody say anything any more: those whom it was said of are replaced."""
    rows = connection.execute("SELECT digest FROM corrections WHERE kind IS NOT NULL").fetchall()
    with connection.cursor() as cursor:
        cursor.executemany(_GONE, [(version, digest) for (digest,) in rows])


def _digest(one: Correction, box: str) -> str:
    kind, name, vector, *rest = _to_columns(one, box)[1:]
    said = json.dumps([one.box or box, kind, name, vector.hex(), *rest])
    return hashlib.sha256(said.encode()).hexdigest()


def _to_columns(one: Correction, box: str) -> tuple[Any, ...]:
    vector = np.ascontiguousarray(one.vector, "<f4").tobytes()
    said = (str(one.kind), one.name, vector, one.network, float(one.quality), one.track, one.event, one.at_ns)
    return (one.box or box, *said)


def _from_columns(values: Sequence[Any], box: str) -> Correction:
    of, kind, name, vector, *rest = values
    there = "" if of == box else of
    return replace(Correction(CorrectionKind(kind), name, np.frombuffer(vector, "<f4"), *rest), box=there)

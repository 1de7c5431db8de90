"""The gallery that several boxes share: everybody in PostgreSQL, of whom each box has a copy in its own folder.

A change takes the lock of the one row of `gallery`, finds its folder brought to what others changed meanwhile, and is
there whole, under the next version, or not at all. Readers look at their copy, and need no database.
"""

import hashlib
import json
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from twinface.errors import ArtefactError, DatabaseError
from twinface.gallery.manifest import Manifest, SharedMark
from twinface.gallery.person import PersonVectors
from twinface.gallery.refused_changes import count_refused
from twinface.postgres.tables import CHANNEL, Connection, as_halfvec

if TYPE_CHECKING:
    pass

_HEAD = """
    SELECT gallery.id, gallery.version, token, network, network_name FROM gallery JOIN gallery_changes USING (version)
"""
_NOT_FOR_EVER = "SET LOCAL lock_timeout = '5s'; SET LOCAL idle_in_transaction_session_timeout = '60s'"
"""A box that hangs in the middle of a change keeps the others out for so long at most."""

_PERSON = """
    INSERT INTO people (name, version, files, sources, dimensions, vectors, quality) VALUES (%s, %s, %s, %s, %s, %s, %s)
"""
_VECTOR = "INSERT INTO people_vectors (name, place, search) VALUES (%s, %s, %s)"
_CROP = "INSERT INTO people_crops (name, vector, png) VALUES (%s, %s, %s)"
_GONE = """
    INSERT INTO people_gone (digest, version) VALUES (%s, %s)
    ON CONFLICT (digest) DO UPDATE SET version = excluded.version
"""
_NEXT = "INSERT INTO gallery_changes (version, token, box, people) VALUES (%s, %s, %s, %s)"
_CHANGED = """
    SELECT name, files, sources, dimensions, vectors, quality FROM people WHERE version > %s ORDER BY version, name
"""


@dataclass(frozen=True, slots=True)
class SharedPerson:
    """A person with the `crops` that are kept of them, PNG, by `crop_key` of their vectors."""

    person: PersonVectors
    crops: Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class Head:
    """A shared gallery, by its `id`, at a `version`; `token` tells that from another history's."""

    id: str
    version: int
    token: str
    network: str
    network_name: str


@dataclass(frozen=True, slots=True)
class Changes:
    """What leads to `head`: whoever is new or another now, and the digests, with the database's `salt`, of the names of
    those who are `gone`.
    """

    head: Head
    people: tuple[SharedPerson, ...]
    gone: frozenset[str] = frozenset()
    salt: str = ""


Follow = Callable[[Head | None], None]
"""Has a file of the gallery's folder be as what was stored; by the shared gallery as it is then, if it is one."""

Prepare = Callable[["SharedChange | None"], Follow]
"""Looks, while every writer is kept out, whether a change is to be made, and prepares what else is changed with it."""


def alone(_change: "SharedChange | None") -> Follow:
    """No other file is changed with people."""
    return lambda _head: None


class AnotherHistoryError(ArtefactError):
    """The database does not know the change that a folder has come to: an older backup of it was restored."""


def name_digest(name: str, salt: str) -> str:
    """What is left of the name of somebody who is gone: nobody without the database finds it in a list of names."""
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()
    return hashlib.sha256(f"{salt} {digest}".encode()).hexdigest()


def _read_salt(connection: Connection) -> str:
    row = connection.execute("SELECT salt FROM erasing_salt").fetchone()
    return str(row[0]) if row else ""


def read_head(connection: Connection) -> Head | None:
    """The shared gallery of a database; None where there is none yet."""
    row = connection.execute(_HEAD).fetchone()
    return None if row is None else Head(*row)


def read_changes(connection: Connection, manifest: Manifest, *, everybody: bool = False) -> Changes:
    """What is to be done to a folder with this manifest; with `everybody` also to one that has nobody.

    In a transaction of its own or the caller's. Raises AnotherHistoryError, DatabaseError where the gallery is gone.
    """
    with connection.transaction():
        head = read_head(connection)
        if head is None or (manifest.shared and head.id != manifest.shared.id):
            raise DatabaseError(
                "the database has not the gallery that this box shares; name the one that has, or share this one again:"
                " `twinface gallery move --to postgres`"
            )
        if not everybody and manifest.shared:
            require_history(connection, manifest.version, manifest.shared.token, head)
        since = -1 if everybody or head.network != manifest.network else manifest.version
        rows = connection.execute(_CHANGED, [since]).fetchall()
        gone = connection.execute("SELECT digest FROM people_gone WHERE version > %s", [since]).fetchall()
        people = tuple(_to_person(connection, head, row) for row in rows)
        return Changes(head, people, frozenset(str(one) for (one,) in gone), _read_salt(connection))


def require_history(connection: Connection, version: int, token: str, head: Head) -> None:
    """Raise AnotherHistoryError where the change of this version that the database knows has not this token."""
    known = connection.execute("SELECT token FROM gallery_changes WHERE version = %s", [version]).fetchone()
    if known is None or known[0] != token:
        raise AnotherHistoryError(
            f"the database's gallery (version {head.version}) does not follow this box's ({version}): an older backup"
            " was restored; `twinface gallery move --to postgres --people here` has this box's people count,"
            " `--people there` the database's"
        )


def create(connection: Connection, network: str, network_name: str, version: int, box: str) -> Head:
    """Make a shared gallery without people, in the transaction of the caller, which may be somebody's only one."""
    head = Head(secrets.token_hex(16), version, secrets.token_hex(8), network, network_name)
    connection.execute(_NEXT, [version, head.token, box, 0])
    connection.execute(
        "INSERT INTO gallery (id, version, network, network_name) VALUES (%s, %s, %s, %s)",
        [head.id, version, network, network_name],
    )
    return head


@contextmanager
def changing(mark: SharedMark, folder: Path) -> Iterator["SharedChange"]:
    """A change of the gallery that the mark of a folder is of, which nobody else changes meanwhile; rolled back unless
    stored.

    Raises DatabaseError where the database cannot be reached: nothing has changed then, and that is counted.
    """
    try:
        with _changing(mark) as change:
            yield change
    except DatabaseError:
        count_refused(folder)
        raise


@contextmanager
def _changing(mark: SharedMark) -> Iterator["SharedChange"]:
    import psycopg

    from twinface.postgres.connecting import connect, errors_of

    with connect(mark.url, "twinface gallery") as connection, errors_of(mark.url):
        connection.execute("BEGIN")
        connection.execute(_NOT_FOR_EVER)
        try:
            # By itself: a query that waits for the lock sees other tables as they were before it waited.
            connection.execute("SELECT FROM gallery FOR UPDATE")
        except psycopg.errors.LockNotAvailable as error:
            raise DatabaseError("another box is changing the gallery; nothing was changed, try again") from error
        head = read_head(connection)
        if head is None or head.id != mark.id:
            raise DatabaseError("the database has not the gallery that this box shares; nothing was changed")
        yield SharedChange(connection, head, mark.box)


class SharedChange:
    """One change, from the lock of the gallery until `commit`."""

    def __init__(self, connection: Connection, head: Head, box: str) -> None:
        self.connection, self.head = connection, head
        self._version, self._box, self._people = head.version + 1, box, 0
        self._salt = _read_salt(connection)

    def put(self, one: SharedPerson) -> None:
        """Have a person be this."""
        person = one.person
        self._people += 1
        execute = self.connection.execute
        execute("DELETE FROM people WHERE name = %s", [person.name])
        execute("DELETE FROM people_gone WHERE digest = %s", [name_digest(person.name, self._salt)])
        execute(_PERSON, [person.name, self._version, *_to_columns(person)])
        with self.connection.cursor() as cursor:
            halves = ((person.name, place, as_halfvec(vector)) for place, vector in enumerate(person.vectors.tolist()))
            cursor.executemany(_VECTOR, halves)
            cursor.executemany(_CROP, ((person.name, key, png) for key, png in one.crops.items()))

    def remove(self, name: str) -> None:
        """Have nobody be called so."""
        self._people += 1
        self.connection.execute("DELETE FROM people WHERE name = %s", [name])
        self.connection.execute(_GONE, [name_digest(name, self._salt), self._version])

    def remove_everybody(self) -> None:
        """Remove everybody."""
        for (name,) in self.connection.execute("SELECT name FROM people").fetchall():
            self.remove(str(name))

    @property
    def version(self) -> int:
        """Of what this change stores."""
        return self._version

    def commit(self, network: str, network_name: str) -> Head:
        """Have it stored, under the next version; the gallery as it is then."""
        head = Head(self.head.id, self._version, secrets.token_hex(8), network, network_name)
        self.connection.execute(_NEXT, [head.version, head.token, self._box, self._people])
        self.connection.execute(
            "UPDATE gallery SET version = %s, network = %s, network_name = %s", [head.version, network, network_name]
        )
        self.connection.execute("SELECT pg_notify(%s, '')", [CHANNEL])
        self.connection.execute("COMMIT")
        self.head = head
        return head


def _to_columns(person: PersonVectors) -> tuple[object, ...]:
    vectors, quality = (np.ascontiguousarray(one, "<f4").tobytes() for one in (person.vectors, person.quality))
    return json.dumps(person.files), json.dumps(person.sources), person.vectors.shape[1], vectors, quality


def _to_person(connection: Connection, head: Head, row: tuple[Any, ...]) -> SharedPerson:
    name, files, sources, dimensions, vectors, quality = row
    person = PersonVectors(
        name,
        tuple(json.loads(files)),
        np.frombuffer(vectors, "<f4").reshape(-1, dimensions),
        np.frombuffer(quality, "<f4"),
        head.network,
        tuple(json.loads(sources)),
    )
    crops = connection.execute("SELECT vector, png FROM people_crops WHERE name = %s", [name]).fetchall()
    return SharedPerson(person, dict(crops))

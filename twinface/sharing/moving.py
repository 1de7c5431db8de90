"""A gallery moves into the database that boxes share, or out of it again; verified by count and checksum."""

import hashlib
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, replace
from enum import StrEnum

from twinface.corrections.corrections_file import drop_corrections, prepare_sharing
from twinface.errors import ArtefactError, InputError
from twinface.gallery.gallery import Gallery
from twinface.gallery.gallery_folder import Manifest, SharedMark
from twinface.gallery.person import PersonVectors
from twinface.gallery.shared_gallery import (
    Changes,
    Follow,
    Head,
    SharedChange,
    SharedPerson,
    create,
    name_digest,
    read_changes,
    read_head,
)
from twinface.networks.registry import find_recipe
from twinface.postgres.connecting import check_server, connect, errors_of
from twinface.postgres.migrations import migrate
from twinface.postgres.tables import Connection
from twinface.settings import Settings
from twinface.sharing.identity import own_identity


class Whose(StrEnum):
    """Whose people count where this box and the database have some."""

    HERE = "here"
    THERE = "there"


@dataclass(frozen=True, slots=True)
class Moved:
    """Now on both sides: so many `people` with so many `vectors`, of this `checksum` (SHA-256), at a `version`."""

    people: int
    vectors: int
    checksum: str
    version: int


@dataclass(frozen=True, slots=True)
class Sides:
    """How many people this box has, and the database: None where there is no gallery in it, or the same as here."""

    here: int
    there: int | None


def checksum(people: Iterable[PersonVectors]) -> str:
    """One value for everything that is known of everybody, whatever their order."""
    lines = sorted(f"{one.name} {one.version}" for one in people)
    return hashlib.sha256("\n".join(lines).encode("utf-8", "surrogatepass")).hexdigest()


def look_at_both(settings: Settings) -> Sides:
    """What a move would have to choose between. Raises as `move_to_database`."""
    gallery, mark = _open(settings), _open(settings).shared
    with closing(_connect(settings)) as connection, errors_of(settings.database.url):
        head = read_head(connection)
        same = head is not None and mark is not None and (head.id, head.token) == (mark.id, mark.token)
        row = connection.execute("SELECT count(*) FROM people").fetchone()
    return Sides(len(gallery.people), None if head is None or same else int(str(row[0])) if row else 0)


def move_to_database(settings: Settings, whose: Whose | None = None) -> Moved:
    """Have this box's gallery be that of the database, which has its people, or those that it had, afterwards.

    `whose` decides where both have some. Raises InputError where nobody decided, ArtefactError for a gallery that is
    damaged or arrived otherwise than it left, FingerprintError, DatabaseError; nothing has changed then.
    """
    gallery, box = _open(settings), own_identity(settings)
    gallery.require_sound()
    url = settings.database.url
    with closing(_connect(settings)) as connection, errors_of(url), gallery.sharing() as become_copy:
        connection.execute("BEGIN")
        connection.execute("LOCK TABLE gallery IN EXCLUSIVE MODE")
        head = read_head(connection)
        there = [] if head is None else _everybody(connection, head).people
        if head is not None and gallery.people and there and whose is None and not _is_same(gallery, head):
            raise InputError(
                f"both have people: {len(gallery.people)} here, {len(there)} in the database; --people here or"
                " --people there says whose count, the others' are removed"
            )
        if head is None or not there or (whose is Whose.HERE and gallery.people):
            changes, follow = _upload(connection, gallery, head, box.id)
        else:
            follow = _drop(gallery)
            gone = frozenset(map(name_digest, gallery.people))
            changes = replace(_everybody(connection, head), gone=gone)
            _require_network(gallery, head)
            connection.execute("ROLLBACK")
        become_copy(changes, SharedMark(changes.head.id, url, box.id, changes.head.token))
        follow(changes.head)
    return _moved(gallery)


def move_to_files(settings: Settings, *, unverified: bool = False) -> Moved:
    """Have this box's gallery be its own again, with everybody whom the database has, unless `unverified`.

    Raises InputError where it is, ArtefactError where it is not what the database has, DatabaseError.
    """
    gallery = Gallery.open(settings.gallery)
    if gallery.shared is None:
        raise InputError(f"{settings.gallery}: this gallery is this box's own already")
    if not unverified:
        with closing(_connect(settings)) as connection, errors_of(settings.database.url):
            gallery.catch_up(connection)
            head = read_head(connection)
            there = [] if head is None else [one.person for one in _everybody(connection, head).people]
            _require_same(there, gallery.people.values())
    gallery.be_copy_at(None)
    return _moved(gallery)


def _open(settings: Settings) -> Gallery:
    if not settings.database.url:
        raise InputError("no database is configured; set [database] url")
    recipe = find_recipe(settings.network)
    return Gallery.open(settings.gallery, network=recipe.fingerprint, network_name=recipe.name, create=True)


def _connect(settings: Settings) -> Connection:
    connection = connect(settings.database.url, "twinface gallery move")
    with errors_of(settings.database.url):
        check_server(connection)
        migrate(connection)
    return connection


def _drop(gallery: Gallery) -> Follow:
    """This box's corrections go with its people: those of all boxes are there at its next turn."""
    return lambda _head: drop_corrections(gallery.folder)


def _upload(connection: Connection, gallery: Gallery, head: Head | None, box: str) -> tuple[Changes, Follow]:
    if head is None:
        head = create(connection, gallery.network, gallery.network_name, gallery.version, box)
    # Numbers go on after the higher one, so that no box takes an earlier change for a later one.
    change = SharedChange(connection, replace(head, version=max(head.version, gallery.version)), box)
    change.remove_everybody()
    for person in gallery.people.values():
        change.put(SharedPerson(person, gallery.crops(person.name)))
    sent = replace(head, network=gallery.network)
    _require_same([one.person for one in _everybody(connection, sent).people], gallery.people.values())
    follow = prepare_sharing(gallery.folder, change, box)
    return Changes(change.commit(gallery.network, gallery.network_name), (), frozenset()), follow


def _everybody(connection: Connection, head: Head) -> Changes:
    return read_changes(connection, Manifest(0, head.network, head.network_name), everybody=True)


def _is_same(gallery: Gallery, head: Head) -> bool:
    return gallery.shared is not None and (gallery.shared.id, gallery.shared.token) == (head.id, head.token)


def _require_network(gallery: Gallery, head: Head) -> None:
    if head.network != gallery.network:
        raise ArtefactError(
            f"the database's gallery is of the network {head.network_name or '?'} ({head.network[:12]}), this box of"
            f" {gallery.network_name or '?'} ({gallery.network[:12]}); set `network` to the same one everywhere"
        )


def _require_same(there: Iterable[PersonVectors], here: Iterable[PersonVectors]) -> None:
    there, here = list(there), list(here)
    if len(there) != len(here) or checksum(there) != checksum(here):
        raise ArtefactError(
            f"{len(there)} people in the database and {len(here)} here are not the same; nothing was changed, try again"
        )


def _moved(gallery: Gallery) -> Moved:
    people = gallery.people.values()
    vectors = sum(len(one.files) for one in people)
    return Moved(len(people), vectors, checksum(people), gallery.version)

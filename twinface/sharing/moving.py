"""A gallery moves into the database that boxes share, or out of it again; verified by count and checksum."""

import hashlib
from collections.abc import Callable, Collection, Iterable
from contextlib import closing
from dataclasses import dataclass, replace
from enum import StrEnum

from twinface.corrections.corrections_file import catch_up_corrections, drop_corrections, prepare_sharing
from twinface.errors import ArtefactError, InputError
from twinface.gallery.gallery import Gallery
from twinface.gallery.gallery_folder import MANIFEST_FILE, read_manifest
from twinface.gallery.manifest import Manifest, SharedMark
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
from twinface.matching.head_folder import head_place, holds_head
from twinface.networks.registry import find_recipe
from twinface.postgres.connecting import check_server, connect, errors_of
from twinface.postgres.migrations import migrate
from twinface.postgres.tables import Connection
from twinface.settings import Settings
from twinface.sharing.identity import own_identity
from twinface.sharing.shared_heads import put_head, read_head_files
from twinface.signals import stop_on_signal


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


_NOBODY_HERE = "nobody is known here, so nobody's people could count; --people there takes the database's"

Store = Callable[[], tuple[Changes, Follow]]
"""Stores what is prepared; what this box has to do then."""


def checksum(people: Iterable[PersonVectors]) -> str:
    """One value for everything that is known of everybody, whatever their order."""
    lines = sorted(f"{one.name} {one.version}" for one in people)
    return hashlib.sha256("\n".join(lines).encode("utf-8", "surrogatepass")).hexdigest()


def look_at_both(settings: Settings) -> Sides:
    """What a move would have to choose between; nothing is made here. Raises as `move_to_database`."""
    with closing(_connect(settings)) as connection, errors_of(settings.database.url):
        head = read_head(connection)
        row = connection.execute("SELECT count(*) FROM people").fetchone()
    gallery = _open(settings) if (settings.gallery / MANIFEST_FILE).exists() else None
    same = gallery is not None and head is not None and _is_same(gallery, head)
    return Sides(
        len(gallery.people) if gallery else 0, None if head is None or same else int(str(row[0])) if row else 0
    )


def move_to_database(settings: Settings, whose: Whose | None = None) -> Moved:
    """Have this box's gallery be that of the database, which has its people, or those that it had, afterwards.

    `whose` decides where both have some. Ctrl-C before it is stored changes nothing, and after that is heard when the
    box has followed. For the main thread. Raises InputError where nobody decided, or nobody is known on the side that
    is to count; ArtefactError for a gallery that is damaged or arrived otherwise than it left, FingerprintError,
    DatabaseError, KeyboardInterrupt; nothing has changed then.
    """
    url = settings.database.url
    with closing(_connect(settings)) as connection, errors_of(url):
        _require_network(settings, None if whose is Whose.HERE else read_head(connection))
        if whose is Whose.HERE and not (settings.gallery / MANIFEST_FILE).exists():
            raise InputError(_NOBODY_HERE)
        gallery, box = _open(settings, create=True), own_identity(settings)
        gallery.require_sound()
        with gallery.sharing() as become_copy:
            connection.execute("BEGIN")
            connection.execute("SET LOCAL lock_timeout = '5s'")
            connection.execute("LOCK TABLE gallery IN EXCLUSIVE MODE")
            head = read_head(connection)
            there = None if head is None else _everybody(connection, head)
            comes_here = _decide(gallery, head, there.people if there else (), whose)
            if there is not None and comes_here:
                connection.execute("ROLLBACK")
                store = _take_everybody(gallery, there)
            else:
                store = _upload(connection, gallery, head, box.id)
            with stop_on_signal() as is_stopped:
                changes, follow = store()
                become_copy(changes, SharedMark(changes.head.id, url, box.id, changes.head.token))
                follow(changes.head)
        _stop_if(is_stopped())
    return _moved(gallery)


def move_to_files(settings: Settings, *, unverified: bool = False) -> Moved:
    """Have this box's gallery be its own again, with everybody whom the database has, unless `unverified`.

    Raises InputError where it is, ArtefactError where it is not what the database has, DatabaseError, and
    KeyboardInterrupt as `move_to_database`.
    """
    gallery = Gallery.open(settings.gallery)
    if gallery.shared is None:
        raise InputError(f"{settings.gallery}: this gallery is this box's own already")
    if not unverified:
        with closing(_connect(settings)) as connection, errors_of(settings.database.url):
            gallery.catch_up(connection)
            catch_up_corrections(gallery.folder, connection)
            head = read_head(connection)
            there = [] if head is None else [one.person for one in _everybody(connection, head).people]
            _require_same(there, gallery.people.values())
    with stop_on_signal() as is_stopped:
        gallery.be_copy_at(None)
    _stop_if(is_stopped())
    return _moved(gallery)


def where_it_is(settings: Settings) -> str:
    """What somebody is told who stopped a move, and how they go on."""
    is_there = (settings.gallery / MANIFEST_FILE).exists() and read_manifest(settings.gallery).shared is not None
    if is_there:
        return "stopped: the gallery is shared by the database; `twinface gallery move --to files` ends that"
    return "stopped: the gallery is this box's own; `twinface gallery move --to postgres` shares it"


def _stop_if(is_stopped: bool) -> None:
    if is_stopped:
        raise KeyboardInterrupt


def _decide(gallery: Gallery, head: Head | None, there: Collection[SharedPerson], whose: Whose | None) -> bool:
    """Whether the database's people come here, and not this box's there. Raises InputError."""
    here = gallery.people
    if whose is Whose.HERE and not here:
        raise InputError(_NOBODY_HERE)
    if whose is Whose.THERE and not there:
        raise InputError("nobody is in the database, so nobody's people could count; leave --people out")
    if head is not None and here and there and whose is None and not _is_same(gallery, head):
        raise InputError(
            f"both have people: {len(here)} here, {len(there)} in the database; --people here or"
            " --people there says whose count, the others' are removed"
        )
    return bool(there) and whose is not Whose.HERE


def _open(settings: Settings, *, create: bool = False) -> Gallery:
    recipe = find_recipe(settings.network)
    return Gallery.open(settings.gallery, network=recipe.fingerprint, network_name=recipe.name, create=create)


def _connect(settings: Settings) -> Connection:
    if not settings.database.url:
        raise InputError("no database is configured; set [database] url")
    connection = connect(settings.database.url, "twinface gallery move")
    with errors_of(settings.database.url):
        check_server(connection)
        migrate(connection)
    return connection


def _take_everybody(gallery: Gallery, there: Changes) -> Store:
    """Have the database's people take the place of this box's, and what was said of them too, at the next turn."""
    gone = frozenset(name_digest(name, there.salt) for name in gallery.people)
    return lambda: (replace(there, gone=gone), lambda _head: drop_corrections(gallery.folder))


def _upload(connection: Connection, gallery: Gallery, head: Head | None, box: str) -> Store:
    """Have the database have a box's people, and nobody else."""
    if head is None:
        head = create(connection, gallery.network, gallery.network_name, gallery.version, box)
    # Numbers go on after the higher one, so that no box takes an earlier change for a later one.
    change = SharedChange(connection, replace(head, version=max(head.version, gallery.version)), box)
    change.remove_everybody()
    for person in gallery.people.values():
        change.put(SharedPerson(person, gallery.crops(person.name)))
    sent = replace(head, network=gallery.network)
    _require_same([one.person for one in _everybody(connection, sent).people], gallery.people.values())
    place = head_place(None, gallery.folder, gallery.network)
    if holds_head(place):
        put_head(change, gallery.network, read_head_files(place), box)
    follow = prepare_sharing(gallery.folder, change, box)
    return lambda: (Changes(change.commit(gallery.network, gallery.network_name), ()), follow)


def _everybody(connection: Connection, head: Head) -> Changes:
    return read_changes(connection, Manifest(0, head.network, head.network_name), everybody=True)


def _is_same(gallery: Gallery, head: Head) -> bool:
    return gallery.shared is not None and (gallery.shared.id, gallery.shared.token) == (head.id, head.token)


def _require_network(settings: Settings, head: Head | None) -> None:
    recipe = find_recipe(settings.network)
    if head is not None and head.network != recipe.fingerprint:
        raise ArtefactError(
            f"the database's gallery is of the network {head.network_name or '?'} ({head.network[:12]}), this box of"
            f" {recipe.name} ({recipe.fingerprint[:12]}); set `network` to the same one everywhere"
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

"""The file of corrections: whole or not there, one writer at a time, under the lock of the gallery it lies in.

Where several boxes share the gallery they share these, too: a change is in the database first, then in this file.
"""

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path

from twinface.corrections.correction import Correction, Difference, difference, take_back
from twinface.corrections.packed_corrections import pack_correction, unpack_correction
from twinface.corrections.shared_corrections import Followed, come_to, in_order, put, remove_all
from twinface.errors import ArtefactError
from twinface.events.event import NameSpan
from twinface.gallery.gallery_folder import MANIFEST_FILE, read_manifest, writers_lock
from twinface.gallery.keys import box_key
from twinface.gallery.manifest import SharedMark
from twinface.gallery.names import checked_name
from twinface.gallery.shared_gallery import Follow, Head, SharedChange, changing, read_head, require_history
from twinface.gallery.signing import check_format, unseal, write_sealed
from twinface.postgres.tables import Connection

CORRECTIONS_FILE = "corrections.pkl"

MOST_CORRECTIONS = 2000
"""Kept, the newest; of the 128 numbers that SFace gives a megabyte."""

_FORMAT = 1

Become = Callable[[Sequence[Correction]], Sequence[Correction]]
"""What corrections are to be, by what they are."""


def read_corrections(gallery: Path) -> tuple[Correction, ...]:
    """All corrections in a gallery's folder, oldest first; none where there is no file.

    Takes no lock. Raises SignatureError before anything is parsed when the signature does not fit, else ArtefactError.
    """
    return _read(gallery)[0]


def add_corrections(gallery: Path, corrections: Sequence[Correction]) -> None:
    """Remember corrections besides those before. The latest word on a name and a vector takes the place of the others.

    Raises ArtefactError (no gallery there, another writer that does not end, a full disk), and where it is shared
    DatabaseError; nothing has changed then.
    """
    said = {one.subject for one in corrections}
    _change(gallery, lambda before: [*(one for one in before if one.subject not in said), *corrections])


def forget_corrections(gallery: Path, names: Sequence[NameSpan]) -> int:
    """Erase what was said of a person; returns how many corrections. Raises as `add_corrections`."""
    return _change_some(gallery, lambda one: is_of(one, names), lambda _one: ())


def is_of(correction: Correction, names: Sequence[NameSpan]) -> bool:
    """Whether a correction is of the person of these names."""
    return any(one.covers(correction.name, correction.at_ns) for one in names)


def rename_corrections(gallery: Path, old: str, new: str) -> int:
    """Have a person's corrections be of another name; returns how many. Raises as `add_corrections`."""
    new = checked_name(new)
    return _change_some(gallery, lambda one: one.name == old, lambda one: (dataclasses.replace(one, name=new),))


def take_back_corrections(gallery: Path, change: Difference) -> None:
    """Have corrections be as before a change. Raises InputError as `take_back` does, else as `add_corrections`."""
    _change(gallery, lambda now: take_back(now, change))


def prepare_change(gallery: Path, become: Become, change: SharedChange | None) -> tuple[Follow, bool]:
    """Prepare a change for who holds the lock of the folder, as part of a `change` of the shared gallery if it is one.

    Returns what has the file follow once that is stored, and whether there is anything to be stored. Raises as `become`
    does, and as `add_corrections`; nothing has changed then.
    """
    now, at = _read(gallery)
    mark = _mark(gallery)
    if change is None or mark is None:
        after = become(now)
        differs = list(after) != list(now)
        return (lambda _head: _write(gallery, after) if differs else None), differs
    since = _since(at, change.head, change.connection)
    known = come_to(now, since, change.connection, mark.box)
    then = in_order(become(known.together), mark.box)[-MOST_CORRECTIONS:]
    return _following(gallery, then), put(change.connection, change.version, known.everywhere, then, mark.box)


def prepare_sharing(gallery: Path, change: SharedChange, box: str) -> Follow:
    """Have what this box has said be all that is said at all boxes, as part of a change, for who holds the lock."""
    then = in_order(read_corrections(gallery), box)
    remove_all(change.connection, change.version)
    put(change.connection, change.version, [], then, box)
    return _following(gallery, then)


def catch_up_corrections(gallery: Path, connection: "Connection | None" = None) -> None:
    """Take over what was said at other boxes that share the gallery, and share what this one said before it did.

    By a `connection`, else by one of its own. Raises as `add_corrections`, and psycopg.Error.
    """
    mark = _mark(gallery)
    if mark is None:
        return
    now, at = _read(gallery)
    if connection is None or (at is None and now):
        _change(gallery, lambda there: there)
        return
    with writers_lock(gallery), connection.transaction():
        now, at = _read(gallery)
        head = read_head(connection)
        if head is None or head.id != mark.id:
            return
        then = come_to(now, _since(at, head, connection), connection, mark.box).everywhere
        done = difference(now, then)
        if done.removed or done.added:
            _write(gallery, then, Followed(head.id, head.version, head.token))


def drop_corrections(gallery: Path) -> None:
    """Erase this box's file: the people whom it is of are replaced by those of the database. For who holds the lock."""
    (gallery / CORRECTIONS_FILE).unlink(missing_ok=True)


def _change(gallery: Path, become: Become) -> None:
    with writers_lock(gallery):
        mark = _mark(gallery)
        if mark is None:
            prepare_change(gallery, become, None)[0](None)
            return
        with changing(mark, gallery) as change:
            follow, differs = prepare_change(gallery, become, change)
            follow(change.commit(change.head.network, change.head.network_name) if differs else change.head)


def _change_some(
    gallery: Path, concerns: Callable[[Correction], bool], become: Callable[[Correction], tuple[Correction, ...]]
) -> int:
    if not (gallery / CORRECTIONS_FILE).exists() and _mark(gallery) is None:
        return 0
    count = 0

    def change(before: Sequence[Correction]) -> list[Correction]:
        nonlocal count
        count = sum(map(concerns, before))
        return [after for one in before for after in (become(one) if concerns(one) else (one,))]

    _change(gallery, change)
    return count


def _since(at: Followed | None, head: Head, connection: Connection) -> int | None:
    """The version of what a box has; None of what it has not shared with this gallery. Raises AnotherHistoryError."""
    if at is None or at.id != head.id:
        return None
    require_history(connection, at.version, at.token, head)
    return at.version


def _following(gallery: Path, then: Sequence[Correction]) -> Follow:
    def follow(head: Head | None) -> None:
        if head is not None:
            _write(gallery, then, Followed(head.id, head.version, head.token))

    return follow


def _mark(gallery: Path) -> SharedMark | None:
    """Whose copy the gallery is; None where it is this box's own."""
    return read_manifest(gallery).shared if (gallery / MANIFEST_FILE).exists() else None


def _read(gallery: Path) -> tuple[tuple[Correction, ...], Followed | None]:
    """The corrections, and which change of a shared gallery they have come to."""
    path = gallery / CORRECTIONS_FILE
    if not path.exists():
        return (), None
    value = unseal(path, box_key())
    check_format(path, value, _FORMAT, "corrections")
    entries, at = value.get("corrections"), value.get("shared")
    if not isinstance(entries, list) or len(entries) > MOST_CORRECTIONS:
        raise ArtefactError(f"{path}: not a list of corrections; delete it")
    try:
        corrections = tuple(map(unpack_correction, entries))
        followed = None if at is None else Followed(**at)
    except (TypeError, ValueError, ArtefactError) as error:
        raise ArtefactError(f"{path}: not a list of corrections ({error}); delete it") from error
    lengths = {one.network: len(one.vector) for one in corrections}
    if any(len(one.vector) != lengths[one.network] for one in corrections):
        raise ArtefactError(f"{path}: vectors of one network that differ in length; delete it")
    return corrections, followed


def _write(gallery: Path, corrections: Sequence[Correction], at: Followed | None = None) -> None:
    entries = [pack_correction(one) for one in corrections[-MOST_CORRECTIONS:]]
    shared = {} if at is None else {"shared": dataclasses.asdict(at)}
    value = {"format": _FORMAT, "corrections": entries, **shared} if entries or shared else None
    write_sealed(gallery / CORRECTIONS_FILE, value, box_key(), sweep=True)

"""The head that boxes with one gallery share, with its thresholds: the one of all boxes is in the database.

Only the head in the gallery's folder is shared, which retraining, a rollback and `calibrate` put there. Who publishes
one puts it into the database first, where it takes the place of the one that this box has, and of no other.
"""

import hashlib
import io
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from twinface.errors import ArtefactError
from twinface.files import only_writer
from twinface.gallery.gallery_folder import MANIFEST_FILE, read_manifest
from twinface.gallery.manifest import SharedMark
from twinface.gallery.shared_gallery import SharedChange, changing
from twinface.matching.head_folder import head_place
from twinface.matching.open_head import load_head
from twinface.networks.registry import find_recipe
from twinface.postgres.tables import Connection
from twinface.publishing import draft_of, put_in_place
from twinface.settings import Settings

_SUFFIXES = {".json", ".npz"}
"""Numbers, and what they are; a model to train further stays on its box, and so does what could run code."""

_MOST_BYTES = 256 << 20
_PUT = """
    INSERT INTO heads (network, version, digest, box, files) VALUES (%s, %s, %s, %s, %s)
    ON CONFLICT (network) DO UPDATE
    SET version = excluded.version, digest = excluded.digest, box = excluded.box, files = excluded.files
"""

HeadFiles = Mapping[str, bytes]
"""What is in a head's folder, by path."""


def shared_place(settings: Settings) -> Path | None:
    """Where a box has the head of all boxes; None where it shares none, or has a configured one."""
    folder = settings.gallery
    if settings.head is not None or not (folder / MANIFEST_FILE).exists():
        return None
    return head_place(None, folder, find_recipe(settings.network).fingerprint) if _mark(folder) else None


def read_head_files(folder: Path) -> dict[str, bytes]:
    """What is shared of a head's folder; nothing where there is none. Raises ArtefactError."""
    try:
        found = [path for path in sorted(folder.rglob("*")) if path.suffix in _SUFFIXES and path.is_file()]
        return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}
    except OSError as error:
        raise ArtefactError(f"{folder}: cannot be read ({error.strerror}); check its rights") from error


def share_head(settings: Settings, place: Path, new: HeadFiles) -> None:
    """Have the head `new` be that of all boxes, before it is put in its place; nothing is done where none is shared.

    Raises ArtefactError where another box has published one since, DatabaseError; nothing has changed then.
    """
    mark = _mark(settings.gallery)
    if mark is None or place != shared_place(settings):
        return
    network, before = find_recipe(settings.network).fingerprint, digest_of(read_head_files(place))
    with changing(mark, settings.gallery) as change:
        there = read_digest(change.connection, network)
        if there not in {None, before}:
            raise ArtefactError("another box has published a head meanwhile; nothing was changed, try again")
        put_head(change, network, new, mark.box)
        change.commit(change.head.network, change.head.network_name)


def put_head(change: SharedChange, network: str, files: HeadFiles, box: str) -> None:
    """Have a head of a network be that of all boxes, as part of a change. Raises psycopg.Error."""
    change.connection.execute(_PUT, [network, change.version, digest_of(files), box, _pack(files)])


def read_digest(connection: Connection, network: str) -> str | None:
    """What tells the head of all boxes for a network from others; None where there is none."""
    row = connection.execute("SELECT digest FROM heads WHERE network = %s", [network]).fetchone()
    return None if row is None else str(row[0])


def take_head(connection: Connection, network: str, place: Path) -> None:
    """Put the head of all boxes in its place, verified. Raises ArtefactError where it is not what it says to be."""
    row = connection.execute("SELECT digest, files FROM heads WHERE network = %s", [network]).fetchone()
    if row is None:
        return
    files = _unpack(row[1])
    if digest_of(files) != row[0]:
        raise ArtefactError("the head of all boxes is damaged: its SHA-256 does not fit; retrain on any box")
    with draft_of(place) as draft:
        for name, content in files.items():
            path = draft / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        load_head(draft, network)
        with only_writer(place):
            # Who published it here puts it in its place by itself, with the model to train further.
            if digest_of(read_head_files(place)) != row[0]:
                put_in_place(draft, place)


def digest_of(files: HeadFiles) -> str:
    """One value for names and bytes of a head's files."""
    lines = (f"{name} {hashlib.sha256(content).hexdigest()}\n" for name, content in sorted(files.items()))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _mark(gallery: Path) -> SharedMark | None:
    return read_manifest(gallery).shared if (gallery / MANIFEST_FILE).exists() else None


def _pack(files: HeadFiles) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in sorted(files.items()):
            archive.writestr(name, content)
    return packed.getvalue()


def _unpack(content: bytes) -> dict[str, bytes]:
    """Raises ArtefactError for what no box has packed."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = archive.infolist()
            names = [PurePosixPath(one.filename) for one in parts]
            if sum(one.file_size for one in parts) > _MOST_BYTES or not all(map(_is_plain, names)):
                raise ArtefactError("the head of all boxes has files that no head has; retrain on any box")
            return {one.filename: archive.read(one) for one in parts}
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise ArtefactError("the head of all boxes is damaged; retrain on any box") from error


def _is_plain(name: PurePosixPath) -> bool:
    return not name.is_absolute() and ".." not in name.parts and name.suffix in _SUFFIXES

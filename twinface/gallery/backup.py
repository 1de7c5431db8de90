"""A gallery as one signed file, and brought back from it, on this box or another.

    magic (8) │ format (4) │ header length (4) │ header │ people │ SHA-256 (32) of all before │ HMAC-SHA256 (32) of that

The header is JSON: what `Contents` says. A person is: length (4) of a JSON object │ that object │ vectors │ quality │
crops; numbers are float32, all is little-endian. Nothing is pickled, because a box that did not sign the file cannot
check the HMAC: there the SHA-256 finds damage, and people have to say that it comes from where they think. Why, and
what that is worth: docs/decisions/gallery-backup.md
"""

import hashlib
import hmac
import json
import os
import struct
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from platform import node
from typing import Any, BinaryIO

import numpy as np

from twinface.errors import ArtefactError, InputError, SignatureError
from twinface.files import LONE_SURROGATES, MAX_JSON_BYTES, parse_json, shown, stream_atomically
from twinface.gallery.gallery import Gallery
from twinface.gallery.gallery_folder import MANIFEST_FILE, require_gallery
from twinface.gallery.keys import box_key, key_fingerprint
from twinface.gallery.manifest import PEOPLE_FOLDER
from twinface.gallery.names import is_readable_name
from twinface.gallery.person import PHOTOS, PersonVectors
from twinface.gallery.person_files import crop_key
from twinface.gallery.signing import MAX_BYTES
from twinface.outputs import is_within
from twinface.text import plural

FORMAT = 2
_FORMAT_WITHOUT_SOURCES = 1
_MAGIC = b"TWINBACK"
_PREFIX = struct.Struct("<8sII")
_LENGTH = struct.Struct("<I")
_TRAILER_BYTES = 64
_PIECE_BYTES = 1 << 20
_MEND = "take another copy of the backup"


@dataclass(frozen=True, slots=True)
class Contents:
    """What a backup says of itself: when (UTC, ISO 8601) and on which host it was made, how much is in it, of which
    network; `key` is the fingerprint of the key that signed it.
    """

    made_at: str
    host: str
    people: int
    vectors: int
    crops: int
    network: str
    network_name: str
    key: str


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup that is whole; `signed_here`: this box signed it; `sha256` is that of the whole file, in hex."""

    path: Path
    contents: Contents
    sha256: str
    signed_here: bool


def write_backup(
    gallery: Gallery, path: Path, advance: Callable[[], None] = lambda: None, *, force: bool = False
) -> Backup:
    """Write everybody and their crops to one file, whole or not at all, readable by its owner only.

    With `force` an older backup of this name is replaced. `advance` is called after each person; writers wait
    meanwhile. Raises ArtefactError when somebody's file is damaged, when something has this name already, or it cannot
    be written; the file is then as it was.
    """
    _refuse_existing(path, force=force)
    key = box_key()

    def write(file: BinaryIO) -> None:
        digest = hashlib.sha256()
        for piece in _pieces_of(gallery, key, advance):
            file.write(piece)
            digest.update(piece)
        file.write(digest.digest() + _sign(digest.digest(), key))
        _refuse_existing(path, force=force)

    with gallery.unchanging():
        for error in gallery.verify().values():
            raise error
        try:
            stream_atomically(path, write)
        except OSError as error:
            raise ArtefactError(f"{path}: cannot be written ({error.strerror}); no backup was made") from error
    return read_backup(path)


def read_backup(path: Path) -> Backup:
    """Check that a backup is whole, and signed by this box's key where it says that it is.

    Raises ArtefactError (missing, no backup, cut short, damaged, another format) or SignatureError.
    """
    key = box_key()
    try:
        with path.open("rb") as file:
            contents = _read_header(path, file)
            file.seek(0)
            body, trailer, whole = _digest(file)
    except OSError as error:
        raise ArtefactError(f"{path}: cannot be read ({error.strerror})") from error
    if trailer[:32] != body:
        raise ArtefactError(f"{path}: damaged or cut short; {_MEND}")
    signed_here = contents.key == key_fingerprint(key)
    if signed_here and not hmac.compare_digest(trailer[32:], _sign(body, key)):
        raise SignatureError(f"{path}: changed after it was made, the signature does not fit; {_MEND}")
    return Backup(path, contents, whole, signed_here)


def restore_backup(gallery: Gallery, backup: Backup, advance: Callable[[], None] = lambda: None) -> None:
    """Replace everybody in a gallery by whom a backup holds, signed with this box's key; all of them, or nobody.

    `advance` is called after each. Raises ArtefactError when the backup holds something that is no gallery, was changed
    since it was read, or the gallery cannot be written (full disk); the gallery is then as it was.
    """
    contents = backup.contents
    with gallery.replacing(contents.network, contents.network_name) as put:
        try:
            with backup.path.open("rb") as file:
                _read_header(backup.path, file)
                names = set()
                for _ in range(contents.people):
                    person, crops = _read_person(file, contents.network)
                    if person.name in names:
                        raise ValueError(f"{person.name} twice")
                    names.add(person.name)
                    put(person, crops)
                    advance()
                if _left(file):
                    raise ValueError("more people than it says")
                file.seek(0)
                if _digest(file)[2] != backup.sha256:
                    raise ValueError("changed while it was read")
        except (OSError, ValueError, KeyError, TypeError, MemoryError, struct.error) as error:
            raise ArtefactError(f"{backup.path}: no sound backup ({error}); the gallery is as it was") from error


def _pieces_of(gallery: Gallery, key: bytes, advance: Callable[[], None]) -> Iterator[bytes]:
    """The bytes of a backup but for its trailer."""
    people = gallery.people.values()
    crops = {person.name: len(gallery.crops(person.name)) for person in people}
    contents = Contents(
        made_at=datetime.now(UTC).isoformat(timespec="seconds"),
        host=node(),
        people=len(people),
        vectors=sum(len(person.files) for person in people),
        crops=sum(crops.values()),
        network=gallery.network,
        network_name=gallery.network_name,
        key=key_fingerprint(key),
    )
    header = _json(asdict(contents))
    yield _PREFIX.pack(_MAGIC, FORMAT, len(header)) + header
    for person in people:
        kept = gallery.crops(person.name)
        found = [kept.get(crop_key(vector), b"") for vector in person.vectors]
        about = {
            "name": person.name,
            "files": person.files,
            "sources": person.sources,
            "shape": person.vectors.shape,
            "crops": [*map(len, found)],
        }
        yield _LENGTH.pack(len(_json(about))) + _json(about)
        yield from (person.vectors.astype("<f4").tobytes(), person.quality.astype("<f4").tobytes(), *found)
        advance()


def _read_header(path: Path, file: BinaryIO) -> Contents:
    """The header; the file is then at the first person."""
    prefix = file.read(_PREFIX.size)
    if not prefix.startswith(_MAGIC):
        raise ArtefactError(f"{path}: no backup of a gallery; name a file that `twinface gallery backup` made")
    try:
        _, version, length = _PREFIX.unpack(prefix)
        if version not in {FORMAT, _FORMAT_WITHOUT_SOURCES}:
            raise ArtefactError(f"{path}: a backup of format {version}, this twinface reads {FORMAT}; update twinface")
        contents = Contents(**parse_json(_read(file, length, MAX_JSON_BYTES)))
    except (ValueError, TypeError, struct.error) as error:
        raise ArtefactError(f"{path}: damaged or cut short; {_MEND}") from error
    texts = (contents.made_at, contents.host, contents.network, contents.network_name, contents.key)
    counts = (contents.people, contents.vectors, contents.crops)
    shown = all(isinstance(text, str) and text.isprintable() for text in texts)
    if not shown or any(type(count) is not int for count in counts):
        raise ArtefactError(f"{path}: damaged; {_MEND}")
    return contents


def _read_person(file: BinaryIO, network: str) -> tuple[PersonVectors, dict[str, bytes]]:
    """The next person and their crops. Raises ValueError, KeyError, TypeError or struct.error where there is none."""
    (length,) = _LENGTH.unpack(_read(file, _LENGTH.size))
    about: dict[str, Any] = parse_json(_read(file, length, MAX_JSON_BYTES))
    (count, dimension), name = about["shape"], about["name"]
    if not isinstance(name, str) or not is_readable_name(name):
        raise ValueError(f"{shown(name)} is no name")
    vectors = np.frombuffer(_read(file, 4 * count * dimension), "<f4").reshape(count, dimension)
    quality = np.frombuffer(_read(file, 4 * count), "<f4")
    crops = [_read(file, length) for length in about["crops"]]
    sources = about.get("sources", [PHOTOS] * count)
    person = PersonVectors(name, tuple(map(str, about["files"])), vectors, quality, network, tuple(map(str, sources)))
    keys = map(crop_key, vectors)
    return person, {key: crop for key, crop in zip(keys, crops, strict=True) if crop}


def _read(file: BinaryIO, count: int, most: int = MAX_BYTES) -> bytes:
    """So many of the bytes before the trailer.

    Raises ValueError, before any memory is taken, where there are less or it is more than anybody's picture, vectors
    or description have.
    """
    if type(count) is not int or not 0 <= count <= _left(file):
        raise ValueError("cut short")
    if count > most:
        raise ValueError(f"{count:,} bytes in one piece, at most {most:,} are read")
    return file.read(count)


def _left(file: BinaryIO) -> int:
    return os.fstat(file.fileno()).st_size - _TRAILER_BYTES - file.tell()


def _digest(file: BinaryIO) -> tuple[bytes, bytes, str]:
    """From the start of a file: SHA-256 of all but the trailer, the trailer, and SHA-256 of the whole in hex."""
    digest = hashlib.sha256()
    while (left := _left(file)) > 0:
        digest.update(file.read(min(left, _PIECE_BYTES)))
    body, trailer = digest.digest(), file.read(_TRAILER_BYTES)
    digest.update(trailer)
    return body, trailer, digest.hexdigest()


def _sign(digest: bytes, key: bytes) -> bytes:
    return hmac.digest(key, _MAGIC + digest, "sha256")


def _refuse_existing(path: Path, *, force: bool) -> None:
    """Raises ArtefactError, saying what is there, unless nothing is, or a backup that `force` gives up."""
    if not path.exists() and not path.is_symlink():
        return
    if not path.is_file() or not _is_backup(path):
        raise ArtefactError(f"{path}: something else is there, no backup; name another file")
    if force:
        return
    try:
        with path.open("rb") as file:
            contents = _read_header(path, file)
        what = f"a backup of {contents.made_at}, of {plural(contents.people, 'person')}"
    except (ArtefactError, OSError):
        what = "a damaged backup"
    raise ArtefactError(f"{path}: {what}, is there; name another file, or replace it with --force")


def _is_backup(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(len(_MAGIC)) == _MAGIC
    except OSError as error:
        raise ArtefactError(f"{path}: cannot be read ({error.strerror}); name another file") from error


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode("utf-8", LONE_SURROGATES)


def read_for_restoring(path: Path, folder: Path, *, replace: bool = False) -> Backup:
    """The backup, where the gallery in `folder` may be replaced by it: nobody is there, or with `replace` anyway.

    Raises InputError where somebody is there, or the backup lies among the people that it would replace, ArtefactError
    for a folder of features, and as `read_backup`.
    """
    require_gallery(folder)
    if any(is_within(path, one) for one in folder.glob(f"{PEOPLE_FOLDER}*")):
        raise InputError(f"{path}: among the people that it would replace; move it out of {folder} first")
    found = read_backup(path)
    there = _open_there(folder)
    if there and (there.people or there.damaged) and not replace:
        raise InputError(
            f"{folder}: {plural(len(there.people), 'person')} there already; use --replace to give up who is there for"
            f" those of {path}, or name another folder with --gallery"
        )
    return found


def restore_into(folder: Path, backup: Backup, advance: Callable[[], None] = lambda: None) -> Gallery:
    """Replace everybody in the gallery in `folder`, which is made if need be, as `restore_backup` does; returns it."""
    contents = backup.contents
    gallery = _open_there(folder) or Gallery.open(
        folder, network=contents.network, network_name=contents.network_name, create=True
    )
    restore_backup(gallery, backup, advance)
    return gallery


def _open_there(folder: Path) -> Gallery | None:
    return Gallery.open(folder) if (folder / MANIFEST_FILE).exists() else None

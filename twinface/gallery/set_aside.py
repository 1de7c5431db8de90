"""Copies of a person's pictures that `gallery add --set-aside` made, remembered so that they can be forgotten.

One signed file a person, set-aside/<slug>.pkl in the gallery: which picture was copied where, and what it looked like.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import astuple, dataclass
from pathlib import Path

from twinface.errors import ArtefactError
from twinface.gallery.person import person_path
from twinface.gallery.signing import check_format, unseal, write_sealed

SET_ASIDE_FOLDER = "set-aside"
_FORMAT = 1


@dataclass(frozen=True, slots=True)
class SetAside:
    """A `picture`, as it was named, that was copied to `copy`, an absolute path, with this `sha256` in hex."""

    picture: str
    copy: str
    sha256: str

    @property
    def is_there(self) -> bool:
        """Whether the copy still is what it was; another file may have its name by now."""
        try:
            return hashlib.sha256(Path(self.copy).read_bytes()).hexdigest() == self.sha256
        except OSError:
            return False


def set_aside_path(folder: Path, name: str) -> Path:
    """Where a person's copies are remembered, in the gallery's `folder`."""
    return person_path(folder / SET_ASIDE_FOLDER, name)


def read_set_aside(path: Path, key: bytes) -> tuple[SetAside, ...]:
    """The copies that are remembered in a file; none where there is no file. Raises ArtefactError, SignatureError."""
    if not path.exists():
        return ()
    value = unseal(path, key)
    check_format(path, value, _FORMAT, "pictures set aside")
    copies = value.get("copies")
    if not isinstance(copies, list) or not all(map(_is_copy, copies)):
        raise ArtefactError(f"{path}: not a list of pictures set aside; delete it")
    return tuple(SetAside(*entry) for entry in copies)


def _is_copy(entry: object) -> bool:
    return isinstance(entry, tuple) and len(entry) == 3 and all(isinstance(text, str) for text in entry)


def write_set_aside(path: Path, copies: Iterable[SetAside], key: bytes) -> None:
    """Remember copies instead of those before; of none there is no file. Raises ArtefactError when it cannot be."""
    entries = [astuple(one) for one in dict.fromkeys(copies)]
    write_sealed(path, {"format": _FORMAT, "copies": entries} if entries else None, key)

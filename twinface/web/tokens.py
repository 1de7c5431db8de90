"""The token that lets somebody in from another machine: shown once, kept as a hash."""

import hashlib
import hmac
import os
import re
import secrets
from pathlib import Path

from twinface.errors import ArtefactError, InputError
from twinface.files import FileState, keep_private, read_bounded, write_atomically
from twinface.gallery.keys import key_path

TOKEN_VARIABLE = "TWINFACE_TOKEN_FILE"  # noqa: S105  a variable's name
"""Environment variable with the path of the token's hash; by default `web-token` beside the box's key."""

_RANDOM_BYTES = 32
_HASH = re.compile(rb"[0-9a-f]{64}")
_MAX_FILE_BYTES = 256


def token_path() -> Path:
    """Where the hash is, or will be."""
    named = os.environ.get(TOKEN_VARIABLE)
    return Path(named) if named else key_path().with_name("web-token")


def make_token(path: Path, *, replace: bool = False) -> str:
    """A new token, whose SHA-256 is stored in a file for its owner only; nobody can find the token by it.

    Raises InputError where there is one already and it is not to be replaced, ArtefactError where none can be stored.
    """
    if path.exists() and not replace:
        raise InputError(f"{path}: there is a token already; --replace makes another one, and the old one ends")
    token = secrets.token_urlsafe(_RANDOM_BYTES)
    try:
        write_atomically(path, f"{_hash(token)}\n".encode())
    except OSError as error:
        raise ArtefactError(f"{path}: cannot be written ({error.strerror}); set {TOKEN_VARIABLE}") from error
    return token


class TokenFile:
    """The hash in a file, read again whenever that has changed, so that a token that was replaced ends at once.

    Raises ArtefactError where there is none that can be used, or it belongs to another user.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: FileState | None = None
        self._hash = ""
        self._read()

    def fits(self, token: str) -> bool:
        """Whether this is the token, in a time that says nothing of how much of it is right; False of none at all."""
        try:
            self._read()
        except ArtefactError:
            return False
        return hmac.compare_digest(_hash(token), self._hash)

    def _read(self) -> None:
        try:
            seen = FileState.by(self._path.stat())
            if seen == self._seen:
                return
            keep_private(self._path)
            written = read_bounded(self._path, _MAX_FILE_BYTES).strip()
        except OSError as error:
            raise ArtefactError(f"{self._path}: no token ({error.strerror}); `twinface token` makes one") from error
        if not _HASH.fullmatch(written):
            raise ArtefactError(f"{self._path}: no token in it; `twinface token --replace` makes one")
        self._hash, self._seen = written.decode(), seen


def _hash(token: str) -> str:
    return hashlib.sha256(b"twinface token: " + token.encode("utf-8", "surrogatepass")).hexdigest()

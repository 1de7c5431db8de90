"""The tokens that let somebody in from another machine, one a role: shown once, kept as a hash."""

import hashlib
import hmac
import os
import re
import secrets
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path

from twinface.errors import ArtefactError, InputError
from twinface.files import FileState, read_bounded, write_atomically
from twinface.gallery.keys import key_path
from twinface.private_files import keep_private

TOKEN_VARIABLE = "TWINFACE_TOKEN_FILE"  # noqa: S105  a variable's name
"""Environment variable with the path of the tokens' hashes; by default `web-token` beside the box's key."""

_RANDOM_BYTES = 32
_LINE = re.compile(rb"(look |change )?([0-9a-f]{64})")
_MAX_FILE_BYTES = 256


def token_path() -> Path:
    """Where the hash is, or will be."""
    named = os.environ.get(TOKEN_VARIABLE)
    return Path(named) if named else key_path().with_name("web-token")


class Role(StrEnum):
    """What whoever brings a token may do: LOOK, or CHANGE people and names as well."""

    LOOK = "look"
    CHANGE = "change"


def make_token(path: Path, role: Role = Role.LOOK, *, replace: bool = False) -> str:
    """A new token for a role, whose SHA-256 is stored in a file for its owner only; nobody can find the token by it.

    The token of the other role stays. Raises InputError where there is one of this role already and it is not to be
    replaced, ArtefactError where none can be stored.
    """
    kept = _read_tokens(path) if path.exists() else {}
    if role in kept and not replace:
        raise InputError(
            f"{path}: there is a token already that may {role}; --replace makes another one, and the old one ends"
        )
    token = secrets.token_urlsafe(_RANDOM_BYTES)
    lines = "".join(f"{one} {digest}\n" for one, digest in {**kept, role: _hash(token)}.items())
    try:
        write_atomically(path, lines.encode())
    except OSError as error:
        raise ArtefactError(f"{path}: cannot be written ({error.strerror}); set {TOKEN_VARIABLE}") from error
    return token


class TokenFile:
    """The hashes in a file, read again whenever that has changed, so that a token that was replaced ends at once.

    Raises ArtefactError where there is none that can be used, or it belongs to another user.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: FileState | None = None
        self._hashes: Mapping[Role, str] = {}
        self._read()

    def role_of(self, token: str) -> Role | None:
        """What whoever brings this may do, in a time that says nothing of how much of it is right; None of no token."""
        try:
            self._read()
        except ArtefactError:
            return None
        brought = _hash(token)
        fitting = [role for role, known in self._hashes.items() if hmac.compare_digest(brought, known)]
        return fitting[0] if fitting else None

    def hash_of(self, role: Role) -> str | None:
        """Of the token that a role has now; None where it has none."""
        try:
            self._read()
        except ArtefactError:
            return None
        return self._hashes.get(role)

    def holds(self, role: Role, token_hash: str) -> bool:
        """Whether the token of a role is still the one of this hash."""
        return hmac.compare_digest(self.hash_of(role) or "", token_hash)

    def _read(self) -> None:
        try:
            seen = FileState.by(self._path.stat())
        except OSError as error:
            raise _no_token(self._path, error) from error
        if seen != self._seen:
            self._hashes, self._seen = _read_tokens(self._path), seen


def _read_tokens(path: Path) -> dict[Role, str]:
    """The hash of each role's token. A hash without a role is of a time when there was nothing but to look."""
    try:
        keep_private(path)
        lines = read_bounded(path, _MAX_FILE_BYTES).splitlines()
    except OSError as error:
        raise _no_token(path, error) from error
    found = [_LINE.fullmatch(line.strip()) for line in lines]
    if not found or not all(found):
        raise ArtefactError(f"{path}: no token in it; remove it, and `twinface token` makes one")
    return {Role((line[1] or b"look").decode().strip()): line[2].decode() for line in found if line}


def _no_token(path: Path, error: OSError) -> ArtefactError:
    return ArtefactError(f"{path}: no token ({error.strerror}); `twinface token` makes one")


def _hash(token: str) -> str:
    return hashlib.sha256(b"twinface token: " + token.encode("utf-8", "surrogatepass")).hexdigest()

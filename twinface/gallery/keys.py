"""The box's own key: what it signs, it may read again; nothing else is ever unpickled."""

import hashlib
import os
import secrets
from pathlib import Path

import platformdirs

from twinface.errors import ArtefactError
from twinface.files import make_folder, read_bounded
from twinface.private_files import keep_private

KEY_VARIABLE = "TWINFACE_KEY_FILE"
"""Environment variable with the path of the key; by default `key` in the user's twinface configuration folder."""

_KEY_BYTES = 32
_MAX_FILE_BYTES = 1024


def key_path() -> Path:
    """Where the key is, or will be made."""
    named = os.environ.get(KEY_VARIABLE)
    return Path(named) if named else platformdirs.user_config_path("twinface") / "key"


def box_key() -> bytes:
    """The HMAC key of this box, 32 random bytes, made on first use and readable by its owner only.

    Raises ArtefactError when the file cannot be read or made, is damaged, or belongs to another user.
    """
    path = key_path()
    try:
        if not path.exists():
            _create(path)
        keep_private(path)
        key = read_bounded(path, _MAX_FILE_BYTES)
    except OSError as error:
        raise ArtefactError(f"{path}: the key cannot be used ({error.strerror}); set {KEY_VARIABLE}") from error
    if len(key) != _KEY_BYTES:
        raise ArtefactError(
            f"{path}: not a key ({len(key)} bytes instead of {_KEY_BYTES}); restore it from a backup, "
            "or delete it together with every gallery it signed"
        )
    return key


def key_fingerprint(key: bytes) -> str:
    """What a key is known by: it says which box signed something, and nothing of the key itself."""
    return hashlib.sha256(b"twinface key: " + key).hexdigest()[:16]


def _create(path: Path) -> None:
    """Make the key whole or not at all; of two processes that try at once, the first wins and both read the same."""
    make_folder(path.parent)
    fresh = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(_KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        try:
            path.hardlink_to(fresh)
        except FileExistsError:
            return
    finally:
        fresh.unlink()

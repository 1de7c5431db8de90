"""The key of a box, and those of the boxes that it lets in: two files of a folder, for their owner only.

A key is a pair of CurveZMQ (https://rfc.zeromq.org/spec/26/, X25519). Keys are written as 64 hexadecimal digits, which
every shell leaves as they are.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import zmq
from zmq.utils import z85

from twinface.errors import ArtefactError, InputError, NotThereError
from twinface.files import make_folder, only_writer, read_bounded, write_atomically
from twinface.private_files import keep_private

_OWN, _ALLOWED = "own.key", "allowed"
_KEY = re.compile(r"[0-9a-f]{64}")
_NAME = re.compile(r"[A-Za-z0-9_-]{1,32}")
_MAX_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class KeyPair:
    """`public` goes to other boxes; `secret` stays in its file. 32 bytes each."""

    public: bytes
    secret: bytes = field(repr=False)


class KeyFolder:
    """The folder; it is made with the first key. Everything raises ArtefactError for a file that is not one of ours."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def make(self, *, replace: bool = False) -> KeyPair:
        """Make this box's key. Raises InputError where it has one and `replace` is not set."""
        with self._only_writer():
            path = self.folder / _OWN
            if path.exists() and not replace:
                raise InputError(f"{path}: there already; other boxes know it. `--replace` makes another one")
            write_atomically(path, f"{z85.decode(zmq.curve_keypair()[1]).hex()}\n".encode())
        return self.own()

    def own(self) -> KeyPair:
        """This box's key. Raises NotThereError where none was made."""
        path = self.folder / _OWN
        text = _read(path)
        if text is None:
            raise NotThereError(f"{path}: this box has no key; make it with `twinface keys new`")
        if not _KEY.fullmatch(text.strip()):
            raise ArtefactError(f"{path}: no key in it; make another one with `twinface keys new --replace`")
        secret = bytes.fromhex(text.strip())
        return KeyPair(z85.decode(zmq.curve_public(z85.encode(secret))), secret)

    def allowed(self) -> dict[str, bytes]:
        """The public keys of the boxes that are let in, by name."""
        path = self.folder / _ALLOWED
        found = {}
        for number, line in enumerate((_read(path) or "").splitlines(), 1):
            name, _, key = line.partition(" ")
            if not _NAME.fullmatch(name) or not _KEY.fullmatch(key):
                raise ArtefactError(f"{path}, line {number}: no name and key of 64 digits; delete the line")
            found[name] = bytes.fromhex(key)
        return found

    def allow(self, name: str, key: str) -> None:
        """Let a box in by its public key. Raises InputError for what is no name or no key, or is there as another."""
        if not _NAME.fullmatch(name):
            raise InputError(f"{name!r}: expected a name of 1 to 32 letters, digits, - and _")
        if not _KEY.fullmatch(key.lower()):
            raise InputError("that is no public key: expected the 64 digits that `twinface keys show` prints")
        with self._only_writer():
            allowed, public = self.allowed(), bytes.fromhex(key)
            if self._is_own(public):
                raise InputError("that is this box's own key; take what `twinface keys show` prints at the other one")
            if allowed.get(name, public) != public:
                raise InputError(f"{name} is allowed by another key; `twinface keys revoke {name}` first")
            if namesake := next((other for other, one in allowed.items() if one == public and other != name), ""):
                raise InputError(f"that key is allowed already, as {namesake}")
            self._write(allowed | {name: public})

    def revoke(self, name: str) -> None:
        """Let a box in no more. Raises NotThereError where none is called so."""
        with self._only_writer():
            allowed = self.allowed()
            if name not in allowed:
                raise NotThereError(f"no box called {name} is allowed; `twinface keys list` shows who is")
            del allowed[name]
            self._write(allowed)

    def _is_own(self, public: bytes) -> bool:
        return (self.folder / _OWN).exists() and self.own().public == public

    def _write(self, allowed: dict[str, bytes]) -> None:
        lines = [f"{name} {key.hex()}\n" for name, key in sorted(allowed.items())]
        write_atomically(self.folder / _ALLOWED, "".join(lines).encode())

    @contextmanager
    def _only_writer(self) -> Iterator[None]:
        try:
            make_folder(self.folder)
            keep_private(self.folder)
            with only_writer(self.folder):
                yield
        except OSError as error:
            raise ArtefactError(f"{self.folder}: cannot be written ({error.strerror})") from error


def _read(path: Path) -> str | None:
    """The text of a file; None where it is not there."""
    try:
        return read_bounded(path, _MAX_BYTES).decode("ascii", "replace")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ArtefactError(f"{path}: cannot be read ({error.strerror})") from error

"""Who changed what, and when: a line for each change and each login, without anybody's name.

    audit.jsonl, audit.old.jsonl    beside the gallery; a file of 256 KB becomes the old one

Steps have the words for as long as they are kept, and lose them when somebody is forgotten: here is that it was.
"""

import json
import logging
import os
import platform
import pwd
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import pydantic

from twinface.files import FileState, make_folder, parse_json, read_bounded
from twinface.locks import open_locked

log = logging.getLogger(__name__)

_NAME, _OLD = "audit.jsonl", "audit.old.jsonl"
_MOST_BYTES = 256 * 1024
_WAIT_S = 0.5


@dataclass(frozen=True, slots=True)
class Note:
    """What was done, a word, by whom, and when by the wall clock; `step` is its number, if it is one.

    `said` names nobody.
    """

    at_ns: int
    who: str
    what: str
    said: str = ""
    step: int | None = None


_CHECK = pydantic.TypeAdapter(Note)


def user_name() -> str:
    """Who runs this process, and where: user@host."""
    try:
        name = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        name = str(os.getuid())
    return f"{name}@{platform.node()}"


def note(gallery: Path, what: str, said: str = "", *, who: str | None = None) -> None:
    """Write down what was just done. What cannot be written is said in the log, and was done all the same."""
    add_note(gallery, Note(time.time_ns(), who or user_name(), what, said))


def audit_path(gallery: Path) -> Path:
    """The file that the newest are in."""
    return gallery.with_name(_NAME)


def add_note(gallery: Path, one: Note) -> None:
    """The same of a note."""
    path = audit_path(gallery)
    try:
        make_folder(path.parent)
        _append(path, json.dumps(asdict(one)).encode() + b"\n")
    except OSError as error:
        log.warning("not written down", extra={"what": one.what, "error": f"{path}: {error.strerror or error}"})


def read_notes(gallery: Path) -> Iterator[Note]:
    """Everything that is written down, the oldest first. A line that cannot be read is left out."""
    for path in (gallery.with_name(_OLD), gallery.with_name(_NAME)):
        with suppress(OSError):
            for line in read_bounded(path, 2 * _MOST_BYTES).splitlines():
                with suppress(ValueError):
                    yield _CHECK.validate_python(parse_json(line))


def _append(path: Path, line: bytes) -> None:
    descriptor = open_locked(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, _WAIT_S)
    try:
        if FileState.of(path) != FileState.by(os.fstat(descriptor)):  # it became the old one meanwhile
            _append(path, line)
            return
        size = os.fstat(descriptor).st_size
        if size and os.pread(descriptor, 1, size - 1) != b"\n":  # a full disk took half of a line
            line = b"\n" + line
        os.write(descriptor, line)
        if size + len(line) > _MOST_BYTES:
            path.replace(path.with_name(_OLD))
    finally:
        os.close(descriptor)

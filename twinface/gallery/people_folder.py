"""The signed files of a folder of people, read once and again only when they changed."""

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from twinface.errors import ArtefactError, FingerprintError
from twinface.gallery.people import PersonVectors, person_path, read_person
from twinface.types import Vectors


@dataclass(frozen=True, slots=True)
class FileState:
    """Tells a file that was replaced from one that was not."""

    inode: int
    modified_ns: int
    size: int


@dataclass(frozen=True, slots=True)
class _Entry:
    """A file as last read: a person, or why it is none."""

    state: FileState
    content: PersonVectors | ArtefactError


class PeopleFolder:
    """Everybody in a folder.

    `people` are those of one network, by name and in the order of names, each found in `paths`; `damaged` are files
    that cannot be used, and why.
    """

    def __init__(self, folder: Path, key: bytes) -> None:
        self.folder = folder
        self.people: Mapping[str, PersonVectors] = {}
        self.paths: Mapping[str, Path] = {}
        self.damaged: Mapping[Path, ArtefactError] = {}
        self._key = key
        self._entries: dict[Path, _Entry] = {}

    def path_of(self, name: str) -> Path:
        """Where a person's file belongs; `paths` says where it is."""
        return person_path(self.folder, name)

    def read(self, states: Mapping[Path, FileState], network: str) -> None:
        """Take up the files that there are now, as `file_states` saw them, reading only what is not as it was."""
        entries = {}
        for path, state in states.items():
            entry = self._entries.get(path)
            entries[path] = entry if entry and entry.state == state else _Entry(state, self._read_person(path))
        self._entries = entries
        self._index(network)

    def forget(self) -> None:
        """Have the next `read` read everything."""
        self._entries = {}

    def share(self, matrix: Vectors) -> None:
        """Let people point into the matrix of all vectors, in their order, so that these are in memory once."""
        shared, start = {}, 0
        for name, person in self.people.items():
            end = start + len(person.files)
            shared[name] = replace(person, vectors=matrix[start:end])
            path = self.paths[name]
            self._entries[path] = replace(self._entries[path], content=shared[name])
            start = end
        self.people = shared

    def _read_person(self, path: Path) -> PersonVectors | ArtefactError:
        try:
            return read_person(path, self._key)
        except ArtefactError as error:
            return error

    def _index(self, network: str) -> None:
        found: dict[str, tuple[Path, PersonVectors]] = {}
        damaged: dict[Path, ArtefactError] = {}
        dimension = 0
        for path, entry in sorted(self._entries.items()):
            person = entry.content
            if isinstance(person, ArtefactError):
                damaged[path] = person
            elif person.network != network:
                damaged[path] = FingerprintError(f"{path}: {person.name} is of another network; add them again")
            elif person.name in found:
                damaged[path] = ArtefactError(f"{path}: {person.name} is in {found[person.name][0]} too; delete one")
            elif person.vectors.shape[1] != (dimension or person.vectors.shape[1]):
                damaged[path] = ArtefactError(f"{path}: {person.name}'s vectors are of another length; add them again")
            else:
                found[person.name] = (path, person)
                dimension = person.vectors.shape[1]
        self.people = {name: found[name][1] for name in sorted(found)}
        self.paths = {name: path for name, (path, _) in found.items()}
        self.damaged = damaged


def file_states(folder: Path) -> dict[Path, FileState]:
    """The signed files in a folder; none where there is no folder."""
    states: dict[Path, FileState] = {}
    with suppress(FileNotFoundError), os.scandir(folder) as files:
        for file in files:
            if file.name.endswith(".pkl") and not file.name.startswith("."):
                with suppress(FileNotFoundError):
                    status = file.stat()
                    states[Path(file.path)] = FileState(status.st_ino, status.st_mtime_ns, status.st_size)
    return states


def time_of(folder: Path) -> int:
    """When a file was last put into the folder, or taken out, in ns; 0 where there is no folder."""
    try:
        return folder.stat().st_mtime_ns
    except FileNotFoundError:
        return 0

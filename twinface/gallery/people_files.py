"""The signed file of one person's vectors, the same for a gallery and for features, and a folder of such files."""

import os
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from twinface.errors import ArtefactError, FingerprintError
from twinface.files import FileState, make_folder
from twinface.gallery.gallery_folder import is_person_file
from twinface.gallery.keys import box_key
from twinface.gallery.names import is_readable_name
from twinface.gallery.person import PHOTOS, PersonVectors, person_path, shared
from twinface.gallery.signing import check_format, pack_array, unpack_array, unseal, write_sealed
from twinface.types import Vectors

_FORMAT = 2
_FORMAT_WITHOUT_SOURCES = 1
"""Read as of photos: there were no other sources."""


def write_person(path: Path, person: PersonVectors, key: bytes) -> None:
    """Write a person's signed pickle; raises as `write_sealed` does."""
    value = {
        "format": _FORMAT,
        "name": person.name,
        "files": person.files,
        "vectors": pack_array(person.vectors),
        "quality": pack_array(person.quality),
        "network": person.network,
        "sources": shared(person.sources),
    }
    write_sealed(path, value, key)


def read_person(path: Path, key: bytes) -> PersonVectors:
    """Read a person's signed pickle; its arrays are read-only.

    Raises SignatureError before anything is parsed when the signature does not fit, else ArtefactError.
    """
    value = unseal(path, key)
    if value.get("format") != _FORMAT_WITHOUT_SOURCES:
        check_format(path, value, _FORMAT, "a person")
    try:
        return _person_of(value)
    except (ValueError, ArtefactError) as error:
        raise ArtefactError(f"{path}: {error}; delete it and make it again") from error


def _person_of(value: dict[str, Any]) -> PersonVectors:
    name, network, files = value.get("name"), value.get("network"), value.get("files")
    if not isinstance(name, str) or not is_readable_name(name) or not isinstance(network, str):
        raise ValueError("a person without a name or a network")
    if not isinstance(files, tuple) or not all(isinstance(file, str) for file in files):
        raise ValueError("a person without a list of files")
    sources = value.get("sources") if value["format"] == _FORMAT else (PHOTOS,) * len(files)
    if not isinstance(sources, tuple) or not sources:
        raise ValueError("a person without a list of sources")
    vectors, quality = unpack_array(value.get("vectors")), unpack_array(value.get("quality"))
    return PersonVectors(name, files, vectors, quality, network, sources)


def write_features(folder: Path, people: Iterable[PersonVectors], key: bytes | None = None) -> None:
    """Write a features folder: one signed pickle a person; others that are there already stay."""
    make_folder(folder)
    key = key or box_key()
    for person in people:
        write_person(person_path(folder, person.name), person, key)


def read_features(folder: Path, key: bytes | None = None) -> list[PersonVectors]:
    """Everybody of a features folder, in the order of their names.

    Raises ArtefactError (no folder, nobody in it, a damaged file, another dimension), SignatureError, or
    FingerprintError when the vectors are of more than one network.
    """
    if not folder.is_dir():
        raise ArtefactError(f"{folder}: no such folder; make features with `twinface extract`")
    key = key or box_key()
    paths = [path for path in folder.glob("*.pkl") if is_person_file(path.name)]
    people = sorted((read_person(path, key) for path in paths), key=lambda person: person.name)
    if not people:
        raise ArtefactError(f"{folder}: nobody's features here; make them with `twinface extract`")
    for person in people[1:]:
        if person.network != people[0].network:
            raise FingerprintError(
                f"{folder}: {people[0].name} and {person.name} are of two networks; extract both with the same one"
            )
        if person.vectors.shape[1] != people[0].vectors.shape[1]:
            raise ArtefactError(f"{folder}: {people[0].name} and {person.name} differ in length; extract both again")
    return people


@dataclass(frozen=True, slots=True)
class _Entry:
    """A file as last read: a person, or why it is none."""

    state: FileState
    content: PersonVectors | ArtefactError


class PeopleFolder:
    """Everybody in a folder.

    `people` are those of one network, by name and in the order of names, each found in `paths`; `damaged` are files
    that cannot be used, and why. Inside, files go by their names: a thousand Path objects a look would cost more than
    the look. What is changed one by one costs the one, so people are put in order only when somebody asks for all.
    """

    def __init__(self, folder: Path, key: bytes) -> None:
        self.folder = folder
        self.damaged: Mapping[Path, ArtefactError] = {}
        self._key = key
        self._entries: dict[str, _Entry] = {}
        self._files: dict[str, str] = {}
        self._people: dict[str, PersonVectors] = {}
        self._ordered: Mapping[str, PersonVectors] | None = None

    @property
    def people(self) -> Mapping[str, PersonVectors]:
        """Everybody, in the order of names; a mapping that was handed out does not change."""
        if self._ordered is None:
            self._ordered = {name: self._people[name] for name in sorted(self._people)}
        return self._ordered

    def find(self, name: str) -> PersonVectors | None:
        """Somebody by name, without putting everybody in order."""
        return self._people.get(name)

    def anybody(self) -> PersonVectors | None:
        """One of them, to compare dimensions with."""
        return next(iter(self._people.values()), None)

    @property
    def paths(self) -> dict[str, Path]:
        """Where each person is."""
        return {name: self.folder / file for name, file in self._files.items()}

    def path_of(self, name: str) -> Path:
        """Where a person's file belongs; `paths` says where it is."""
        return person_path(self.folder, name)

    def read(self, states: Mapping[str, FileState], network: str) -> None:
        """Take up the files that there are now, as `file_states` saw them, reading only what is not as it was."""
        entries = {}
        for file, state in states.items():
            entry = self._entries.get(file)
            entries[file] = entry if entry and entry.state == state else _Entry(state, self._read_person(file))
        self._entries = entries
        self._index(network)

    def reread(self, files: Iterable[str], network: str) -> None:
        """Take up that these files, by their names, were written or removed, and no other: what they alone cost."""
        suffices = True
        for file in dict.fromkeys(files):
            before, state = self._entries.pop(file, None), FileState.of(self.folder / file)
            if state is not None:
                self._entries[file] = _Entry(state, self._read_person(file))
            suffices = suffices and self._drop(file, before) and self._take(file, network)
        self._ordered = None
        if not suffices:
            self._index(network)

    def _drop(self, file: str, before: _Entry | None) -> bool:
        """Leave out whom a file held; False where that may let somebody else in, who was damage until now."""
        if before is None:
            return True
        if isinstance(before.content, PersonVectors) and self._files.get(before.content.name) == file:
            del self._files[before.content.name], self._people[before.content.name]
        return not self.damaged

    def _take(self, file: str, network: str) -> bool:
        """Let in whom a file holds now; False where it is damage, or may be."""
        entry = self._entries.get(file)
        if entry is None:
            return True
        person, other = entry.content, self.anybody()
        if isinstance(person, ArtefactError) or person.network != network or person.name in self._files:
            return False
        if other is not None and other.vectors.shape[1] != person.vectors.shape[1]:
            return False
        self._files[person.name], self._people[person.name] = file, person
        return True

    def forget(self) -> None:
        """Have the next `read` read everything."""
        self._entries = {}

    def share(self, matrix: Vectors) -> None:
        """Let people point into the matrix of all vectors, in their order, so that these are in memory once."""
        shared, start = {}, 0
        for name, person in self.people.items():
            end = start + len(person.files)
            shared[name] = replace(person, vectors=matrix[start:end])
            file = self._files[name]
            self._entries[file] = replace(self._entries[file], content=shared[name])
            start = end
        self._people, self._ordered = shared, None

    def _read_person(self, file: str) -> PersonVectors | ArtefactError:
        try:
            return read_person(self.folder / file, self._key)
        except ArtefactError as error:
            return error

    def _index(self, network: str) -> None:
        files: dict[str, str] = {}
        damaged: dict[str, ArtefactError] = {}
        people: dict[str, PersonVectors] = {}
        dimension = _most_frequent_dimension(self._entries.values(), network)
        for file, entry in sorted(self._entries.items()):
            person, path = entry.content, f"{self.folder}/{file}"
            if isinstance(person, ArtefactError):
                damaged[file] = person
            elif person.network != network:
                damaged[file] = FingerprintError(f"{path}: {person.name} is of another network; add them again")
            elif person.name in files:
                twin = f"{self.folder}/{files[person.name]}"
                damaged[file] = ArtefactError(f"{path}: {person.name} is in {twin} too; delete one")
            elif person.vectors.shape[1] != dimension:
                damaged[file] = ArtefactError(f"{path}: {person.name}'s vectors are of another length; add them again")
            else:
                files[person.name], people[person.name] = file, person
        self._people, self._ordered = people, None
        self.damaged = {self.folder / file: error for file, error in damaged.items()}
        self._files = files


def _most_frequent_dimension(entries: Iterable[_Entry], network: str) -> int:
    """How long the vectors of a network are; one file with others must not keep everybody else out."""
    people = (entry.content for entry in entries if isinstance(entry.content, PersonVectors))
    counts = Counter(person.vectors.shape[1] for person in people if person.network == network)
    return min(counts, key=lambda length: (-counts[length], length), default=0)


def file_states(folder: Path) -> dict[str, FileState]:
    """The signed files in a folder, by their names; none where there is no folder."""
    states: dict[str, FileState] = {}
    with suppress(FileNotFoundError), os.scandir(folder) as files:
        for file in files:
            if is_person_file(file.name):
                with suppress(FileNotFoundError):
                    states[file.name] = FileState.by(file.stat())
    return states


def time_of(folder: Path) -> int:
    """When a file was last put into the folder, or taken out, in ns; 0 where there is no folder."""
    try:
        return folder.stat().st_mtime_ns
    except FileNotFoundError:
        return 0

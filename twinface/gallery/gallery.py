"""The gallery: who is known.

gallery.json            {format, version, network, network_name, people}
people/<slug>.pkl       one signed pickle a person
people/<slug>.crops     their crops, where these are kept
set-aside/<slug>.pkl    where copies of their pictures are that were set aside

Readers take no lock: every file is whole at every moment. A change writes the person first and the version after it, so
that a version never promises what is not there; after a crash between the two the gallery is whole, one change further
than its number says, and a running reader sees it by the time of the folder.

Where everybody is replaced at once, they are written to a new folder, people-<version>, and gallery.json names it last.
"""

import shutil
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from twinface.errors import ArtefactError, FingerprintError, InputError, NotThereError
from twinface.files import make_folder, sync, write_atomically
from twinface.gallery.gallery_folder import (
    MANIFEST_FILE,
    PEOPLE_FOLDER,
    WAIT_S,
    Manifest,
    find_people_folders,
    keep_folders_private,
    read_manifest,
    require_gallery,
    write_manifest,
    writers_lock,
)
from twinface.gallery.keys import box_key
from twinface.gallery.names import checked_name, did_you_mean, known_name
from twinface.gallery.people_files import PeopleFolder, file_states, time_of, write_person
from twinface.gallery.person import PersonVectors, appended, person_path
from twinface.gallery.person_files import (
    SET_ASIDE_FOLDER,
    SUFFIX,
    PersonFiles,
    SetAside,
    crop_key,
    crops_of,
    crops_path,
    person_file_paths,
    read_if_there,
    set_aside_path,
    write_crops,
    write_set_aside,
)
from twinface.gallery.reading import GalleryReader
from twinface.types import Vectors

PutPerson = Callable[[PersonVectors, Mapping[str, bytes]], None]
"""Takes a person and their crops, by `crop_key`."""


class Gallery(GalleryReader):
    """An open gallery; `refresh()` loads what other processes changed, reading only the files that did."""

    @classmethod
    def open(
        cls,
        folder: Path,
        *,
        network: str | None = None,
        network_name: str = "",
        create: bool = False,
        key: bytes | None = None,
        lock_wait_s: float = WAIT_S,
    ) -> Self:
        """Open a gallery for vectors of the network with the fingerprint `network`; None takes whatever it is of.

        With `create` and a network, one is made where there is none, and an empty one of another network taken over.
        `key` is the box's own by default. A writer waits `lock_wait_s` for another one.
        Raises ArtefactError (no gallery, damaged gallery.json, another format) or FingerprintError.
        """
        gallery = cls(folder, key or box_key(), network, lock_wait_s)
        if create and network is not None:
            gallery._create(Manifest(1, network, network_name))
        keep_folders_private(folder)
        gallery.refresh()
        return gallery

    def add(
        self,
        name: str,
        files: Sequence[str],
        vectors: Vectors,
        quality: NDArray[np.float32],
        crops: Sequence[bytes] | None = None,
        *,
        sources: Sequence[str] = (),
    ) -> int:
        """Append pictures to a person, who is made if new; returns how many of them were not there already.

        A picture is there already when its vector is the same as one of the person's. `crops` are kept where given,
        one PNG for each vector; `sources` are as in PersonVectors.
        Raises InputError for a name that is none; ArtefactError for vectors of another length or not finite, a damaged
        file in the person's place, another writer that does not end, a full disk. Nothing has changed then.
        """
        name = known_name(name, self.people)
        new = PersonVectors(name, tuple(files), vectors, quality, self.network, tuple(sources))
        with self._writing():
            self._refuse_damaged(name)
            if (somebody := self._files.anybody()) and somebody.vectors.shape[1] != vectors.shape[1]:
                raise ArtefactError(
                    f"{name}: vectors of {vectors.shape[1]} numbers, {somebody.name}'s have "
                    f"{somebody.vectors.shape[1]}; make both with the same network"
                )
            old = self._files.find(name)
            merged = appended(old, new)
            added = len(merged.files) - (len(old.files) if old else 0)
            if crops is not None:
                keys = map(crop_key, vectors)
                self._keep_crops(merged, self.crops(name) | dict(zip(keys, crops, strict=True)))
            if added:
                path = self._files.path_of(name)
                self._commit(lambda: write_person(path, merged, self._key), path)
        return added

    def remove(self, name: str) -> None:
        """Remove a person and their crops, also one whose file is damaged.

        Raises InputError when nobody has this name.
        """
        name = name if self.knows(name) else checked_name(name)
        with self._writing():
            path = self._files.path_of(name)
            if not path.exists():
                raise self._nobody(name)

            def erase() -> None:
                path.unlink()
                crops_path(self._files.folder, name).unlink(missing_ok=True)
                sync(self._files.folder)

            self._commit(erase, path)

    def rename(self, old: str, new: str, *, merge: bool = False) -> None:
        """Give a person another name; with `merge` it may be somebody's, who has the pictures of both then.

        Raises InputError when nobody has the old name, or somebody the new one and it is not to be merged.
        """
        old, new = known_name(old, self.people), checked_name(new)
        if old == new:
            raise InputError(f"{old} is called so already; choose another name")
        with self._writing():
            self._refuse_damaged(old)
            self._refuse_damaged(new)
            if old not in self.people:
                raise self._nobody(old)
            if new in self.people and not merge:
                raise InputError(
                    f"{new} is in the gallery already; use --merge where the two are one person, or choose another name"
                )
            there, renamed = self.people.get(new), replace(self.people[old], name=new)
            person = appended(there, renamed) if there else renamed
            self._keep_crops(person, self.crops(new) | self.crops(old))
            path, target = self._files.path_of(old), self._files.path_of(new)

            def give_name() -> None:
                # The name inside the file counts: at every step one person has each picture, or while merging two.
                write_person(target if there else path, person, self._key)
                if there:
                    path.unlink()
                else:
                    path.rename(target)
                crops_path(self._files.folder, old).unlink(missing_ok=True)
                self._set_aside(new, (*self.set_aside(new), *self.set_aside(old)))
                self._set_aside(old, ())
                sync(self._files.folder)

            self._commit(give_name, path, target)

    def take_pictures(
        self, name: str, keys: Collection[str], target: str | None = None, *, merge: bool = False
    ) -> None:
        """Take pictures, by the `crop_key` of their vectors, from a person; they are `target`'s then, or nobody's.

        With `merge` the target may be in the gallery already. Raises NotThereError when nobody has the name, or one of
        the pictures is not theirs, InputError when no picture would be left, or the target does not fit.
        """
        with self._writing():
            self._refuse_damaged(name)
            if name not in self.people:
                raise self._nobody(name)
            person, crops = self.people[name], self.crops(name)
            own = list(map(crop_key, person.vectors))
            taken = [row for row, key in enumerate(own) if key in keys]
            rest = [row for row, key in enumerate(own) if key not in keys]
            if not set(keys) <= set(own) or not keys:
                raise NotThereError(f"{name} has not all of these pictures any more")
            if not rest:
                raise InputError(f"no picture of {name} would be left; remove or rename them instead")
            kept = person.picked(rest)
            paths = [self._files.path_of(name)]
            if target is not None:
                receiver = self._receiver(name, target, person.picked(taken), merge=merge)
                self._keep_crops(receiver, self.crops(receiver.name) | crops)
                paths.append(self._files.path_of(receiver.name))

            def move() -> None:
                # The receiver first: at every moment each picture is somebody's.
                if target is not None:
                    write_person(paths[1], receiver, self._key)
                write_person(paths[0], kept, self._key)
                self._keep_crops(kept, crops)

            self._commit(move, *paths)

    def _receiver(self, name: str, target: str, pictures: PersonVectors, *, merge: bool) -> PersonVectors:
        """The person `target` with the pictures besides their own. Raises InputError."""
        target = checked_name(target)
        self._refuse_damaged(target)
        if target == name:
            raise InputError(f"the pictures are {name}'s already; choose another name")
        there = self.people.get(target)
        if there is not None and not merge:
            raise InputError(f"{target} is in the gallery already; use --merge to give them the pictures")
        if there is None and merge:
            raise self._nobody(target)
        return appended(there, replace(pictures, name=target))

    def remember_set_aside(self, name: str, copies: Sequence[SetAside]) -> None:
        """Remember copies of a person's pictures besides those before; the person need not be in the gallery."""
        with self._writing():
            self._set_aside(name, (*self.set_aside(name), *copies))

    def forget_set_aside(self, name: str) -> None:
        """Remember no copies of a person's pictures any more."""
        if self.set_aside(name):
            with self._writing():
                self._set_aside(name, ())

    def put_back(self, people: Mapping[str, PersonFiles]) -> None:
        """Have people's files be these again, each whole or not at all, as one change of the gallery.

        Crops are written before vectors, and everything before anything is removed, so that at every moment each
        picture is somebody's; what is broken off in between is done again. Raises ArtefactError when it cannot be done.
        """
        with self.unchanging():
            files = [
                (path, getattr(wanted, kind))
                for name, wanted in people.items()
                for kind, path in reversed(person_file_paths(self.folder, name).items())
            ]
            for path, data in files:
                if data is not None and read_if_there(path) != data:
                    write_atomically(path, data)
            for path, data in reversed(files):
                if data is None and path.exists():
                    path.unlink()
                    sync(path.parent)
            manifest = read_manifest(self.folder)
            write_manifest(self.folder, replace(manifest, version=manifest.version + 1))
            self.refresh()

    @contextmanager
    def replacing(self, network: str, network_name: str) -> Iterator[PutPerson]:
        """Replace everybody by whom the block puts, by name, with their crops; of another network, if need be.

        Until the block ends, and when it fails, the gallery stays as it was; writers wait meanwhile.
        Raises ArtefactError when somebody cannot be written (full disk), or is of another network.
        """
        with self._writing():
            manifest = Manifest(self.version + 1, network, network_name, f"{PEOPLE_FOLDER}-{self.version + 1}")
            old, fresh = self._files.folder, self.folder / manifest.people
            make_folder(fresh)

            def put(person: PersonVectors, crops: Mapping[str, bytes]) -> None:
                if person.network != network:
                    raise FingerprintError(f"{person.name} is of the network {person.network[:12]}, not {network[:12]}")
                write_crops(crops_path(fresh, person.name), crops_of(person, crops), self._key)
                write_person(person_path(fresh, person.name), person, self._key)

            try:
                yield put
                sync(self.folder)
                write_manifest(self.folder, manifest)
            except BaseException:
                shutil.rmtree(fresh)
                raise
            self._expected_network = self._expected_network and network
            self.refresh()
            shutil.rmtree(old, ignore_errors=True)

    @contextmanager
    def unchanging(self) -> Iterator[None]:
        """Keep writers out while the block runs, with what they wrote before loaded. Raises ArtefactError.

        Features have no lock: each file is whole.
        """
        with nullcontext() if self.holds_features else self._writing():
            self.refresh()
            yield

    def _create(self, manifest: Manifest) -> None:
        require_gallery(self.folder)
        try:
            make_folder(self.folder)
            people = next(iter(find_people_folders(self.folder)), PEOPLE_FOLDER)
            make_folder(self.folder / people)
        except OSError as error:
            raise ArtefactError(f"{self.folder}: cannot be made ({error.strerror}); choose another folder") from error
        if (self.folder / MANIFEST_FILE).exists() and read_manifest(self.folder).network == manifest.network:
            return
        with writers_lock(self.folder, self._lock_wait_s):
            if not (self.folder / MANIFEST_FILE).exists():
                write_manifest(self.folder, replace(manifest, people=people))
                return
            old = read_manifest(self.folder)
            if old.network != manifest.network and not file_states(self.folder / old.people):
                write_manifest(self.folder, replace(manifest, version=old.version + 1, people=old.people))

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Hold the lock, with what others wrote loaded, and a rename that was broken off ended."""
        with writers_lock(self.folder, self._lock_wait_s):
            self.refresh()
            self._check_network(self._manifest, empty=False)
            try:
                if self._times() != self._swept:
                    _end_renames(self._files)
                    _sweep(self.folder, self._files)
                    self.refresh()
                yield
            except OSError as error:
                raise ArtefactError(f"{self.folder}: cannot be changed ({error.strerror}); check its rights") from error

    def _commit(self, change: Callable[[], object], *changed: Path) -> None:
        """Change these files of people, no other, and let the version say so; the lock is held."""
        manifest = replace(self._manifest, version=self.version + 1)
        write_manifest(self.folder, manifest, change)
        self._files.reread((path.name for path in changed), manifest.network)
        self._manifest, self._seen, self._snapshot = manifest, (manifest, time_of(self._files.folder)), None
        self._swept = self._times()

    def _times(self) -> tuple[int, int]:
        """When something was last put into the gallery's folder and into that of the people, or taken out."""
        return time_of(self.folder), time_of(self._files.folder)

    def _keep_crops(self, person: PersonVectors, crops: Mapping[str, bytes]) -> None:
        """Keep those of a person's own vectors; written only where they are not what is there already."""
        kept = crops_of(person, crops)
        if kept != self.crops(person.name):
            write_crops(crops_path(self._files.folder, person.name), kept, self._key)

    def _set_aside(self, name: str, copies: Sequence[SetAside]) -> None:
        write_set_aside(set_aside_path(self.folder, name), copies, self._key)

    def _refuse_damaged(self, name: str) -> None:
        if (error := self.damaged.get(self._files.path_of(name))) is not None:
            raise error

    def _nobody(self, name: str) -> NotThereError:
        return NotThereError(f"nobody called {name!r} is in the gallery; {did_you_mean(name, self.people)}")


def _end_renames(people: PeopleFolder) -> None:
    """Put whoever was being renamed when a change was broken off where their new name belongs. Raises OSError."""
    for name, path in people.paths.items():
        if path != (proper := people.path_of(name)) and not proper.exists():
            path.rename(proper)


def _sweep(folder: Path, people: PeopleFolder) -> None:
    """Remove from a gallery what is of nobody: nobody's pictures stay where nobody looks for them. Raises OSError."""
    for name in find_people_folders(folder):
        if name != people.folder.name:
            shutil.rmtree(folder / name)
    half_written = (path for ending in (".pkl", SUFFIX) for path in people.folder.glob(f".*{ending}.*"))
    of_nobody = (path for path in people.folder.glob(f"*{SUFFIX}") if not path.with_suffix(".pkl").exists())
    beside = (*folder.glob(f".{MANIFEST_FILE}.*"), *(folder / SET_ASIDE_FOLDER).glob(".*.pkl.*"))
    for path in (*half_written, *of_nobody, *beside):
        path.unlink()

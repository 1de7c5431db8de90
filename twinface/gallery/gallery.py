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

from twinface.errors import ArtefactError, FingerprintError, InputError, NameTakenError, NotThereError
from twinface.files import make_folder, sync, write_atomically
from twinface.gallery.creating import create_gallery
from twinface.gallery.gallery_folder import WAIT_S, keep_folders_private, write_manifest, writers_lock
from twinface.gallery.keys import box_key
from twinface.gallery.manifest import PEOPLE_FOLDER, Manifest, SharedMark
from twinface.gallery.names import checked_name, known_name
from twinface.gallery.people_files import time_of, write_person
from twinface.gallery.person import PersonVectors, appended, person_path
from twinface.gallery.person_files import (
    PersonFiles,
    SetAside,
    crop_key,
    crops_of,
    crops_path,
    keep_crops,
    person_file_paths,
    read_if_there,
    set_aside_path,
    write_crops,
    write_set_aside,
)
from twinface.gallery.reading import GalleryReader
from twinface.gallery.shared_copy import shared_of, take_over
from twinface.gallery.shared_gallery import Changes, Prepare, SharedChange, SharedPerson, alone, changing, read_changes
from twinface.gallery.sweeping import end_renames, sweep
from twinface.postgres.tables import Connection
from twinface.types import Vectors


class Gallery(GalleryReader):
    """An open gallery; `refresh()` loads what other processes changed, reading only the files that did."""

    _change: SharedChange | None = None

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
            create_gallery(folder, Manifest(1, network, network_name), lock_wait_s)
        keep_folders_private(folder)
        gallery.refresh()
        return gallery

    def catch_up(self, connection: Connection) -> None:
        """Take over what other boxes changed. Raises ArtefactError and its kin, DatabaseError, psycopg.Error."""
        with self._writing(here_only=True):
            if self._manifest.shared is not None:
                self._take_over(read_changes(connection, self._manifest), self._manifest.shared)

    @contextmanager
    def sharing(self) -> Iterator[Callable[[Changes, SharedMark], None]]:
        """Keep writers out while the block makes this a copy of a shared gallery, by what it is given."""
        with self._writing(here_only=True):
            yield self._take_over

    def be_copy_at(self, mark: SharedMark | None) -> None:
        """Find the shared gallery, which is the same, by another mark; with None this is no copy any more."""
        with self._writing(here_only=True):
            write_manifest(self.folder, replace(self._manifest, shared=mark))
            self.refresh()

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
                keep_crops(
                    self._files.folder, merged, self.crops(name) | dict(zip(keys, crops, strict=True)), self._key
                )
            if added:
                path = self._files.path_of(name)
                self._commit(lambda: write_person(path, merged, self._key), path, after={name: self._shared(merged)})
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

            self._commit(erase, path, after={name: None})

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
                raise NameTakenError(new, "where the two are one person, or choose another name")
            there, renamed = self.people.get(new), replace(self.people[old], name=new)
            person = appended(there, renamed) if there else renamed
            keep_crops(self._files.folder, person, self.crops(new) | self.crops(old), self._key)
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

            self._commit(give_name, path, target, after={old: None, new: self._shared(person)})

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
            paths, after = [self._files.path_of(name)], {name: SharedPerson(kept, crops_of(kept, crops))}
            if target is not None:
                receiver = self._receiver(name, target, person.picked(taken), merge=merge)
                keep_crops(self._files.folder, receiver, self.crops(receiver.name) | crops, self._key)
                paths.append(self._files.path_of(receiver.name))
                after[receiver.name] = self._shared(receiver)

            def move() -> None:
                # The receiver first: at every moment each picture is somebody's.
                if target is not None:
                    write_person(paths[1], receiver, self._key)
                write_person(paths[0], kept, self._key)
                keep_crops(self._files.folder, kept, crops, self._key)

            self._commit(move, *paths, after=after)

    def _receiver(self, name: str, target: str, pictures: PersonVectors, *, merge: bool) -> PersonVectors:
        """The person `target` with the pictures besides their own. Raises InputError."""
        target = checked_name(target)
        self._refuse_damaged(target)
        if target == name:
            raise InputError(f"the pictures are {name}'s already; choose another name")
        there = self.people.get(target)
        if there is not None and not merge:
            raise NameTakenError(target, "to give them the pictures")
        if there is None and merge:
            raise self._nobody(target)
        return appended(there, replace(pictures, name=target))

    def remember_set_aside(self, name: str, copies: Sequence[SetAside]) -> None:
        """Remember copies of a person's pictures besides those before; the person need not be in the gallery."""
        with self._writing(here_only=True):
            self._set_aside(name, (*self.set_aside(name), *copies))

    def forget_set_aside(self, name: str) -> None:
        """Remember no copies of a person's pictures any more."""
        if self.set_aside(name):
            with self._writing(here_only=True):
                self._set_aside(name, ())

    def put_back(self, people: Mapping[str, PersonFiles], prepare: Prepare = alone) -> None:
        """Have people's files be these again, each whole or not at all, as one change, unless `prepare` refuses it.

        Crops are written before vectors, and everything before anything is removed: at every moment each picture is
        somebody's; what is broken off is done again. Raises ArtefactError when it cannot be done.
        """
        with self._writing():
            follow = prepare(self._change)
            own = people if self._change else {}
            manifest = self._next({name: shared_of(one, self.folder, name, self._key) for name, one in own.items()})
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
            follow(self._change.head if self._change else None)
            write_manifest(self.folder, manifest)
            self.refresh()

    @contextmanager
    def replacing(
        self, network: str, network_name: str
    ) -> Iterator[Callable[[PersonVectors, Mapping[str, bytes]], None]]:
        """Replace everybody by whom the block puts, by name, with their crops by `crop_key`; of another network,
        if need be. Until the block ends, and when it fails, the gallery stays as it was; writers wait meanwhile.

        Raises ArtefactError when somebody cannot be written (full disk), or is of another network.
        """
        with self._writing():
            old, fresh = self._files.folder, self.folder / f"{PEOPLE_FOLDER}-{self.version + 1}"
            make_folder(fresh)
            if self._change:
                self._change.remove_everybody()

            def put(person: PersonVectors, crops: Mapping[str, bytes]) -> None:
                if person.network != network:
                    raise FingerprintError(f"{person.name} is of the network {person.network[:12]}, not {network[:12]}")
                write_crops(crops_path(fresh, person.name), crops_of(person, crops), self._key)
                write_person(person_path(fresh, person.name), person, self._key)
                if self._change:
                    self._change.put(SharedPerson(person, crops_of(person, crops)))

            try:
                yield put
                sync(self.folder)
                manifest = self._next({}, network, network_name)
                write_manifest(self.folder, replace(manifest, people=fresh.name))
            except BaseException:
                shutil.rmtree(fresh)
                raise
            self._expected_network = self._expected_network and network
            self.refresh()
            shutil.rmtree(old, ignore_errors=True)

    @contextmanager
    def unchanging(self, *, everywhere: bool = False) -> Iterator[None]:
        """Keep writers out while the block runs, `everywhere` those of other boxes too, with what they wrote before
        loaded. Features have no lock: each file is whole. Raises ArtefactError, and DatabaseError `everywhere`.
        """
        with nullcontext() if self.holds_features else self._writing(here_only=not everywhere):
            self.refresh()
            yield

    @contextmanager
    def _writing(self, *, here_only: bool = False) -> Iterator[None]:
        """Hold the lock, with what others wrote loaded, and a rename that was broken off ended.

        Of a shared gallery the lock of all boxes, too, unless what is changed is of this box only.
        """
        with writers_lock(self.folder, self._lock_wait_s):
            self.refresh()
            self._check_network(self._manifest, empty=False)
            try:
                if self._times() != self._swept:
                    end_renames(self._files)
                    sweep(self.folder, self._files)
                    self.refresh()
                if self._manifest.shared is None or here_only:
                    yield
                    return
                mark = self._manifest.shared
                with changing(mark, self.folder) as self._change:
                    self._take_over(read_changes(self._change.connection, self._manifest), mark)
                    yield
            except OSError as error:
                raise ArtefactError(f"{self.folder}: cannot be changed ({error.strerror}); check its rights") from error
            finally:
                self._change = None

    def _take_over(self, changes: Changes, mark: SharedMark) -> None:
        """Be what a shared gallery has come to; the lock is held."""
        head, own = changes.head, self._manifest.shared
        if own is None or (head.version, head.token) != (self.version, own.token):
            manifest = take_over(self.folder, replace(self._manifest, shared=mark), self.people, changes, self._key)
            write_manifest(self.folder, manifest)
            self._expected_network = self._expected_network and head.network
            self.refresh()

    def _shared(self, person: PersonVectors) -> SharedPerson:
        """A person as a shared gallery has them; their crops are written already."""
        return SharedPerson(person, crops_of(person, self.crops(person.name)))

    def _next(
        self, after: Mapping[str, SharedPerson | None], network: str | None = None, network_name: str | None = None
    ) -> Manifest:
        """What gallery.json says after a change; a shared gallery has it then, so this folder has to follow."""
        network, network_name = network or self.network, network_name or self.network_name
        if self._change is None or self._manifest.shared is None:
            return replace(self._manifest, version=self.version + 1, network=network, network_name=network_name)
        for name, one in after.items():
            self._change.put(one) if one else self._change.remove(name)
        head = self._change.commit(network, network_name)
        mark = replace(self._manifest.shared, token=head.token)
        return replace(self._manifest, version=head.version, network=network, network_name=network_name, shared=mark)

    def _commit(self, change: Callable[[], object], *changed: Path, after: Mapping[str, SharedPerson | None]) -> None:
        """Change these files of people, no other, and let the version say so; a shared gallery is as `after` first."""
        manifest = self._next(after)
        write_manifest(self.folder, manifest, change)
        self._files.reread((path.name for path in changed), manifest.network)
        self._manifest, self._seen, self._snapshot = manifest, (manifest, time_of(self._files.folder)), None
        self._swept = self._times()

    def _set_aside(self, name: str, copies: Sequence[SetAside]) -> None:
        write_set_aside(set_aside_path(self.folder, name), copies, self._key)

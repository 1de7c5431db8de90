"""The gallery: who is known.

gallery.json            {format, version, network, network_name}
people/<slug>.pkl       one signed pickle a person

Readers take no lock: every file is whole at every moment. A change writes the person first and the version after it, so
that a version never promises what is not there; after a crash between the two the gallery is whole, one change further
than its number says, and a running reader sees it by the time of the folder.
"""

import difflib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from twinface.errors import ArtefactError, FingerprintError, InputError
from twinface.files import sync_folder
from twinface.gallery.keys import box_key
from twinface.gallery.locking import WAIT_S, writers_lock
from twinface.gallery.manifest import MANIFEST_FILE, Manifest, read_manifest, write_manifest
from twinface.gallery.people import PersonVectors, appended, checked_name, write_person
from twinface.gallery.people_folder import PeopleFolder, file_states, time_of
from twinface.gallery.snapshot import Snapshot, take_snapshot
from twinface.types import Vectors


class Gallery:
    """An open gallery; `refresh()` takes up what other processes changed, reading only the files that did."""

    def __init__(self, folder: Path, key: bytes, network: str | None, lock_wait_s: float) -> None:
        self.folder = folder
        self._key = key
        self._expected_network = network
        self._lock_wait_s = lock_wait_s
        self._files = PeopleFolder(folder / "people", key)
        self._manifest = Manifest(0, "", "")
        self._seen: tuple[Manifest, int] | None = None
        self._snapshot: Snapshot | None = None

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
        gallery.refresh()
        return gallery

    @property
    def version(self) -> int:
        """Grows with every change."""
        return self._manifest.version

    @property
    def network(self) -> str:
        """Fingerprint of the network that all vectors are of."""
        return self._manifest.network

    @property
    def network_name(self) -> str:
        """Name of that network, for people to read."""
        return self._manifest.network_name

    @property
    def people(self) -> Mapping[str, PersonVectors]:
        """Everybody by name, in the order of names; who is in a damaged file is left out."""
        return self._files.people

    @property
    def damaged(self) -> Mapping[Path, ArtefactError]:
        """Files of people/ that cannot be used, and why; no change of the gallery touches them."""
        return self._files.damaged

    def require_sound(self) -> None:
        """Raise the error of the first damaged file, if there is one."""
        for error in self.damaged.values():
            raise error

    def refresh(self) -> bool:
        """Take up what changed on disk; False, after two cheap looks, when nothing did.

        Raises ArtefactError or FingerprintError when gallery.json is not what it should be; the gallery then stays as
        it was. Damaged people raise nothing, they are in `damaged`.
        """
        manifest = read_manifest(self.folder)
        try:
            seen = (manifest, time_of(self._files.folder))
            if seen == self._seen:
                return False
            states = file_states(self._files.folder)
        except OSError as error:
            raise ArtefactError(f"{self._files.folder}: cannot be read ({error.strerror}); check its rights") from error
        self._check_network(manifest, empty=not states)
        self._files.read(states, manifest.network)
        self._manifest, self._seen, self._snapshot = manifest, seen, None
        return True

    def verify(self) -> Mapping[Path, ArtefactError]:
        """Read every file anew, changed or not, and return `damaged`. Raises as `refresh` does."""
        self._files.forget()
        self._seen = None
        self.refresh()
        return self.damaged

    def snapshot(self) -> Snapshot:
        """All vectors in one matrix; the same object until `refresh` or a change of one's own finds something new."""
        if self._snapshot is None:
            self._snapshot = take_snapshot(list(self.people.values()), self.version, self.network)
            self._files.share(self._snapshot.vectors)
        return self._snapshot

    def add(self, name: str, files: Sequence[str], vectors: Vectors, quality: NDArray[np.float32]) -> int:
        """Append pictures to a person, who is made if new; returns how many of them were not there already.

        A picture is there already when its vector is the same as one of the person's.
        Raises InputError for a name that is none; ArtefactError for vectors of another length or not finite, a damaged
        file in the person's place, another writer that does not end, a full disk. Nothing has changed then.
        """
        name = checked_name(name)
        new = PersonVectors(name, tuple(files), vectors, quality, self.network)
        with self._writing():
            self._refuse_damaged(name)
            for somebody in self.people.values():
                if somebody.vectors.shape[1] != vectors.shape[1]:
                    raise ArtefactError(
                        f"{name}: vectors of {vectors.shape[1]} numbers, {somebody.name}'s have "
                        f"{somebody.vectors.shape[1]}; make both with the same network"
                    )
                break
            old = self.people.get(name)
            merged = appended(old, new)
            added = len(merged.files) - (len(old.files) if old else 0)
            if added:
                write_person(self._files.path_of(name), merged, self._key)
                self._commit()
        return added

    def remove(self, name: str) -> None:
        """Remove a person, also one whose file is damaged. Raises InputError when nobody has this name."""
        name = checked_name(name)
        with self._writing():
            path = self._files.path_of(name)
            if not path.exists():
                raise self._nobody(name)
            path.unlink()
            sync_folder(self._files.folder)
            self._commit()

    def rename(self, old: str, new: str) -> None:
        """Give a person another name. Raises InputError when nobody has the old one, or somebody the new one."""
        old, new = checked_name(old), checked_name(new)
        with self._writing():
            self._refuse_damaged(old)
            self._refuse_damaged(new)
            if old not in self.people:
                raise self._nobody(old)
            if new in self.people:
                raise InputError(f"{new} is in the gallery already; choose another name, or remove one of the two")
            # The name inside the file counts, so each of the two steps leaves exactly one person.
            path = self._files.path_of(old)
            write_person(path, replace(self.people[old], name=new), self._key)
            path.rename(self._files.path_of(new))
            sync_folder(self._files.folder)
            self._commit()

    def _create(self, manifest: Manifest) -> None:
        try:
            self._files.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise ArtefactError(f"{self.folder}: cannot be made ({error.strerror}); choose another folder") from error
        if (self.folder / MANIFEST_FILE).exists() and read_manifest(self.folder).network == manifest.network:
            return
        with writers_lock(self.folder, self._lock_wait_s):
            if not (self.folder / MANIFEST_FILE).exists():
                write_manifest(self.folder, manifest)
            elif (old := read_manifest(self.folder)).network != manifest.network and not file_states(
                self._files.folder
            ):
                write_manifest(self.folder, replace(manifest, version=old.version + 1))

    def _check_network(self, manifest: Manifest, empty: bool) -> None:
        if self._expected_network not in {None, manifest.network} and not empty:
            raise FingerprintError(
                f"{self.folder}: made with the network {manifest.network_name or '?'} ({manifest.network[:12]}), not "
                f"the one in use ({str(self._expected_network)[:12]}); name its network with --network, or another "
                "folder with --gallery and add everybody again"
            )

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Hold the lock, with what others wrote taken up, and a rename that was broken off ended."""
        with writers_lock(self.folder, self._lock_wait_s):
            self.refresh()
            self._check_network(self._manifest, empty=False)
            try:
                for name, path in self._files.paths.items():
                    if path != (proper := self._files.path_of(name)) and not proper.exists():
                        path.rename(proper)
                self.refresh()
                yield
            except OSError as error:
                raise ArtefactError(f"{self.folder}: cannot be changed ({error.strerror}); check its rights") from error

    def _commit(self) -> None:
        write_manifest(self.folder, replace(self._manifest, version=self.version + 1))
        self.refresh()

    def _refuse_damaged(self, name: str) -> None:
        if (error := self.damaged.get(self._files.path_of(name))) is not None:
            raise error

    def _nobody(self, name: str) -> InputError:
        nearest = difflib.get_close_matches(name, self.people, n=1)
        mend = f"did you mean {nearest[0]!r}?" if nearest else "see `twinface gallery list`"
        return InputError(f"nobody called {name!r} is in the gallery; {mend}")

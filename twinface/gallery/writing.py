"""How a gallery is changed: one writer at a time, a person's file first, then the version that tells of it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path

from twinface.errors import ArtefactError, NotThereError
from twinface.files import make_folder
from twinface.gallery.crops import crops_of, crops_path, write_crops
from twinface.gallery.features_folder import require_gallery
from twinface.gallery.leftovers import end_renames, sweep
from twinface.gallery.locking import writers_lock
from twinface.gallery.manifest import (
    MANIFEST_FILE,
    PEOPLE_FOLDER,
    Manifest,
    find_people_folders,
    read_manifest,
    write_manifest,
)
from twinface.gallery.nearest import did_you_mean
from twinface.gallery.people_folder import file_states, time_of
from twinface.gallery.person import PersonVectors
from twinface.gallery.reading import GalleryReader
from twinface.gallery.set_aside import SetAside, set_aside_path, write_set_aside


class GalleryWriter(GalleryReader):
    """What every change of a gallery goes through: the lock, what others wrote before, and the version after it."""

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
                    end_renames(self._files)
                    sweep(self.folder, self._files)
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

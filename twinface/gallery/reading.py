"""A gallery as it is read: everybody, and what is kept beside them. Readers take no lock."""

from collections.abc import Mapping
from pathlib import Path

from twinface.errors import ArtefactError, NotThereError
from twinface.gallery.gallery_folder import ITSELF, is_features_folder, of_another_network, read_manifest, signed_files
from twinface.gallery.manifest import PEOPLE_FOLDER, Manifest, SharedMark
from twinface.gallery.names import did_you_mean
from twinface.gallery.people_files import PeopleFolder, file_states, read_person, time_of
from twinface.gallery.person import PersonVectors, Snapshot, take_snapshot
from twinface.gallery.person_files import (
    SET_ASIDE_FOLDER,
    SUFFIX,
    SetAside,
    crops_path,
    read_crops,
    read_set_aside,
    set_aside_path,
)


class GalleryReader:
    """Holds a gallery's people as they were last read; `refresh()` reads what other processes changed, and no more."""

    def __init__(self, folder: Path, key: bytes, network: str | None, lock_wait_s: float) -> None:
        self.folder = folder
        self._key = key
        self._expected_network = network
        self._lock_wait_s = lock_wait_s
        self._files = PeopleFolder(folder / PEOPLE_FOLDER, key)
        self._manifest = Manifest(0, "", "")
        self._seen: tuple[Manifest, int] | None = None
        self._swept: tuple[int, int] | None = None
        self._snapshot: Snapshot | None = None

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
    def shared(self) -> SharedMark | None:
        """Which shared gallery this is a copy of; None for a gallery of its own."""
        return self._manifest.shared

    @property
    def holds_features(self) -> bool:
        """Whether it is a folder of features in the place of a gallery, which cannot be changed."""
        return self._files.folder == self.folder

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
        manifest = _manifest_of(self.folder, self._key)
        people = self.folder / manifest.people
        try:
            seen = (manifest, time_of(people))
            if seen == self._seen:
                return False
            states = file_states(people)
        except OSError as error:
            raise ArtefactError(f"{people}: cannot be read ({error.strerror}); check its rights") from error
        self._check_network(manifest, empty=not states)
        files = self._files if self._files.folder == people else PeopleFolder(people, self._key)
        files.read(states, manifest.network)
        if _manifest_of(self.folder, self._key).people != manifest.people:
            return self.refresh()  # Everybody was replaced meanwhile, and these files may be half gone.
        self._files, self._manifest, self._seen, self._snapshot = files, manifest, seen, None
        return True

    def verify(self) -> Mapping[Path, ArtefactError]:
        """Read every file again, changed or not, crops too, and return those that cannot be used, and why.

        Raises as `refresh` does.
        """
        self._files.forget()
        self._seen = None
        self.refresh()
        damaged = dict(self.damaged)
        for path in sorted(self._files.folder.glob(f"*{SUFFIX}")):
            try:
                read_crops(path, self._key)
            except ArtefactError as error:
                damaged[path] = error
        return damaged

    def crops(self, name: str) -> dict[str, bytes]:
        """The crops that are kept of a person, encoded as PNG, by the `crop_key` of their vectors.

        Raises ArtefactError or SignatureError when their file is damaged.
        """
        return read_crops(crops_path(self._files.folder, name), self._key)

    def knows(self, name: str) -> bool:
        """Whether there is a person of this name, be it in a damaged file."""
        return name in self.people or self._files.path_of(name).exists()

    def keeps_crops(self, name: str) -> bool:
        """Whether crops of a person are kept."""
        return crops_path(self._files.folder, name).exists()

    def set_aside(self, name: str) -> tuple[SetAside, ...]:
        """The copies of a person's pictures that are remembered. Raises ArtefactError, SignatureError."""
        return read_set_aside(set_aside_path(self.folder, name), self._key)

    def all_set_aside(self) -> frozenset[str]:
        """The absolute paths of all copies that are remembered, of anybody. Raises ArtefactError, SignatureError."""
        folder = self.folder / SET_ASIDE_FOLDER
        return frozenset(one.copy for path in folder.glob("*.pkl") for one in read_set_aside(path, self._key))

    def snapshot(self) -> Snapshot:
        """All vectors in one matrix; the same object until `refresh` or a change of one's own finds something new."""
        if self._snapshot is None:
            self._snapshot = take_snapshot(list(self.people.values()), self.version, self.network)
            self._files.share(self._snapshot.vectors)
        return self._snapshot

    def _times(self) -> tuple[int, int]:
        """When something was last put into the gallery's folder and into that of the people, or taken out."""
        return time_of(self.folder), time_of(self._files.folder)

    def _refuse_damaged(self, name: str) -> None:
        if (error := self.damaged.get(self._files.path_of(name))) is not None:
            raise error

    def _nobody(self, name: str) -> NotThereError:
        return NotThereError(f"nobody called {name!r} is in the gallery; {did_you_mean(name, self.people)}")

    def _check_network(self, manifest: Manifest, empty: bool) -> None:
        if self._expected_network in {None, manifest.network} or empty:
            return
        raise of_another_network(self.folder, manifest, str(self._expected_network))


def _manifest_of(folder: Path, key: bytes) -> Manifest:
    """What gallery.json says or, where there are features, would say: their network is that of the first file.

    Raises ArtefactError as `read_manifest` does, or where no file of features can be read.
    """
    if not is_features_folder(folder):
        return read_manifest(folder)
    errors: list[ArtefactError] = []
    for path in sorted(signed_files(folder)):
        try:
            return Manifest(1, read_person(path, key).network, "", ITSELF)
        except ArtefactError as error:
            errors.append(error)
    raise errors[0] if errors else ArtefactError(f"{folder}: nobody's features any more; extract them again")

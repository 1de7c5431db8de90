"""The averages that scores are made with: what cameras have shown, and the people of the gallery, or of features."""

import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from twinface.averages.average import Averages, Tally, adjust_people, averages_of_people, tally_people
from twinface.averages.clusters import Clusters
from twinface.averages.faces_file import read_faces
from twinface.errors import ArtefactError, FingerprintError
from twinface.files import FileState
from twinface.gallery.person import PersonVectors
from twinface.matching.cohort import Cohort
from twinface.private_files import keep_private

log = logging.getLogger(__name__)

NOBODY: Mapping[str, PersonVectors] = {}
"""Of a box without a gallery; one object, so that nothing is counted again."""

PEOPLE_GAUGE = "average_people "
"""What the gauges begin with that say how many people an average rests on; the source follows."""

_NEVER_SEEN = FileState(0, 0, 0)


class FacesFile:
    """The file of what cameras have shown, read again when it is another one.

    Calling it gives the faces of each camera. `problem` says why there are none: they are learnt again where the file
    is of another network than `network`, a fingerprint, and left as they are where it cannot be read.
    """

    def __init__(self, path: Path, network: str) -> None:
        self.problem = ""
        self._path = path
        self._network = network
        self._seen: FileState | None = _NEVER_SEEN
        self._faces: Mapping[str, Clusters] = {}

    def __call__(self) -> Mapping[str, Clusters]:
        """What the file holds now; the same object while it is the same file."""
        if (seen := FileState.of(self._path)) != self._seen:
            self._seen, self.problem, self._faces = seen, "", {}
            try:
                if seen is not None:
                    keep_private(self._path)
                self._faces = read_faces(self._path, self._network)
            except FingerprintError as error:
                log.warning("averages not used", extra={"error": str(error)})
            except (ArtefactError, OSError) as error:
                self.problem = str(error)
                log.error("averages not used", extra={"error": self.problem})
        return self._faces

    def wrote(self, faces: Mapping[str, Clusters]) -> None:
        """Take note that the file holds these now; for who has written it, and holds its lock still."""
        self._seen, self._faces = FileState.of(self._path), faces


class AveragesInUse:
    """Averages by what cameras have shown, which `faces` gives, and by the people of the gallery.

    A camera that has taught nothing has the average of the people whose vectors are from it, as every other source.
    `snapshot` stays one object until `refresh` finds that an average has moved by more than MOVED, and has the next
    version then; `latest` counts the people as they are. `prior` is the bundled average, float32 (d,).
    """

    def __init__(self, faces: Callable[[], Mapping[str, Clusters]], prior: NDArray[np.float32]) -> None:
        self.snapshot = self.latest = Averages(0, prior)
        self._faces = faces
        self._prior = prior
        self._faces_seen: Mapping[str, Clusters] | None = None
        self._people_seen: Mapping[str, PersonVectors] | None = None
        self._of_people: dict[str, Tally] = {}
        self._sources: set[str] = set()

    @property
    def gauges(self) -> Mapping[str, float]:
        """How many people each average rests on, by PEOPLE_GAUGE and its source; 0 where it was reset."""
        people = {source: one.people for source, one in self.latest.known.items()}
        return {f"{PEOPLE_GAUGE}{source}": people.get(source, 0) for source in sorted(self._sources)}

    def refresh(self, people: Mapping[str, PersonVectors] = NOBODY) -> bool:
        """Take up what has changed, and say whether scores are to be derived again; cheap where nothing has.

        `people` are those of the gallery, one object while they are the same.
        """
        faces = self._faces()
        if faces is self._faces_seen and people is self._people_seen:
            return False
        if people is not self._people_seen:
            self._of_people = tally_people(people.values())
        self._faces_seen, self._people_seen = faces, people
        tallies = self._of_people | {source: clusters.tally for source, clusters in faces.items()}
        fitting = {source: tally for source, tally in tallies.items() if tally.total.shape == self._prior.shape}
        self.latest = Averages.made_of(fitting, self._prior, self.snapshot.version + 1)
        self._sources.update(fitting)
        if self.snapshot.version and not self.latest.moved_from(self.snapshot):
            return False
        self.snapshot = self.latest
        return True


def adjust_features(people: Sequence[PersonVectors], cohort: Cohort | None) -> list[PersonVectors]:
    """People of a features folder as a head with a `cohort` compares them: adjusted by their own averages.

    Raises ArtefactError for vectors of another length than the cohort's.
    """
    return adjust_people(people, averages_of_people(people, cohort.prior) if cohort else None)

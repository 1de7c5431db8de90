"""What a camera shows, learnt from the tracks that end: one contribution each, of its good looks only."""

import logging
import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from twinface.averages.averages_in_use import FacesFile
from twinface.averages.clusters import Clusters
from twinface.averages.faces_file import averages_lock, write_faces
from twinface.errors import ArtefactError
from twinface.events.age_clock import AgeClock
from twinface.events.event import Event, Kind, LookRecord, Subject, TrackKey
from twinface.gallery.person import PersonVectors, camera_source
from twinface.matching.vectors import fuse
from twinface.settings import AverageSettings
from twinface.types import Clock

log = logging.getLogger(__name__)

LEAST_GOOD_LOOKS = 2
"""A track has to give so many: a single one may be of anything that looks like a face for a moment."""

_LEAST_WEIGHT = 1e-3
_WRITTEN_EVERY_S = 60.0

FindLooks = Callable[[Iterable[TrackKey]], Sequence[LookRecord]]
IsGood = Callable[[LookRecord], bool]
TellClock = Callable[[], AgeClock | None]


class Learner:
    """Takes events once they are stored, in the thread that stores them, and keeps the file up to date.

    Calling it, from any thread, gives the faces of each camera as they are now, those included that another process
    has changed. `cameras` are those that teach; `find_looks` gives the looks that are kept of tracks, `is_good` says
    which are fit, and `tell_clock` gives the age clock. `people` are those of the gallery, set by whoever knows them:
    who is enrolled from a camera and has not passed it counts as one who has. `problem` says why nothing is learnt.
    """

    def __init__(
        self,
        path: Path,
        network: str,
        prior: NDArray[np.float32],
        settings: AverageSettings,
        *,
        cameras: Collection[str],
        find_looks: FindLooks,
        is_good: IsGood,
        tell_clock: TellClock,
        clock: Clock = time.monotonic,
    ) -> None:
        self.people: Mapping[str, PersonVectors] = {}
        self._path = path
        self._network = network
        self._prior = prior
        self._keep_days = settings.keep_days
        self._cameras = frozenset(cameras)
        self._find_looks, self._is_good, self._tell_clock = find_looks, is_good, tell_clock
        self._clock = clock
        self._file = FacesFile(path, network)
        self._lock = threading.Lock()
        self._read: Mapping[str, Clusters] | None = None
        self._faces: Mapping[str, Clusters] = {}
        self._is_written = True
        self._written_at_s = -_WRITTEN_EVERY_S
        self._people_taken: Mapping[str, PersonVectors] | None = None
        self._failure = ""

    @property
    def problem(self) -> str:
        """Why nothing is learnt at present, or what is learnt is not written."""
        return self._file.problem or self._failure

    def __call__(self) -> Mapping[str, Clusters]:
        """The faces of each camera, by its source; the same object while they are the same."""
        with self._lock:
            read = self._file()
            if read is not self._read:  # what was learnt since the last writing is given up for what others wrote
                self._read = self._faces = read
                self._is_written = True
            return self._faces

    def take(self, events: Sequence[Event]) -> None:
        """Learn from the tracks that end with these events. Raises ArtefactError as `find_looks` does."""
        clock = self._tell_clock()
        before = self()
        if clock is None or self._file.problem:
            return
        people, faces = self.people, dict(before)
        for source, vector in self._tracks_of(events):
            faces[source] = self._clusters(faces, source).learnt(vector, self._prior, clock.ran_ns)
        for source, vector in self._people_of(people):
            clusters = self._clusters(faces, source)
            if clusters.find(vector, self._prior) is None:
                faces[source] = clusters.learnt(vector, self._prior, clock.ran_ns)
        before_ns = clock.stored_before_ns(self._keep_days)
        kept = {source: clusters.kept(before_ns, clock.ran_ns) for source, clusters in faces.items()}
        self._take_up(before, {source: clusters for source, clusters in kept.items() if len(clusters)}, people)
        if self._clock() - self._written_at_s >= _WRITTEN_EVERY_S:
            self.write()

    def write(self) -> None:
        """Write what was learnt, where that is not written yet; what is wrong with the file is `problem`."""
        faces = self()
        if self._is_written:
            return
        self._written_at_s = self._clock()
        try:
            with averages_lock(self._path):
                if self() is faces:
                    write_faces(self._path, faces, self._network)
                    with self._lock:
                        self._file.wrote(faces)
                        self._read, self._is_written = faces, self._faces is faces
            self._failure = ""
        except ArtefactError as error:
            self._failure = str(error)
            log.error("averages not written", extra={"error": self._failure})

    def _clusters(self, faces: Mapping[str, Clusters], source: str) -> Clusters:
        return faces[source] if source in faces else Clusters.none(len(self._prior))

    def _take_up(
        self, before: Mapping[str, Clusters], faces: Mapping[str, Clusters], people: Mapping[str, PersonVectors]
    ) -> None:
        changed = any(faces.get(source) is not before.get(source) for source in {*faces, *before})
        with self._lock:
            if self._faces is before:  # or the file was changed meanwhile
                self._people_taken = people
                if changed:
                    self._faces, self._is_written = faces, False

    def _tracks_of(self, events: Sequence[Event]) -> Iterable[tuple[str, NDArray[np.float32]]]:
        """Source and vector, float32 (d,), of each track that ends, by its last face's good looks."""
        for event in events:
            key = event.key
            if key is None or (event.subject, event.kind) != (Subject.TRACK, Kind.EXIT):
                continue
            looks = self._find_looks([key]) if key.camera in self._cameras else ()
            good = [look for look in looks if look.face == looks[-1].face and self._is_fit(look)]
            if len(good) >= LEAST_GOOD_LOOKS:
                weights = np.array([look.quality for look in good], np.float32)
                vector = fuse(np.stack([look.vector for look in good]), np.maximum(weights, _LEAST_WEIGHT))
                yield camera_source(key.camera), vector

    def _people_of(self, people: Mapping[str, PersonVectors]) -> Iterable[tuple[str, NDArray[np.float32]]]:
        """The same of people who are enrolled from these cameras, where there are others than before."""
        if people is self._people_taken:
            return
        sources = {camera_source(camera) for camera in self._cameras}
        fitting = [one for one in people.values() if one.vectors.shape[1:] == self._prior.shape]
        for person in fitting:
            for source in sources.intersection(person.sources):
                rows = [row for row, one in enumerate(person.sources) if one == source]
                yield source, fuse(person.vectors[rows])

    def _is_fit(self, look: LookRecord) -> bool:
        return look.network == self._network and look.vector.shape == self._prior.shape and self._is_good(look)

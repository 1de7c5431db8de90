"""The averages of the matcher, which learns while it runs: which tracks teach, and by which looks."""

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np

from twinface.averages.average import centred_vectors
from twinface.averages.averages_in_use import NOBODY, AveragesInUse
from twinface.averages.learner import Learner
from twinface.enrolment.objections import object_to_look
from twinface.events.event import Event, LookRecord
from twinface.events.look_queries import read_looks
from twinface.events.upkeep import Upkeep
from twinface.gallery.person import PersonVectors, camera_source
from twinface.matching.head import Head
from twinface.networks.recipe import NetworkRecipe
from twinface.recognition.averaging import bundled_average, find_head
from twinface.settings import Settings
from twinface.types import Vectors

LEAST_DETECTION = 0.6
"""The detector's score of a look that teaches; a track is continued on less, by what may be no face."""


class LiveAverages(AveragesInUse):
    """Averages in use that `take` events, in the thread that stores them, and learn from the tracks that end.

    Lossless cameras teach nothing, so that two runs of a file give identical events. `upkeep` knows the age clock.
    """

    def __init__(self, settings: Settings, recipe: NetworkRecipe, upkeep: Upkeep) -> None:
        prior = bundled_average(settings, recipe.fingerprint, recipe.dimension)
        self._learner = Learner(
            settings.averages_path,
            recipe.fingerprint,
            prior,
            settings.averages,
            cameras=[one.name for one in settings.camera if settings.averages.learn and not one.lossless],
            find_looks=partial(read_looks, settings.events_path),
            is_good=partial(teaches, find_head(settings, recipe.fingerprint)),
            tell_clock=lambda: upkeep.clock,
        )
        super().__init__(self._learner, prior)

    @property
    def problem(self) -> str:
        """Why nothing is learnt at present, or what is learnt is not written."""
        return self._learner.problem

    def refresh(self, people: Mapping[str, PersonVectors] = NOBODY) -> bool:
        """As of AveragesInUse; who is enrolled from a camera teaches, too."""
        self._learner.people = people
        return super().refresh(people)

    def take(self, events: Sequence[Event]) -> None:
        """Learn from the tracks that end with these events, once they are stored. Raises ArtefactError."""
        self._learner.take(events)

    def centre(self, vectors: Vectors, cameras: Sequence[str]) -> Vectors:
        """What is left of vectors (n, d) when the average of its camera, of so many names (n), is taken off each."""
        return centred_vectors(vectors, [camera_source(camera) for camera in cameras], self.snapshot)

    def close(self) -> None:
        """Write what was learnt."""
        self._learner.write()


def teaches(head: Head | None, look: LookRecord) -> bool:
    """Whether a look teaches its camera's average: one that may get a name does.

    The average is subtracted from these, and has to be of them: that of the best looks alone is another
    (docs/decisions/averages.md). Where the head in use has no cohort, or cannot be read, one that may be enrolled does.
    """
    if head is None or head.cohort is None:
        return object_to_look(look) is None
    is_face = look.measures is not None and look.measures.detection_score >= LEAST_DETECTION
    return is_face and bool(head.knows_quality(look.vector[np.newaxis])[0])

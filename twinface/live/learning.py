"""What the matcher learns of its cameras: which tracks teach, and by which looks."""

from functools import partial

import numpy as np
from numpy.typing import NDArray

from twinface.averages import Learner
from twinface.events import Upkeep, read_looks
from twinface.recognition.enrolling import object_to_look
from twinface.settings import Settings


def open_learner(settings: Settings, network: str, prior: NDArray[np.float32], upkeep: Upkeep) -> Learner:
    """The learner of the settings, for vectors of a `network`, by its fingerprint; `prior` (d,) is its bundled average.

    Lossless cameras teach nothing, so that two runs of a file give identical events. `upkeep` knows the age clock.
    """
    teaching = [camera.name for camera in settings.camera if settings.averages.learn and not camera.lossless]
    return Learner(
        settings.averages_path,
        network,
        prior,
        settings.averages,
        cameras=teaching,
        find_looks=partial(read_looks, settings.events_path),
        is_good=lambda look: object_to_look(look) is None,
        tell_clock=lambda: upkeep.clock,
    )

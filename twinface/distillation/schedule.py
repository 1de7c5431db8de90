"""How long a run lasts, and how fast it learns meanwhile."""

import math
from dataclasses import dataclass

_WARM_UP = 0.05
_FIRST_SHARE = 0.1
_DECAY_FROM = 0.5


@dataclass(frozen=True, slots=True)
class Budget:
    """A period of learning: so many steps, or so many minutes of wall-clock time. Exactly one of them is given."""

    steps: int | None = None
    minutes: float | None = None

    def progress(self, steps: int, seconds: float) -> float:
        """How much of the period is used up, 0…1."""
        used = steps / self.steps if self.steps else seconds / (60 * (self.minutes or math.inf))
        return min(1.0, used)


def learning_rate(progress: float, peak: float) -> float:
    """The rate at 0…1 of a period: warm-up from a tenth, constant, then a cosine to nothing.

    A constant stretch with a late decay costs nothing against a cosine from the start, and the next period can go on
    from where this one ended (Hägele et al., Scaling laws and compute-optimal training beyond fixed training durations,
    2024; Wen et al., WSD-S, 2024).
    """
    if progress < _WARM_UP:
        return peak * max(_FIRST_SHARE, progress / _WARM_UP)
    if progress < _DECAY_FROM:
        return peak
    return peak * 0.5 * (1 + math.cos(math.pi * (progress - _DECAY_FROM) / (1 - _DECAY_FROM)))

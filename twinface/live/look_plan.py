"""When the face of a track is recognised, and by which crop: early, when in doubt, when better, now and then."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from twinface.faces.quality import bound_quality
from twinface.settings import TrackingSettings
from twinface.types import Captured, Face, FaceMeasures, Image

_GOOD = 0.4
"""Quality with which a face that was not recognised yet is not waited for any longer."""

_AS_GOOD = 0.8
"""Share of its best quality so far with which a face is recognised again without waiting."""

_CLEARLY_BETTER, _BETTER_BY = 1.25, 0.05

_LOOKS_SPREAD = 3.0
"""Each of the first looks waits so many times as long as the one before: a name comes soon, and the last of them sees
another moment than the first.
"""

_LOOKS_IN_DOUBT = 1
"""So many looks follow when the face may have become another's; more doubt shortly after adds none."""


@dataclass(frozen=True, slots=True, eq=False)
class Glimpse:
    """A track's face in one frame: its aligned crop, and what was measured of that."""

    frame: int
    captured: Captured
    face: Face
    image: Image
    measures: FaceMeasures

    @property
    def quality(self) -> float:
        """Of the crop, 0…1."""
        return self.measures.quality


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """A track's face in one frame before anything is cut out or measured; `cut_out` does both."""

    captured: Captured
    face: Face
    cut_out: Callable[[], Glimpse]


class LookPlan:
    """Chooses the glimpses of one track that are worth the cost of recognising them.

    A look falls due when the track begins (`first_looks`, each later after the one before), when it is in doubt whose
    face it is, and every `look_interval_ms`. From then on the first glimpse that is good for this track is taken, or
    the best one after `look_wait_ms`. A glimpse that is clearly better than all that were taken is taken also when
    nothing is due. No face is cut out whose size, pose and detection score alone say that it cannot be chosen.
    """

    def __init__(self, settings: TrackingSettings) -> None:
        self._settings = settings
        self._quick_looks = settings.first_looks
        self._due_ms: float | None = None
        self._looked_at_ms: float | None = None
        self._doubted_at_ms = -math.inf
        self._best: Glimpse | None = None
        self._best_quality_taken = 0.0

    def choose(self, view: View, *, doubtful: bool) -> Glimpse | None:
        """The glimpse to recognise now, of this frame or one shortly before; None for none."""
        now_ms = view.captured.media_ms
        doubtful = doubtful and now_ms - self._doubted_at_ms >= self._settings.first_look_interval_ms
        if doubtful:
            self._doubted_at_ms = now_ms
            self._quick_looks = max(self._quick_looks, _LOOKS_IN_DOUBT)
            self._best, self._best_quality_taken = None, 0.0
        if self._due_ms is None and (doubtful or self._is_due(now_ms)):
            self._due_ms = now_ms
        if self._due_ms is None:
            glimpse = self._find_clearly_better(view)
            return self._take(glimpse) if glimpse else None
        self._best = self._find_better(view, self._best)
        good = _AS_GOOD * self._best_quality_taken or _GOOD
        waited = now_ms - self._due_ms >= self._settings.look_wait_ms
        return self._take(self._best) if waited or self._best.quality >= good else None

    @property
    def next_look_ms(self) -> float:
        """Media time from which on a look is due, whatever the face looks like then; in the past where one is."""
        if self._due_ms is not None or self._looked_at_ms is None:
            return -math.inf
        return self._looked_at_ms + self._interval_ms()

    @property
    def is_due(self) -> bool:
        """Whether a look has fallen due, and a good crop for it is waited for."""
        return self._due_ms is not None

    @property
    def has_time(self) -> bool:
        """Whether the next look is neither one of the first ones nor one that doubt asked for."""
        return not self._quick_looks

    def last(self) -> Glimpse | None:
        """What is left to recognise of a track that has ended: its best glimpse, if none was taken."""
        return self._best if self._looked_at_ms is None else None

    def _interval_ms(self) -> float:
        settings = self._settings
        if not self._quick_looks:
            return settings.look_interval_ms
        quick_ms = settings.first_look_interval_ms * _LOOKS_SPREAD ** (settings.first_looks - 1 - self._quick_looks)
        return min(quick_ms, settings.look_interval_ms)

    def _is_due(self, now_ms: float) -> bool:
        return now_ms >= self.next_look_ms

    def _find_clearly_better(self, view: View) -> Glimpse | None:
        """What is to be taken although nothing is due."""
        if view.captured.media_ms - (self._looked_at_ms or 0.0) < self._settings.first_look_interval_ms:
            return None
        least = _CLEARLY_BETTER * self._best_quality_taken + _BETTER_BY
        if bound_quality(view.face) < least:
            return None
        glimpse = view.cut_out()
        return glimpse if glimpse.quality >= least else None

    def _find_better(self, view: View, best: Glimpse | None) -> Glimpse:
        """The better one of the two; the earlier one, where they are as good."""
        if best is not None and bound_quality(view.face) <= best.quality:
            return best
        glimpse = view.cut_out()
        return glimpse if best is None or glimpse.quality > best.quality else best

    def _take(self, glimpse: Glimpse) -> Glimpse:
        self._looked_at_ms = glimpse.captured.media_ms
        self._best_quality_taken = max(self._best_quality_taken, glimpse.quality)
        self._quick_looks = max(0, self._quick_looks - 1)
        self._due_ms = self._best = None
        return glimpse

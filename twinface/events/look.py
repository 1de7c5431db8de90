"""A look at a track, as it is kept: what was seen, what it said by itself, and what was decided after it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twinface.events.event import TrackKey
from twinface.types import Candidate, FaceMeasures


@dataclass(frozen=True, slots=True, eq=False)
class LookRecord:
    """One recognised crop of a track; `crop` is its number within the camera's start, `face` counts the faces that had
    the track's box before, unseen by the tracker.

    `vector` is float32 (d,), of the network with the fingerprint `network`; `quality` 0…1 and `measures` are of the
    crop, None where nothing was measured. `candidates` are whom this look alone shows, `together` whom all looks of the
    track so far show, the best first. `state`, `name`, `score` and `reason` are what the track was then said to be, and
    why it was no name, by the `bounds`: the rule and what it asks for. `enrolled_as` is whom it was enrolled as,
    `unknown` the number of the unknown visitor it was found to show.
    """

    key: TrackKey
    crop: int
    face: int
    at_ns: int
    frame: int
    network: str
    vector: NDArray[np.float32]
    quality: float
    state: str
    name: str | None
    score: float
    reason: str = ""
    candidates: tuple[Candidate, ...] = ()
    together: tuple[Candidate, ...] = ()
    measures: FaceMeasures | None = None
    bounds: Mapping[str, Any] = field(default_factory=dict)
    gallery_version: int = 0
    head: str = ""
    enrolled_as: str | None = None
    unknown: int | None = None

    @property
    def source(self) -> str:
        """Where it comes from, in a word: the track as it is printed, and the crop."""
        return f"{self.key}#{self.crop}"

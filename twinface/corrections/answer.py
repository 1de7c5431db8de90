"""An answer to what wanted a person to look at it.

Corrections say who a face is and change names; an answer says that a track has been looked at, and is not to be asked
about again.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from twinface.errors import ArtefactError
from twinface.matching.vectors import normalised
from twinface.types import Vectors


class AnswerKind(StrEnum):
    """What was answered: it got a name, the name is right, or not; nobody wants to say; it is no face."""

    NAMED = "named"
    RIGHT = "right"
    NOT = "not"
    SKIP = "skip"
    NO_FACE = "no_face"


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered of a `track`, as `twinface events` prints it, when (`at_ns`, wall clock), and of which `name`.

    Of what is no face `vector` is the mean of its looks, float32 little-endian, of the network with the fingerprint
    `network`.
    """

    kind: AnswerKind
    track: str
    at_ns: int
    name: str | None = None
    network: str = ""
    vector: bytes = b""

    @property
    def unit_vector(self) -> Vectors:
        """The vector, float32 (1, d), of length 1."""
        return normalised(np.frombuffer(self.vector, "<f4")[np.newaxis])

    def __post_init__(self) -> None:
        if len(self.vector) % 4 or not np.isfinite(np.frombuffer(self.vector, "<f4")).all():
            raise ArtefactError("an answer with a vector that is none")

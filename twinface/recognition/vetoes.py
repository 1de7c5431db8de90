"""Names that were rejected are not given again to a face like the one they were rejected for."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from twinface.averages.average import Averages, centred_vectors
from twinface.corrections.correction import Correction, CorrectionKind
from twinface.corrections.corrections_file import CORRECTIONS_FILE, read_corrections
from twinface.files import FileState
from twinface.gallery.person import PHOTOS
from twinface.matching.vectors import normalised
from twinface.types import Vectors

VETO_COSINE, VETO_COSINE_CENTRED = 0.5, 0.45
"""A look is like a rejected one from this cosine on, of vectors as they are and of those less the average of their
source: docs/decisions/corrections.md has what it costs and catches."""

_MOST_WEIGHT = 0.5
"""Share of a face's looks, by weight, that have to be like rejected ones."""


@dataclass(frozen=True, slots=True, eq=False)
class _Rejected:
    """Faces that are not somebody: `vectors` (n, d), and the source of each."""

    vectors: Vectors
    sources: tuple[str, ...]

    @classmethod
    def of(cls, corrections: Sequence[Correction]) -> Self:
        return cls(np.stack([one.vector for one in corrections]), tuple(one.source for one in corrections))


class Vetoes:
    """Who may not be called what, by the rejections in a gallery's folder that are of vectors of one network.

    `refresh` loads what was said since; it raises ArtefactError for a damaged file, and the vetoes stay as before.
    """

    def __init__(self, gallery: Path, network: str) -> None:
        self._path = gallery / CORRECTIONS_FILE
        self._network = network
        self._seen: FileState | None = None
        self._rejected: dict[str, _Rejected] = {}

    def refresh(self) -> bool:
        """Whether anything has changed; one look at the file when nothing has."""
        seen = FileState.of(self._path)
        if seen == self._seen:
            return False
        rejected: dict[str, list[Correction]] = {}
        for one in read_corrections(self._path.parent):
            if one.kind is CorrectionKind.REJECT and one.network == self._network:
                rejected.setdefault(one.name, []).append(one)
        self._rejected = {name: _Rejected.of(some) for name, some in rejected.items()}
        self._seen = seen
        return True

    def forbid(
        self,
        name: str,
        vectors: Vectors,
        weights: NDArray[np.float32],
        *,
        source: str = PHOTOS,
        averages: Averages | None = None,
    ) -> bool:
        """Whether a face of the looks `vectors` (n, d) from a source, which count as much as `weights` (n,) say, is not
        `name`. With `averages` each vector is taken relative to that of its source.
        """
        rejected = self._rejected.get(name)
        if rejected is None or rejected.vectors.shape[1] != vectors.shape[1]:
            return False
        known, bound = rejected.vectors, VETO_COSINE
        if averages:
            known = centred_vectors(known, rejected.sources, averages)
            vectors, bound = centred_vectors(vectors, [source] * len(vectors), averages), VETO_COSINE_CENTRED
        like = (normalised(vectors) @ normalised(known).T).max(axis=1) >= bound
        return float(weights[like].sum()) >= _MOST_WEIGHT * float(weights.sum())

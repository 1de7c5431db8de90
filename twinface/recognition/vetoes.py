"""Names that were rejected are not given again to a face like the one they were rejected for."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from twinface.corrections import CORRECTIONS_FILE, CorrectionKind, read_corrections
from twinface.matching.vectors import normalised
from twinface.types import Vectors

VETO_COSINE = 0.5
"""A look is like a rejected one from this cosine on: docs/decisions/corrections.md has what it costs and catches."""

_MOST_WEIGHT = 0.5
"""Share of a face's looks, by weight, that have to be like rejected ones."""


class Vetoes:
    """Who may not be called what, by the rejections in a gallery's folder that are of vectors of one network.

    `refresh` takes up what was said since; it raises ArtefactError for a damaged file, and the vetoes stay as before.
    """

    def __init__(self, gallery: Path, network: str) -> None:
        self._path = gallery / CORRECTIONS_FILE
        self._network = network
        self._seen: tuple[int, int] | None = None
        self._rejected: dict[str, Vectors] = {}

    def refresh(self) -> bool:
        """Whether anything has changed; one look at the file when nothing has."""
        seen = self._look()
        if seen == self._seen:
            return False
        rejected: dict[str, list[NDArray[np.float32]]] = {}
        for one in read_corrections(self._path.parent):
            if one.kind is CorrectionKind.REJECT and one.network == self._network:
                rejected.setdefault(one.name, []).append(one.vector)
        self._rejected = {name: normalised(np.stack(vectors)) for name, vectors in rejected.items()}
        self._seen = seen
        return True

    def forbid(self, name: str, vectors: Vectors, weights: NDArray[np.float32]) -> bool:
        """Whether a face of the looks `vectors` (n, d), which count as much as `weights` (n,) say, is not `name`."""
        rejected = self._rejected.get(name)
        if rejected is None or rejected.shape[1] != vectors.shape[1]:
            return False
        like = (normalised(vectors) @ rejected.T).max(axis=1) >= VETO_COSINE
        return float(weights[like].sum()) >= _MOST_WEIGHT * float(weights.sum())

    def _look(self) -> tuple[int, int] | None:
        try:
            status = self._path.stat()
        except FileNotFoundError:
            return None
        return status.st_ino, status.st_mtime_ns

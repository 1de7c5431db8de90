"""Which looks are fit to remember somebody unknown by: not those of what somebody said to be no face."""

import logging
from pathlib import Path

import numpy as np

from twinface.corrections.answer import AnswerKind
from twinface.corrections.answers_file import ANSWERS_FILE, read_answers
from twinface.enrolment.objections import is_good_look
from twinface.errors import ArtefactError
from twinface.events.event import LookRecord
from twinface.files import FileState
from twinface.matching.vectors import normalised
from twinface.types import Vectors

log = logging.getLogger(__name__)

NO_FACE_COSINE = 0.6
"""From here on a look shows what was said to be no face. Among pictures of people no two of 387,639 pairs reach it
(docs/decisions/unknowns.md), so that no visitor is lost by what a poster looked like."""


class FitLooks:
    """Asked of looks of one network; what was said to be no face stands among the answers in a gallery's folder."""

    def __init__(self, gallery: Path, network: str) -> None:
        self._path = gallery / ANSWERS_FILE
        self._network = network
        self._seen: FileState | None = None
        self._vectors: Vectors = np.empty((0, 0), np.float32)

    def is_fit(self, look: LookRecord) -> bool:
        """Whether nothing speaks against enrolling a look, and it does not show what was said to be no face.

        Of a damaged file of answers what was read before counts.
        """
        return is_good_look(look) and not self._shows_no_face(look)

    def _shows_no_face(self, look: LookRecord) -> bool:
        try:
            self._refresh()
        except (ArtefactError, OSError) as error:
            log.warning("answers are not read", extra={"error": str(error)})
        if look.network != self._network or self._vectors.shape[1] != len(look.vector):
            return False
        return bool((self._vectors @ normalised(look.vector[np.newaxis])[0]).max() >= NO_FACE_COSINE)

    def _refresh(self) -> None:
        seen = FileState.of(self._path)
        if seen == self._seen:
            return
        self._seen = seen
        found = [
            one.unit_vector[0]
            for one in read_answers(self._path.parent).values()
            if one.kind is AnswerKind.NO_FACE and one.vector and one.network == self._network
        ]
        lengths = {len(one) for one in found}
        self._vectors = np.stack(found) if len(lengths) == 1 else np.empty((0, 0), np.float32)

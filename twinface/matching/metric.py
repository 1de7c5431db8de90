"""The metric head: cosine, calibrated to a score. Nothing to train."""

from twinface.matching.heads import Head, Scorer, Scores, sigmoid
from twinface.matching.spec import Calibration, HeadSpec
from twinface.matching.vectors import checked_vectors, normalised
from twinface.types import Vectors

SFACE_CALIBRATION = Calibration(slope=36.0, offset=0.43)
"""Logistic regression on cosines of SFace: genuine and impostor pairs of aligned crops of 5,268 people, none of them of
the validation split, weighted to a prior of one genuine pair in 300, since somebody is compared with a whole gallery.
So 0.5 is where both readings are equally likely given that prior: of those people's frontal pictures 24 in a million
impostor pairs score more, and 93.9 % of the genuine."""


class MetricHead(Head):
    """score = sigmoid(slope · (cosine - offset)), one matrix product for all probes and the whole gallery."""

    def __init__(self, spec: HeadSpec, calibration: Calibration) -> None:
        self.spec = spec
        self._slope, self._offset = calibration.slope, calibration.offset

    def prepare(self, gallery: Vectors) -> Scorer:
        """A scorer that keeps the gallery normalised; see Head."""
        columns = normalised(checked_vectors(gallery)).T

        def score(probes: Vectors) -> Scores:
            unit = normalised(checked_vectors(probes, columns.shape[0] if columns.size else None))
            if not columns.size:
                return unit[:, :0]
            return sigmoid(self._slope * (unit @ columns - self._offset))

        return score

    def score_pairs(self, a: Vectors, b: Vectors) -> Scores:
        """Scores of pairs; see Head."""
        unit_a, unit_b = normalised(checked_vectors(a)), normalised(checked_vectors(b, a.shape[1]))
        cosines = (unit_a * unit_b).sum(axis=1)
        return sigmoid(self._slope * (cosines - self._offset))

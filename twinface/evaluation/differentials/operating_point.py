"""The threshold at which errors are counted: the one in force, or that of a false-accept rate of everybody."""

import math

import numpy as np
from numpy.typing import NDArray

from twinface.errors import InputError
from twinface.evaluation.differentials.group_results import OperatingPoint
from twinface.evaluation.differentials.score_blocks import AllPairs
from twinface.evaluation.protocols.similarity import Similarity
from twinface.matching.threshold import choose_threshold
from twinface.progress import ShowProgress
from twinface.settings import MatchingSettings

_BINS = 1 << 20
_SHIFT = 12
_SIGN = np.uint32(1 << 31)
_FEWEST_ACCEPTED = 10
"""A threshold of a rate has room for so many false accepts at least."""


def operating_point(
    pairs: AllPairs, similarity: Similarity, matching: MatchingSettings, rate: float | None, show: ShowProgress
) -> OperatingPoint:
    """The threshold of `rate`, if given; else the one in force for a head, and for a metric, which has none, that of
    the `false_accept_rate` of the settings.

    Raises InputError where there are too few impostor pairs for the rate.
    """
    if rate is None and similarity.spec is not None:
        if matching.rule == "vote":
            above = float(np.nextafter(np.float32(matching.vote_score), np.float32(2.0)))
            return OperatingPoint(above, "vote_score of the settings")
        in_force = choose_threshold(matching, similarity.spec)
        return OperatingPoint(in_force.value, in_force.source)
    if rate is not None:
        return OperatingPoint(find_threshold(pairs, rate, show), f"false-accept rate {rate:g} of everybody", rate)
    rate = matching.false_accept_rate
    source = f"false-accept rate {rate:g} of everybody, as configured"
    return OperatingPoint(find_threshold(pairs, rate, show), source, rate)


def find_threshold(pairs: AllPairs, rate: float, show: ShowProgress) -> float:
    """The lowest score that at most this share of the impostor pairs reaches, up to 0.05 % of the score too high.

    Scores are counted in a histogram of the first 20 bits of float32: 1 of the sign, 8 of the exponent, 11 of the
    fraction. So the resolution is 2^-11 of the score, whatever its range. Raises InputError where fewer than ten
    impostor pairs may be accepted, or where more than the share have the highest scores of all.
    """
    counts = np.zeros(_BINS, np.int64)
    with show("finding the threshold", len(pairs)) as bar:
        for block in pairs:
            counts += np.bincount(_bins(block.scores[block.impostor]), minlength=_BINS)
            bar.advance()
    reaching = np.cumsum(counts[::-1])[::-1]
    total = int(reaching[0])
    if rate * total < _FEWEST_ACCEPTED:
        lower = f" take {_rounded_up(_FEWEST_ACCEPTED / total):g} or more, or" if total > _FEWEST_ACCEPTED else ""
        raise InputError(
            f"--far {rate:g}: of {total:,} pairs of different people that is fewer than {_FEWEST_ACCEPTED};{lower} add"
            " people"
        )
    place = int(np.argmax(reaching <= rate * total))
    if reaching[place] == 0 or reaching[place] > rate * total:
        raise InputError(
            f"--far {rate:g}: more pairs of different people than that have the highest score there is; somebody may be"
            " there under several names (see --same-person-above)"
        )
    return _lower_edge(place)


def _rounded_up(rate: float) -> float:
    """To two digits."""
    unit: float = 10.0 ** (math.floor(math.log10(rate)) - 1)
    return math.ceil(rate / unit) * unit


def _bins(scores: NDArray[np.float32]) -> NDArray[np.int64]:
    """The bin of each score, in the order of the scores: the bits of negative ones are turned round."""
    bits = (scores + np.float32(0.0)).view(np.uint32)  # -0.0 becomes 0.0
    ordered = np.where(bits & _SIGN, ~bits, bits | _SIGN)
    return (ordered >> np.uint32(_SHIFT)).astype(np.int64)


def _lower_edge(place: int) -> float:
    ordered = np.uint32(place << _SHIFT)
    bits = ordered & ~_SIGN if ordered & _SIGN else ~ordered
    return float(np.array([bits], np.uint32).view(np.float32)[0])

"""What an evaluation found, ready to be shown as a table, as JSON or as a page."""

from dataclasses import dataclass
from pathlib import Path

from twinface.evaluation.figures.fold_accuracy import FoldedAccuracy, best_threshold
from twinface.evaluation.figures.intervals import Interval, count_carriers, figure_intervals, share_interval
from twinface.evaluation.figures.open_set import Confusion, PersonOutcome, Searches, outcomes, worst_confusions
from twinface.evaluation.figures.verification import ScoredPairs, Subject, VerificationFigures, verification_figures

WORST_CONFUSIONS = 12


@dataclass(frozen=True, slots=True, eq=False)
class Verification:
    """Figures of pairs, called `title`, and their intervals by the names of `intervals.named_figures`.

    The pairs show `people`; of these the `carriers` carry the figures, who may be too few for intervals.
    """

    title: str
    pairs: ScoredPairs
    figures: VerificationFigures
    intervals: dict[str, Interval | None]
    people: int
    carriers: int


@dataclass(frozen=True, slots=True, eq=False)
class Identification:
    """Figures of searches by `rule`; as those of `Searches.as_pairs`, at false positive rates.

    `threshold` is where outcomes are reported: that of `rate`, or the most right one where `rate` is None.
    """

    rule: str
    searches: Searches
    figures: VerificationFigures
    intervals: dict[str, Interval | None]
    carriers: int
    rank1: float
    rank1_interval: Interval | None
    rate: str | None
    threshold: float
    confusions: list[Confusion]
    outcomes: list[PersonOutcome]


@dataclass(frozen=True, slots=True, eq=False)
class PairsEvaluation:
    """Of a list of pairs.

    `undetected` pairs have a picture without a face, of which there are `undetected_pictures`; `left_out` pairs show
    somebody whom the head was trained on. `pictures` are all that the pairs number.
    """

    subject: Subject
    verification: Verification
    folded: FoldedAccuracy
    accuracy_interval: Interval | None
    undetected: int
    undetected_pictures: int
    left_out: int
    pictures: tuple[Path, ...]
    seconds: float


@dataclass(frozen=True, slots=True, eq=False)
class FeaturesEvaluation:
    """Of a features folder: `verifications` of all pairs first, then those of groups of pictures.

    `people` are the names that pairs number, `chosen` says how they were chosen; `left_out` of them the head learnt
    from. `files` has each picture's name, `pictures` where it lies, where that is known.
    """

    subject: Subject
    verifications: tuple[Verification, ...]
    identification: Identification | None
    people: tuple[str, ...]
    chosen: str
    left_out: int
    files: tuple[str, ...]
    pictures: tuple[Path, ...] | None
    seconds: float


def measure_verification(title: str, pairs: ScoredPairs, seed: int) -> Verification:
    """Figures and intervals of pairs. Raises ValueError without pairs of both kinds."""
    figures = verification_figures(pairs.scores, pairs.same)
    intervals = figure_intervals(pairs, figures, seed=seed)
    return Verification(title, pairs, figures, intervals, pairs.count_people(), count_carriers(pairs))


def measure_identification(rule: str, searches: Searches, seed: int) -> Identification:
    """Figures and intervals of searches."""
    pairs = searches.as_pairs()
    figures = verification_figures(pairs.scores, pairs.same, searches.carried_rates())
    known = searches.known
    ranked = ScoredPairs(
        pairs.scores[known], pairs.same[known], pairs.first[known], pairs.second[known], searches.person
    )
    rate = next(iter(figures.thresholds), None)
    threshold = figures.thresholds[rate] if rate else best_threshold(pairs.scores, pairs.same)
    return Identification(
        rule=rule,
        searches=searches,
        figures=figures,
        intervals=figure_intervals(pairs, figures, seed=seed),
        carriers=count_carriers(pairs),
        rank1=float(searches.right[known].mean()),
        rank1_interval=share_interval(searches.right[known], ranked, seed=seed),
        rate=rate,
        threshold=threshold,
        confusions=worst_confusions(searches, threshold, WORST_CONFUSIONS),
        outcomes=outcomes(searches, threshold),
    )

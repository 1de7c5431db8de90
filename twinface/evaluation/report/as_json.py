"""Evaluations as JSON: plain dictionaries with the same keys every time."""

from typing import Any

from twinface.evaluation.figures.intervals import FEWEST_PEOPLE, Interval
from twinface.evaluation.figures.results import FeaturesEvaluation, Identification, PairsEvaluation, Verification
from twinface.evaluation.figures.verification import Subject, worst_pairs
from twinface.evaluation.report.wording import no_interval

_WORST = 20
_TAR = "tar_at_far_"


def pairs_to_json(done: PairsEvaluation) -> dict[str, Any]:
    """Rates are shares, 0…1; `accuracy_std` is the deviation of the folds' accuracies about their mean."""
    accuracies, thresholds = done.folded.accuracies, done.folded.thresholds
    verification = _verification(done.verification)
    verification["intervals"]["accuracy_mean"] = _ends(done.accuracy_interval)
    return {
        **subject_to_json(done.subject),
        **verification,
        "accuracy_mean": float(accuracies.mean()),
        "accuracy_std": float(accuracies.std()),
        "threshold": float(thresholds.mean()),
        "folds": [
            {"accuracy": float(accuracy), "threshold": float(threshold)}
            for accuracy, threshold in zip(accuracies, thresholds, strict=True)
        ],
        "undetected": done.undetected,
        "undetected_pictures": done.undetected_pictures,
        "left_out": done.left_out,
        "seconds": round(done.seconds, 3),
    }


def features_to_json(done: FeaturesEvaluation) -> dict[str, Any]:
    """Figures of all pairs at the top, those of groups of pictures in `groups`, and what identification found."""
    overall, *groups = done.verifications

    def picture(number: int) -> str:
        return f"{done.people[overall.pairs.person[number]]}/{done.files[number]}"

    return {
        **subject_to_json(done.subject),
        **_verification(overall),
        "people_chosen": done.chosen,
        "left_out": done.left_out,
        "groups": {group.title: _verification(group) for group in groups},
        "identification": _identification(done.identification, done) if done.identification else None,
        "worst": {
            name: [
                {"first": picture(worst.first), "second": picture(worst.second), "score": worst.score}
                for worst in worst_pairs(overall.pairs, _WORST, same=same)
            ]
            for name, same in (("impostors", False), ("genuine", True))
        },
        "seconds": round(done.seconds, 3),
    }


def subject_to_json(subject: Subject) -> dict[str, Any]:
    """What was evaluated, at the top of every evaluation."""
    return {
        "metric": subject.metric,
        "head": str(subject.head) if subject.head else None,
        "network": subject.network,
        "network_fingerprint": subject.fingerprint,
    }


def _verification(measured: Verification) -> dict[str, Any]:
    figures = measured.figures
    return {
        "pairs": figures.genuine_pairs + figures.impostor_pairs,
        "genuine_pairs": figures.genuine_pairs,
        "impostor_pairs": figures.impostor_pairs,
        "people": measured.people,
        "auc": figures.auc,
        "eer": figures.eer,
        "tar_at_far": figures.accepted_at,
        "thresholds_at_far": figures.thresholds,
        "intervals": _intervals(measured.intervals),
        "no_interval": _why_none(measured.carriers),
    }


def _intervals(intervals: dict[str, Interval | None]) -> dict[str, Any]:
    single = {name: _ends(one) for name, one in intervals.items() if not name.startswith(_TAR)}
    by_rate = {name.removeprefix(_TAR): _ends(one) for name, one in intervals.items() if name.startswith(_TAR)}
    return {**single, "tar_at_far": by_rate}


def _ends(interval: Interval | None) -> list[float] | None:
    return [interval.low, interval.high] if interval else None


def _why_none(people: int) -> str | None:
    """Why intervals are null, where they are."""
    return no_interval(people) if people < FEWEST_PEOPLE else None


def _identification(found: Identification, done: FeaturesEvaluation) -> dict[str, Any]:
    searches, figures, people = found.searches, found.figures, done.people
    return {
        "rule": found.rule,
        "known_searches": figures.genuine_pairs,
        "stranger_searches": figures.impostor_pairs,
        "rank1": found.rank1,
        "fnir_at_fpir": {rate: 1.0 - accepted for rate, accepted in figures.accepted_at.items()},
        "thresholds_at_fpir": figures.thresholds,
        "intervals": {
            "rank1": _ends(found.rank1_interval),
            "fnir_at_fpir": {
                rate: _ends((interval := found.intervals[_TAR + rate]) and interval.of_the_rest)
                for rate in figures.accepted_at
            },
        },
        "no_interval": _why_none(found.carriers),
        "threshold": found.threshold,
        "people": [
            {
                "name": people[one.person],
                "known_searches": one.known,
                "missed": one.missed,
                "misranked": one.misranked,
                "stranger_searches": one.strange,
                "false_positives": one.false_positives,
            }
            for one in found.outcomes
        ],
        "confusions": [
            {
                "name": people[searches.person[one.probe]],
                "file": done.files[one.probe],
                "taken_for": people[one.taken_for],
                "times": one.times,
                "searches": one.searches,
                "score": one.score,
            }
            for one in found.confusions
        ],
    }

"""Strangers who are no celebrities: how many get a name, and what that costs the people who are known.

    .venv/bin/python benchmarks/strangers_named.py --strangers FEATURES --people FEATURES [--other FEATURES] [--json]

`--strangers` are features of everyday pictures, one a person , of whom every fifth, which no head learns from,
is asked; `--people` those with frontal_… and profile_… pictures, of whom the validation people are told. `--other` are
further people of one kind of picture, two a person at least, for an open set of its own. Scores are the head's in the
box, and plain cosine's beside them. Each folder is a source, told from its own average, as the pipeline does.

1. Default settings: share of strangers named by one look, and by two agreeing pictures where there are two, with 5, 20
   and 100 of them, or of the others, enrolled with one picture; the known people missed with three pictures enrolled.
2. Asked and measured: `strangers_named` against the share that is, for galleries of 1 to 1,000.
3. FNIR at FPIR 1 % on strangers, of validation people enrolled by one picture, head and cosine, paired.
4. Genuine pairs accepted where 1 in 1,000, and in 10,000, pairs of strangers are.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from rich.table import Table

from twinface.averages.averages_in_use import adjust_features
from twinface.evaluation.protocols.split import validation_people
from twinface.gallery import PersonVectors, read_features
from twinface.matching import Head, decide, load_head
from twinface.matching.decision import enrolled_vectors
from twinface.matching.threshold import least_score, share_asked_for
from twinface.matching.vectors import normalised
from twinface.recognition.known import best_of_strangers
from twinface.settings import MatchingSettings
from twinface.types import Scorer, Vectors

SIZES, ASKED = (1, 5, 20, 100, 1000), (0.01, 0.001)
DRAWS = {1: 300, 5: 120, 20: 60, 100: 20, 1000: 4}
PROBES = 2000
ONE_PERSON_COSINE = 0.6
ROUNDS = 1000
FEWEST_OTHERS = 4

progress = Console(stderr=True)


@dataclass(frozen=True, slots=True, eq=False)
class Kind:
    """People of one kind of picture, told by a head from its average, and as they are."""

    people: list[PersonVectors]
    raw: list[PersonVectors]

    @property
    def first(self) -> Vectors:
        """One vector of each."""
        return np.stack([one.vectors[0] for one in self.people])

    @property
    def first_raw(self) -> Vectors:
        """The same vectors as the network gives them."""
        return np.stack([one.vectors[0] for one in self.raw])


def tell(people: Sequence[PersonVectors], head: Head) -> Kind:
    """Take the average of the people's own kind of picture off."""
    return Kind(adjust_features(people, head.cohort), list(people))


def held_out(folder: Path) -> list[PersonVectors]:
    """The validation people of a features folder."""
    people = read_features(folder)
    kept = set(validation_people([one.name for one in people]))
    return [one for one in people if one.name in kept]


def threshold_for(head: Head, compared: Vectors, people: int, settings: MatchingSettings, asked: float) -> float:
    """The score that gives a name in a gallery, one vector a person."""
    index = np.arange(people, dtype=np.int32)
    tail = np.ones((0, 2), np.float32) if head.tail is None else head.tail
    best = best_of_strangers(head, head.prepare_gallery(compared), index, people, settings)
    return least_score(best, people, asked, tail)


def asked_and_measured(head: Head, kind: Kind, settings: MatchingSettings, seed: int) -> list[dict[str, float]]:
    """Galleries of some of the strangers, one picture each; the others come."""
    rng, found = np.random.default_rng(seed), []
    told, raw = kind.first, normalised(kind.first_raw)
    for size in (one for one in SIZES if 3 * one <= len(told)):
        default = share_asked_for(None, size)
        shares: dict[float, list[float]] = {asked: [] for asked in (*ASKED, default)}
        for _ in track(range(DRAWS[size]), f"galleries of {size}", console=progress, transient=True):
            drawn = rng.permutation(len(told))
            gallery, probes = drawn[:size], drawn[size : size + PROBES]
            scores = head.prepare(told[gallery])(told[probes])
            scores[raw[probes] @ raw[gallery].T > ONE_PERSON_COSINE] = 0.0
            best = _best_with_lead(scores, settings)
            for asked, share in shares.items():
                needed = threshold_for(head, told[gallery], size, settings, asked)
                reached = best if asked == default else scores.max(axis=1)
                share.append(float((reached >= needed).mean()))
        for asked, share in shares.items():
            found.append(
                {"people": size, "asked": asked, "measured": float(np.mean(share)), "draws": len(share)}
                | {"most": float(np.max(share))}
            )
    return found


def _best_with_lead(scores: NDArray[np.float32], settings: MatchingSettings) -> NDArray[np.float32]:
    """Each probe's best score, 0 where the runner-up is too near for a name."""
    if scores.shape[1] == 1:
        return scores[:, 0]
    two = np.partition(scores, scores.shape[1] - 2, axis=1)[:, -2:]
    return np.where(two[:, 1] - two[:, 0] >= settings.margin, two[:, 1], np.float32(0.0))


def known_missed(head: Head, kind: Kind, settings: MatchingSettings, seed: int) -> dict[str, float]:
    """Default settings: 40 of the people enrolled by three frontal pictures, their other frontals and profiles come."""
    rng = np.random.default_rng(seed)
    missed: dict[str, list[bool]] = {"frontal": [], "profile": []}
    strangers: list[bool] = []
    for _ in range(20):
        order = rng.permutation(len(kind.people))
        known, others = order[:40], order[40:]
        rows = [rng.permutation(_of(kind.people[one], "frontal")) for one in known]
        vectors = np.concatenate([kind.people[one].vectors[row[:3]] for one, row in zip(known, rows, strict=True)])
        index = np.repeat(np.arange(len(known), dtype=np.int32), 3)
        compared, index = enrolled_vectors(vectors, index, len(known), settings)
        needed = threshold_for(head, compared, len(known), settings, share_asked_for(None, len(known)))
        at = settings.model_copy(update={"threshold": needed})
        score, names = head.prepare(compared), tuple(map(str, range(len(known))))
        for place, (one, row) in enumerate(zip(known, rows, strict=True)):
            for group, probes in (("frontal", row[3:]), ("profile", _of(kind.people[one], "profile"))):
                for scores in score(kind.people[one].vectors[probes]):
                    missed[group].append(decide(scores, index, names, at).name != str(place))
        for one in others:
            come = score(kind.people[one].vectors[_of(kind.people[one], "frontal")])
            strangers.extend(decide(scores, index, names, at).name is not None for scores in come)
    shares = {f"{group} missed": float(np.mean(values)) for group, values in missed.items()}
    counts = {f"{group} probes": len(values) for group, values in missed.items()}
    return shares | {"strangers of their kind named": float(np.mean(strangers)), **counts, "strangers": len(strangers)}


def _of(person: PersonVectors, word: str) -> NDArray[np.intp]:
    return np.flatnonzero([file.startswith(word) for file in person.files])


def missed_at_fpir(head: Head, people: Kind, strangers: Kind, seed: int) -> dict[str, dict[str, float]]:
    """FNIR where 1 % of strangers get a name, everybody enrolled by one frontal picture; head, and cosine of raw
    vectors, on the same draws; the interval is paired, over people."""
    rng = np.random.default_rng(seed)
    results: dict[str, dict[str, list[NDArray[np.float64]]]] = {}
    for _ in range(10):
        rows = [int(rng.choice(_of(one, "frontal"))) for one in people.people]
        for name, kind, prepare in (("head", "people", head.prepare), ("cosine", "raw", _cosine)):
            group: list[PersonVectors] = getattr(people, kind)
            gallery = np.stack([one.vectors[row] for one, row in zip(group, rows, strict=True)])
            score = prepare(gallery)
            come = strangers.first if kind == "people" else strangers.first_raw
            best = np.sort(score(come).max(axis=1))
            needed = best[len(best) - int(0.01 * len(best))]
            for word in ("frontal", "profile"):
                missed = []
                for place, (one, row) in enumerate(zip(group, rows, strict=True)):
                    probes = np.setdiff1d(_of(one, word), [row])
                    scores = score(one.vectors[probes])
                    right = (scores.argmax(axis=1) == place) & (scores.max(axis=1) >= needed)
                    missed.append(1.0 - float(right.mean()))
                results.setdefault(word, {}).setdefault(name, []).append(np.array(missed))
    return {
        word: _ratio({name: np.mean(parts, axis=0) for name, parts in both.items()}) for word, both in results.items()
    }


def _ratio(missed: dict[str, NDArray[np.float64]]) -> dict[str, float]:
    rng, count = np.random.default_rng(0), len(missed["head"])
    drawn = rng.integers(0, count, (ROUNDS, count))
    ratios = missed["head"][drawn].mean(axis=1) / np.maximum(missed["cosine"][drawn].mean(axis=1), 1e-9)
    low, high = np.percentile(ratios, (2.5, 97.5))
    head, cosine = (float(missed[name].mean()) for name in ("head", "cosine"))
    return {"head": head, "cosine": cosine, "ratio": head / cosine, "low": float(low), "high": float(high)}


def _cosine(gallery: Vectors) -> Scorer:
    columns = normalised(gallery).T
    return lambda probes: normalised(probes) @ columns


def accepted(head: Head, people: Kind, strangers: Kind) -> list[dict[str, Any]]:
    """Genuine pairs accepted at false-accept rates on pairs of strangers, and on pairs of their own kind."""
    found = []
    for name, prepare, kind in (("head", head.prepare, "people"), ("cosine", _cosine, "raw")):
        come = strangers.first if kind == "people" else strangers.first_raw
        group: list[PersonVectors] = getattr(people, kind)
        matrix = prepare(come)(come)
        apart = normalised(strangers.first_raw) @ normalised(strangers.first_raw).T < ONE_PERSON_COSINE
        impostor = np.sort(matrix[np.triu(apart, 1)])
        vectors = np.concatenate([one.vectors for one in group])
        person = np.repeat(np.arange(len(group)), [len(one.files) for one in group])
        frontal = np.array([file.startswith("frontal") for one in group for file in one.files])
        scores = prepare(vectors)(vectors)
        same = person[:, np.newaxis] == person
        both = np.triu(np.outer(frontal, frontal), 1)
        across = np.outer(frontal, ~frontal)
        for rate in (1e-3, 1e-4):
            needed = impostor[len(impostor) - int(rate * len(impostor))]
            row: dict[str, Any] = {"by": name, "rate": rate, "strangers' pairs": len(impostor)}
            for word, kept in (("frontal-frontal", both), ("frontal-profile", across)):
                own = np.sort(scores[kept & ~same])
                own_needed = own[len(own) - max(1, int(rate * len(own)))]
                genuine = scores[kept & same]
                row |= {
                    word: float((genuine >= needed).mean()),
                    f"{word}, own kind": float((genuine >= own_needed).mean()),
                }
            found.append(row)
    return found


def open_set(head: Head, others: Kind, seed: int) -> dict[str, float]:
    """FNIR at FPIR 1 % among people of one kind, one picture enrolled: the head's, and raw cosine's."""
    rng = np.random.default_rng(seed)
    several = [row for row, one in enumerate(others.people) if len(one.files) > 1]
    known = rng.permutation(several)[: 2 * len(several) // 3]
    strangers = np.setdiff1d(np.arange(len(others.people)), known)
    found = {}
    for name, kind, prepare in (("head", "people", head.prepare), ("cosine", "raw", _cosine)):
        group: list[PersonVectors] = getattr(others, kind)
        score = prepare(np.stack([group[row].vectors[0] for row in known]))
        best = np.sort(score(np.concatenate([group[row].vectors[:1] for row in strangers])).max(axis=1))
        needed = best[len(best) - max(1, int(0.01 * len(best)))]
        right = []
        for place, row in enumerate(known):
            scores = score(group[row].vectors[1:])
            right += ((scores.argmax(axis=1) == place) & (scores.max(axis=1) >= needed)).tolist()
        found[name] = 1.0 - float(np.mean(right))
    return found | {"people": len(known), "strangers": len(strangers), "probes": len(right)}


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    """All figures."""
    strangers = held_out(arguments.strangers)
    head = load_head(arguments.head, strangers[0].network)
    if head.tail is None:
        raise SystemExit("this network's head has no cohort; train one with `twinface train --strangers`")
    settings = MatchingSettings()
    everyday, people = tell(strangers, head), tell(held_out(arguments.people), head)
    found: dict[str, Any] = {
        "strangers": len(strangers),
        "people": len(people.people),
        "asked and measured": asked_and_measured(head, everyday, settings, arguments.seed),
        "known": known_missed(head, people, settings, arguments.seed),
        "FNIR at FPIR 1 %": missed_at_fpir(head, people, everyday, arguments.seed),
        "accepted": accepted(head, people, everyday),
    }
    if arguments.other:
        others = tell(held_out(arguments.other), head)
        found["others asked and measured"] = asked_and_measured(head, others, settings, arguments.seed)
        found["open set"] = open_set(head, others, arguments.seed)
    return found


def show(found: dict[str, Any]) -> None:
    """Tables."""
    console = Console(width=120)
    for title, rows in found.items():
        if isinstance(rows, list):
            table = Table(*rows[0], title=title, box=None)
            for row in rows:
                table.add_row(*(f"{value:.5g}" if isinstance(value, float) else str(value) for value in row.values()))
            console.print(table)
        else:
            console.print(title, rows)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--strangers", type=Path, required=True)
    parser.add_argument("--people", type=Path, required=True)
    parser.add_argument("--other", type=Path)
    parser.add_argument("--head", type=Path, help="default: the bundled one")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    found = measure(arguments)
    print(json.dumps(found)) if arguments.json else show(found)


if __name__ == "__main__":
    main()

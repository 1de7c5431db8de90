"""From the scores of single vectors to a name, or to nobody's; and from the looks at one face to a name that stays."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from twinface.matching.vectors import normalised
from twinface.settings import MatchingSettings
from twinface.text import plural
from twinface.types import Candidate, Decision, Scores, State, Vectors

MAX_CANDIDATES = 3
DEFAULT_THRESHOLD = 0.5
UNCERTAIN_SHARE = 0.5
"""Of the threshold: who comes so near is not called unknown."""

_Rule = Callable[[Scores, NDArray[np.int32], int, MatchingSettings], NDArray[np.float64]]


def decide(
    scores: Scores, person_index: NDArray[np.int32], names: tuple[str, ...], settings: MatchingSettings
) -> Decision:
    """Who a face is, from its `scores` (n,) against a gallery whose vector i is of `names[person_index[i]]`.

    Each rule makes one number, 0…1, of a person's scores; the best person is named where it is enough and leads by
    `margin`:

    * `template`: the score with the person's template (`vectors.fuse`), at least `threshold`, which is 0.5 where the
      settings leave it open
    * `mean`: mean of all the person's scores, at least `threshold`
    * `best-k`: mean of the person's `best_k` best scores, at least `threshold`: poor pictures in the gallery cost less
    * `vote`: share of the person's vectors that score over `vote_score`, more than `vote_share`

    Who reaches half of that, or does not lead by enough, is uncertain. With an empty gallery everybody is unknown.
    Equal people are ordered by their mean score, then as in `names`.
    """
    if len(scores) == 0:
        return Decision(State.UNKNOWN, None, 0.0, (), "nobody is enrolled")
    by_rule: NDArray[np.float32] | NDArray[np.float64] = scores
    if settings.rule not in _OF_MEANS or person_index is not one_each(len(names)):
        by_rule = person_scores(scores, person_index, len(names), settings)
    means = by_rule if settings.rule in _OF_MEANS else _mean(scores, person_index, len(names), settings)
    best_first = _best_first(by_rule, means)
    candidates = tuple(Candidate(names[i], float(by_rule[i])) for i in best_first)
    best = candidates[0]
    reached = is_reached(best.score, settings)
    lead = best.score - candidates[1].score if len(candidates) > 1 else 1.0
    if reached and lead >= settings.margin:
        return Decision(State.KNOWN, best.name, best.score, candidates)
    if reached:
        reason = f"{best.name} leads {candidates[1].name} by {lead:.3f}, {settings.margin:.3f} are needed"
        return Decision(State.UNCERTAIN, None, best.score, candidates, reason)
    missing = needed_score(settings) - best.score
    reason = f"{best.name} misses the threshold of {needed_score(settings):.3f} by {missing:.3f}"
    unsure = best.score >= needed_score(settings) * UNCERTAIN_SHARE
    return Decision(State.UNCERTAIN if unsure else State.UNKNOWN, None, best.score, candidates, reason)


def _best_first(
    by_rule: NDArray[np.float32] | NDArray[np.float64], means: NDArray[np.float32] | NDArray[np.float64]
) -> list[int]:
    """The people with the MAX_CANDIDATES best numbers, the best first; nobody else is put in order."""
    left, best = by_rule.copy(), []
    for _ in range(min(MAX_CANDIDATES, len(left))):
        best.append(int(left.argmax()))  # of equal ones the first, in a twentieth of the time that a partition takes
        left[best[-1]] = -1.0
    if means is by_rule:
        return best
    some = np.flatnonzero(by_rule >= by_rule[best[-1]])
    ordered: list[int] = some[np.lexsort((-means[some], -by_rule[some]))][:MAX_CANDIDATES].tolist()
    return ordered


def is_reached(score: float, settings: MatchingSettings) -> bool:
    """Whether a person's number is enough for the name, but for the lead."""
    return score > settings.vote_share if settings.rule == "vote" else score >= needed_score(settings)


def needed_score(settings: MatchingSettings) -> float:
    """What the number that the rule makes of the best person's scores has to reach."""
    if settings.rule == "vote":
        return settings.vote_share
    return DEFAULT_THRESHOLD if settings.threshold is None else settings.threshold


def person_scores(
    scores: Scores, person_index: NDArray[np.int32], people: int, settings: MatchingSettings
) -> NDArray[np.float64]:
    """The number that the rule makes of each person's scores, (people,), 0…1; 0 for one who has none."""
    return _RULES[settings.rule](scores, person_index, people, settings)


def agree(before: Decision, fused: Decision, looks: Sequence[Decision], settings: MatchingSettings) -> Decision:
    """Who a face is said to be now, after what was said `before`.

    `fused` is decided by all its looks together, `looks` each by itself. A look agrees with a name that it puts first,
    with what the rule asks for: what is no face, as the back of a head, is near somebody now and then, not twice.

    * A name is given when all looks together give it and `agreeing_looks` agree; to somebody who bears another name
      when one more does.
    * A name that was given stays as long as all looks together still put it first and do not say unknown.
    * Unknown is earned by one look more than a name needs; before that the face is pending.
    """
    first = fused.candidates[0].name if fused.candidates else None
    agreeing = sum(_agrees(look, first, settings) for look in looks)
    needed = settings.agreeing_looks
    if fused.state is State.KNOWN and agreeing >= needed + (before.name not in {None, first}):
        return fused
    if before.name is not None and before.name == first and fused.state is not State.UNKNOWN:
        return replace(fused, state=State.KNOWN, name=first, reason="")
    if fused.state is State.KNOWN:
        reason = f"{agreeing} of {plural(len(looks), 'look')} agree on {first}, {needed} are needed"
        state = State.PENDING if len(looks) < needed else State.UNCERTAIN
        return replace(fused, state=state, name=None, reason=reason)
    if len(looks) <= needed and fused.candidates:
        return replace(fused, state=State.PENDING, reason=f"{plural(len(looks), 'look')} so far; {fused.reason}")
    return fused


def _agrees(look: Decision, name: str | None, settings: MatchingSettings) -> bool:
    best = look.candidates[0] if look.candidates else None
    return best is not None and best.name == name and is_reached(best.score, settings)


def enrolled_vectors(
    vectors: Vectors, person_index: NDArray[np.int32], people: int, settings: MatchingSettings
) -> tuple[Vectors, NDArray[np.int32]]:
    """What probes are compared with, and whose it is: a template a person for the rule `template`, as `vectors.fuse`
    makes it, else all vectors.

    `vectors` (n, d) are of the people 0 … `people` - 1, who have at least one each, in their order.
    """
    if settings.rule != "template" or not people:
        return vectors, person_index
    starts = np.searchsorted(person_index, np.arange(people))
    counts = np.diff(starts, append=len(vectors)).astype(np.float32)
    directions = np.add.reduceat(normalised(vectors), starts, axis=0) / counts[:, np.newaxis]
    lengths = np.add.reduceat(np.linalg.norm(vectors, axis=1), starts) / counts
    return np.asarray(directions * lengths[:, np.newaxis], np.float32), np.arange(people, dtype=np.int32)


def _mean(
    scores: Scores, person_index: NDArray[np.int32], people: int, _settings: MatchingSettings
) -> NDArray[np.float64]:
    if len(scores) == people and np.count_nonzero(person_index == one_each(people)) == people:
        return scores.astype(np.float64)
    counts = np.bincount(person_index, minlength=people)
    return np.bincount(person_index, weights=scores, minlength=people) / np.maximum(counts, 1)


@lru_cache(maxsize=1)
def one_each(people: int) -> NDArray[np.int32]:
    """Whose score i is where each of so many people has one, int32 (people,): `decide` knows this array by sight."""
    index = np.arange(people, dtype=np.int32)
    index.flags.writeable = False
    return index


def _vote(
    scores: Scores, person_index: NDArray[np.int32], people: int, settings: MatchingSettings
) -> NDArray[np.float64]:
    return _mean((scores > settings.vote_score).astype(np.float32), person_index, people, settings)


def _best_k(
    scores: Scores, person_index: NDArray[np.int32], people: int, settings: MatchingSettings
) -> NDArray[np.float64]:
    order = np.lexsort((-scores, person_index))
    counts = np.bincount(person_index, minlength=people)
    first = np.concatenate(([0], np.cumsum(counts)[:-1]))
    rank = np.arange(len(scores)) - first[person_index[order]]
    best = order[rank < settings.best_k]
    return _mean(scores[best], person_index[best], people, settings)


_OF_MEANS = {"template", "mean"}
_RULES: dict[str, _Rule] = {"template": _mean, "best-k": _best_k, "mean": _mean, "vote": _vote}

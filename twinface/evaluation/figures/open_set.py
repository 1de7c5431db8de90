"""Open-set identification: some people are in a gallery, and faces of them and of strangers come.

False positive and false negative identification rates as in ISO/IEC 19795-1 and NIST's FRVT part 2: FPIR is the share
of strangers' faces that get a name, FNIR that of known people's faces that do not get their own, at one threshold.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twinface.evaluation.figures.verification import ScoredPairs
from twinface.matching.decision import enrolled_vectors, person_scores
from twinface.progress import ShowProgress
from twinface.settings import MatchingSettings
from twinface.types import Scorer, Vectors

GALLERY_PICTURES = 3
DRAWS = 20
RATES = (0.01, 0.001)
_FEWEST_STRANGERS = 3
"""A false positive rate is reported only where it is at least so many of the strangers' pictures."""


@dataclass(frozen=True, slots=True, eq=False)
class Searches:
    """Search i looks for `probe[i]`, a picture, in the gallery of its draw, and finds `found[i]`, a person, best.

    int32 (n,) both. `score` (n,) is what the rule made of that person's scores, `known` (n,) whether the gallery had
    the probe's person. `person` has whom each picture shows, int32 (pictures,).
    """

    probe: NDArray[np.int32]
    found: NDArray[np.int32]
    score: NDArray[np.float32]
    known: NDArray[np.bool_]
    person: NDArray[np.int32]

    @property
    def right(self) -> NDArray[np.bool_]:
        """Whether the best person is the right one, (n,)."""
        return np.asarray(self.found == self.person[self.probe])

    def as_pairs(self) -> ScoredPairs:
        """As pairs, of which those of known people are genuine.

        FPIR is then the false-accept rate, and 1 - FNIR the share accepted. One whose best person is another scores
        -inf.
        """
        scores = np.where(self.known & ~self.right, -np.inf, self.score).astype(np.float32)
        return ScoredPairs(scores, self.known, self.probe, self.probe, self.person)

    def carried_rates(self) -> list[float]:
        """The false positive rates that there are enough pictures of strangers for."""
        strangers = len(np.unique(self.probe[~self.known]))
        return [rate for rate in RATES if rate * strangers >= _FEWEST_STRANGERS]


def can_identify(person: NDArray[np.int32]) -> bool:
    """Whether there are enough people to draw galleries and strangers from."""
    return len(_enrollable(person)) >= 2 and len(np.unique(person)) >= 4


def search_open_set(
    vectors: Vectors,
    prepare: Callable[[Vectors], Scorer],
    person: NDArray[np.int32],
    matching: MatchingSettings,
    *,
    seed: int,
    show: ShowProgress,
) -> Searches:
    """Draw galleries and search for every other picture, by the rule of the settings; the same for the same seed.

    Half of the people are in each gallery, with three pictures each, drawn again each time; people with fewer than four
    are always strangers. `vectors` (n, d) are compared by what `prepare` makes of those that are enrolled.
    """
    rng = np.random.default_rng(seed)
    everybody, enrollable = np.unique(person), _enrollable(person)
    size = min(len(enrollable), len(everybody) // 2)
    parts = []
    with show("identifying", DRAWS) as bar:
        for _ in range(DRAWS):
            enrolled = np.sort(rng.permutation(enrollable)[:size])
            pictures = np.concatenate(
                [rng.permutation(np.flatnonzero(person == one))[:GALLERY_PICTURES] for one in enrolled]
            )
            index = np.repeat(np.arange(size, dtype=np.int32), GALLERY_PICTURES)
            compared, index = enrolled_vectors(vectors[pictures], index, size, matching)
            probes = np.setdiff1d(np.arange(len(person)), pictures)
            by_person = [person_scores(scores, index, size, matching) for scores in prepare(compared)(vectors[probes])]
            parts.append(_find(np.array(by_person), person, enrolled, probes))
            bar.advance()
    probe, found, score, known = (np.concatenate(part) for part in zip(*parts, strict=True))
    return Searches(probe, found, score, known, person)


@dataclass(frozen=True, slots=True)
class Confusion:
    """A picture that was taken for another person: how often, in how many searches, and with what score at most."""

    probe: int
    taken_for: int
    times: int
    searches: int
    score: float


def worst_confusions(searches: Searches, threshold: float, count: int) -> list[Confusion]:
    """Who got another person's name at this threshold: the highest scores first, each two people once."""
    wrong = np.flatnonzero(~searches.right & (searches.score >= threshold))
    times = Counter(zip(searches.probe[wrong].tolist(), searches.found[wrong].tolist(), strict=True))
    looked = Counter(searches.probe.tolist())
    found: dict[tuple[int, int], Confusion] = {}
    for place in wrong[np.argsort(-searches.score[wrong], kind="stable")]:
        probe, other = int(searches.probe[place]), int(searches.found[place])
        who = (int(searches.person[probe]), other)
        score = float(searches.score[place])
        found.setdefault(who, Confusion(probe, other, times[probe, other], looked[probe], score))
        if len(found) == count:
            break
    return list(found.values())


@dataclass(frozen=True, slots=True)
class PersonOutcome:
    """How one person fared.

    Of `known` searches `missed` did not give their name at the threshold, `misranked` would not at any; of `strange`
    ones `false_positives` gave somebody's.
    """

    person: int
    known: int
    missed: int
    misranked: int
    strange: int
    false_positives: int

    @property
    def trouble(self) -> float:
        """The share of searches that were missed and of those that were false positives, added."""
        return self.missed / max(self.known, 1) + self.false_positives / max(self.strange, 1)


def outcomes(searches: Searches, threshold: float) -> list[PersonOutcome]:
    """Everybody, those first who fared worst."""
    who = searches.person[searches.probe]
    known, named = searches.known, searches.score >= threshold

    def count(mask: NDArray[np.bool_]) -> list[int]:
        numbers: list[int] = np.bincount(who[mask], minlength=int(searches.person.max()) + 1).tolist()
        return numbers

    columns = zip(
        count(known),
        count(known & ~(named & searches.right)),
        count(known & ~searches.right),
        count(~known),
        count(~known & named),
        strict=True,
    )
    everybody = [PersonOutcome(person, *numbers) for person, numbers in enumerate(columns) if numbers[0] + numbers[3]]
    return sorted(everybody, key=lambda one: -one.trouble)


def _enrollable(person: NDArray[np.int32]) -> NDArray[np.int32]:
    people, counts = np.unique(person, return_counts=True)
    return people[counts > GALLERY_PICTURES]


def _find(
    by_person: NDArray[np.float64], person: NDArray[np.int32], enrolled: NDArray[np.int32], probes: NDArray[np.intp]
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float32], NDArray[np.bool_]]:
    best = by_person.argmax(axis=1)
    score = by_person[np.arange(len(best)), best].astype(np.float32)
    return probes.astype(np.int32), enrolled[best], score, np.isin(person[probes], enrolled)

"""Who in a gallery is taken for whom, and which pictures do not look like the others of their person."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from twinface.evaluation.leave_one_out import Comparisons


@dataclass(frozen=True, slots=True)
class Lookalikes:
    """Two people who are alike: `score` is the mean of all pictures of one with the other, `highest` the highest."""

    first: str
    second: str
    score: float
    highest: float


@dataclass(frozen=True, slots=True)
class Suspect:
    """A picture that does not look like its `person`: 0…1 is its score `own` with their other pictures.

    "mislabelled": it reaches the threshold with somebody `other`, and is closer to them than to its own person.
    "poor": it does not reach the threshold with a single one of its person's other pictures.
    """

    person: str
    picture: str
    reason: str
    own: float
    other: str | None
    other_score: float


def most_alike(comparisons: Comparisons, names: Sequence[str]) -> tuple[Lookalikes | None, Lookalikes | None]:
    """The two people of the gallery who are most alike, and the stranger and person; None where there are no two.

    `names` are those of the gallery's people, then the strangers', in the order of their numbers.
    """
    people = comparisons.people
    pictures = np.bincount(comparisons.shown, minlength=len(names))[:, np.newaxis]
    sums, highest = np.zeros((len(names), people)), np.zeros((len(names), people))
    np.add.at(sums, comparisons.shown, comparisons.scores)
    np.maximum.at(highest, comparisons.shown, comparisons.scores)
    means = sums / pictures
    known, counts = sums[:people], pictures[:people]
    both = (known + known.T) / (counts + counts.T)
    np.fill_diagonal(both, -1.0)
    pair = stranger = None
    if people > 1:
        i, j = sorted(divmod(int(both.argmax()), people))
        pair = Lookalikes(names[i], names[j], float(both[i, j]), float(max(highest[i, j], highest[j, i])))
    if len(names) > people:
        i, j = divmod(int(means[people:].argmax()), people)
        score, most = means[people + i, j], highest[people + i, j]
        stranger = Lookalikes(names[people + i], names[j], float(score), float(most))
    return pair, stranger


def find_suspects(
    comparisons: Comparisons, names: Sequence[str], files: Sequence[str], threshold: float
) -> list[Suspect]:
    """The pictures of the gallery, called `files`, that look mislabelled or poor at a threshold, the worst first."""
    own, (others, other_scores) = comparisons.own, comparisons.best_other()
    found = []
    for row, picture in enumerate(files):
        score = float(other_scores[row])
        other = names[others[row]] if comparisons.people > 1 else None
        if score >= threshold and score > own[row]:
            reason = "mislabelled"
        elif comparisons.closest[row] < threshold:
            reason = "poor"
        else:
            continue
        person = names[comparisons.shown[row]]
        found.append(Suspect(person, picture, reason, float(own[row]), other, max(score, 0.0)))
    return sorted(found, key=lambda one: (one.reason, one.own - one.other_score))

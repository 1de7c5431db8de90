"""Whether a new head is not worse than the present one, and by which figures.

It is not worse when, on people whom neither had learnt from,

* its cost (twinface.evaluation.figures.cost) is with 95 % confidence at most 5 % above the present head's. So what
  cannot be told, because there are too few people, keeps the present head;
* neither its EER nor a TAR is worse by more than chance: the paired interval of the difference has both;

and when no face that was rejected as somebody scores more with them than now and would get their name.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from twinface.corrections import Correction, CorrectionKind
from twinface.evaluation.figures.cost import compare_costs
from twinface.evaluation.figures.intervals import compare_scorers
from twinface.evaluation.figures.scored_pairs import ScoredPairs
from twinface.evaluation.figures.verification import verification_figures
from twinface.evaluation.protocols.leave_one_out import score_with_person
from twinface.gallery import Gallery
from twinface.matching import Head
from twinface.settings import MatchingSettings
from twinface.training.heads.calibrated_pairs import GENUINE_PRIOR
from twinface.training.retraining.report import FEWEST_PEOPLE, CorrectionScores, Measured

MOST_COST = 0.05


def count_measurable(pairs: ScoredPairs | None) -> int:
    """Of how many people there are two pictures to compare."""
    return len(np.unique(pairs.people[0][pairs.same])) if pairs else 0


def measure(present: ScoredPairs, new: ScoredPairs, people: int, seed: int) -> Measured:
    """Both heads on the same pairs; `people` have two pictures, and were left out or not."""
    shown = count_measurable(new)
    differences = {"cost": compare_costs(new, present, prior=GENUINE_PRIOR, seed=seed)}
    return Measured(
        people=shown,
        left_out=people - shown,
        present=verification_figures(present.scores, present.same),
        new=verification_figures(new.scores, new.same),
        differences=differences | compare_scorers([new], [present], seed=seed),
    )


def score_corrections(
    corrections: Sequence[Correction], gallery: Gallery, present: Head, new: Head, settings: MatchingSettings
) -> list[CorrectionScores]:
    """How each corrected face scores with its person; rejects first, those that score highest now at the head."""
    found = [
        CorrectionScores(
            str(one.kind),
            one.name,
            one.track,
            *(
                score_with_person(head, one.vector, gallery.people[one.name].vectors, settings)
                for head in (present, new)
            ),
        )
        for one in corrections
    ]
    return sorted(found, key=lambda one: (one.kind != CorrectionKind.REJECT, -one.present))


def too_few(people: int, left_out: int = 0) -> str:
    """What speaks against a head that can be measured on `people` only, and not on others, who are `left_out`."""
    others = (
        f"; {left_out} more do not count, being known to the present head or alone in their fold" if left_out else ""
    )
    return (
        f"a new head is trained from {FEWEST_PEOPLE} people on who have two pictures or more and whom the present head "
        f"was not trained on, so that both can be compared. There are {people}{others}. Enrol {FEWEST_PEOPLE - people} "
        "more at least, or name features of others with --features"
    )


def object_to_figures(measured: Measured) -> Iterator[str]:
    """What figures say against the new head, a line each; nothing: it is not worse."""
    cost = measured.differences["cost"]
    if cost.interval is None:
        yield too_few(cost.people)
        return
    if cost.interval.high > MOST_COST * cost.second:
        highest = cost.interval.high / cost.second
        yield f"its cost may be {highest:.1%} higher than now, with 95 % confidence; {MOST_COST:.0%} would be taken"
    for name, difference in measured.differences.items():
        interval = difference.interval
        if interval is None:
            continue
        if name == "eer" and interval.low > 0:
            yield f"its EER is higher by more than chance, {difference.first:.2%} instead of {difference.second:.2%}"
        elif name.startswith("tar") and interval.high < 0:
            title = f"TAR at FAR {name.rpartition('_')[2]}"
            yield f"its {title} is lower by more than chance, {difference.first:.2%} instead of {difference.second:.2%}"


def object_to_corrections(corrections: Sequence[CorrectionScores], new_threshold: float) -> Iterator[str]:
    """What rejected faces say against the new head, a line each."""
    for one in corrections:
        if one.kind == CorrectionKind.REJECT and one.new >= max(one.present, new_threshold):
            yield f"a face that is not {one.name} ({one.track}) scores {one.new:.3f} with them, {one.present:.3f} now"

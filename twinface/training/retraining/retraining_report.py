"""What came of a retraining, JSON-ready once `dataclasses.asdict` has been at it."""

from dataclasses import dataclass, field

from twinface.evaluation.figures.intervals import Difference
from twinface.evaluation.figures.verification import VerificationFigures

FEWEST_PEOPLE = 10
"""People with two pictures, at least, of whom figures are reported: a draw of fewer says nothing of others."""

FEW_PEOPLE, FEWEST_PICTURES = 2, 5
"""With a cohort, whose strangers are the others: so many people with two pictures, and pictures of theirs, at least."""

BUNDLED = "bundled"


@dataclass(frozen=True, slots=True)
class Measured:
    """Both heads on the same pairs of people whom neither was trained on.

    `differences` are the new head's figures less the present one's, paired: "cost", "auc", "eer" and, where they can be
    reported, "tar_at_far_0.001" and its kin. `left_out` people were trained on, or are alone in their fold.

    Of few people the others are so many `strangers`, drawn from the cohort, and "cost_people" and "cost_strangers" are
    reported, too; intervals are by drawing pictures and strangers, and say nothing of other people.
    """

    people: int
    left_out: int
    present: VerificationFigures
    new: VerificationFigures
    differences: dict[str, Difference]
    strangers: int = 0


@dataclass(frozen=True, slots=True)
class CorrectionScores:
    """How a face that was corrected scores with `name`, by the rule in use, 0…1: a reject should score low."""

    kind: str
    name: str
    track: str
    present: float
    new: float


@dataclass(frozen=True, slots=True)
class RetrainReport:
    """`published`, unless there are `reasons` against it, each a line.

    `people` and `pictures` are what was trained on, `confirmed` and `rejected` how many corrections of each kind.
    Of the reported `corrections` the rejects come first, those highest now at the head. The thresholds are those
    in use with the present head and with the new one.

    `present` is the folder of the present head, "bundled" for the one that comes with the network. `measurable` people
    could be measured on, of `measurable_needed`; None where that was not found out.
    """

    head: str
    present: str
    people: int
    pictures: int
    confirmed: int
    rejected: int
    measurable: int | None = None
    measurable_needed: int = FEWEST_PEOPLE
    measured: Measured | None = None
    corrections: tuple[CorrectionScores, ...] = ()
    present_threshold: float | None = None
    new_threshold: float | None = None
    reasons: tuple[str, ...] = field(default=())

    @property
    def published(self) -> bool:
        """Whether the new head has taken the place of the present one."""
        return not self.reasons

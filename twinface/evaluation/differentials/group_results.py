"""What an evaluation of groups has found: values, for reports and programs."""

from dataclasses import dataclass
from pathlib import Path

from twinface.evaluation.differentials.group_figures import Differential, GroupFigures
from twinface.evaluation.figures.results import Subject


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """A pair is accepted from `threshold` on; `source` says in words where that comes from.

    `rate` is the false-accept rate of everybody that it was found for, None where it was not found here.
    """

    threshold: float
    source: str
    rate: float | None = None


@dataclass(frozen=True, slots=True)
class LabelCoverage:
    """How a file of labels and the people chosen fit: what was left out.

    `of_nobody` of the `rows` are about none of these people; `people` and `pictures` have no row; `columns` have too
    many values to make groups.
    """

    file: Path
    rows: int
    of_nobody: int
    people: int
    pictures: int
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class GroupsEvaluation:
    """Of the people of a features folder who have labels: `everybody` together, and a differential a grouping.

    `chosen` says how people were chosen, `left_out` of these the head was trained on. `same_person_above` is the cosine
    from which impostor pairs were set aside, `set_aside` of them; None set none aside.
    """

    subject: Subject
    point: OperatingPoint
    everybody: GroupFigures
    differentials: tuple[Differential, ...]
    coverage: LabelCoverage
    chosen: str
    left_out: int
    same_person_above: float | None
    set_aside: int
    seconds: float

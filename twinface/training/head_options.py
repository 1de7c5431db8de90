"""How a head is trained, and what came of it."""

from dataclasses import dataclass

from twinface.evaluation.verification import VerificationFigures


@dataclass(frozen=True, slots=True)
class TrainOptions:
    """How a head is trained.

    `normalize` divides differences by the deviations of stats.json. `negatives` pairs of different people come on each
    pair of the same one. `hidden` units and the `dropout` behind each; `model_function` (`module:function`) takes the
    place of both. `batch` pairs a step.
    """

    epochs: int = 15
    normalize: bool = False
    negatives: float = 1.5
    seed: int = 0
    hidden: tuple[int, ...] = (512, 256, 32)
    dropout: tuple[float, ...] = (0.5, 0.3)
    model_function: str | None = None
    batch: int = 1024


@dataclass(frozen=True, slots=True)
class TrainReport:
    """What came of it; figures on people held out, None where there were too few people to hold any out."""

    people: int
    pictures: int
    pairs_per_epoch: int
    validation_people: int
    head: VerificationFigures | None
    cosine: VerificationFigures | None

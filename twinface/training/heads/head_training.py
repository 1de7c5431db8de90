"""How a head is trained, and what came of it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from twinface.errors import InputError
from twinface.evaluation.figures.intervals import Difference
from twinface.evaluation.figures.verification import VerificationFigures

Architecture = Literal["plda", "linear", "mlp", "seed"]
PairFeature = Literal["absolute", "squared", "product"]

OnStep = Callable[[int, int, dict[str, float]], None]
"""Called after each step, an epoch or a candidate tried, with its number, from 1, of how many, and its figures."""


@dataclass(frozen=True, slots=True)
class TrainOptions:
    """How a head is trained.

    `architecture`: "plda" is a metric (twinface.matching.plda), "linear" weights on what differs between two vectors,
    started at the metric and held near it, "mlp" layers from scratch, "seed" those of the original recipe: raw vectors,
    linear layers, plain gradient descent, no early stopping. All but "plda" are trained by Keras, and for them are:
    `epochs`, at most; `normalize`, which divides differences by the deviations of stats.json; `negatives` pairs of
    different people on each pair of the same one; `pairs_per_image`, how many pairs of the same person a picture may
    be in, at most; `hidden` units and the `dropout` behind each, None for the architecture's own; `pair`, what is made
    of two vectors, None for the architecture's own; `model_function` (`module:function`), which takes the place of all
    layers; `batch` pairs a step, None for the architecture's own.
    `start` is a head to start from, of "plda"; None is the bundled one for the network, if there is one; "" none.
    `hard_negatives` is a file with two pictures a line that are taken for one person and are not. `strangers` are
    features of people of whom one picture is enough, to make a cohort of and to learn from how people differ; `others`
    those of people in other kinds of pictures. `groups` is a table of labels of the strangers, and `by` its columns
    that make groups of people, all of them by default: scores then mean the same within each group.
    """

    architecture: Architecture = "plda"
    epochs: int = 15
    normalize: bool = False
    negatives: float = 1.5
    pairs_per_image: int = 100
    seed: int = 0
    hidden: tuple[int, ...] | None = None
    dropout: tuple[float, ...] | None = None
    pair: PairFeature | None = None
    model_function: str | None = None
    batch: int | None = None
    start: Path | Literal[""] | None = None
    hard_negatives: Path | None = None
    strangers: Path | None = None
    others: tuple[Path, ...] = ()
    groups: Path | None = None
    by: str | None = None

    def check(self) -> None:
        """Raise InputError where an option makes no sense."""
        hidden, dropout = self.hidden or (), self.dropout or ()
        if self.architecture not in get_args(Architecture):
            raise InputError(f"--architecture {self.architecture}: expected {', '.join(get_args(Architecture))}")
        if self.epochs < 1:
            raise InputError(f"--epochs {self.epochs}: expected at least 1")
        if not 0 < self.negatives <= 100:
            raise InputError(f"--negatives {self.negatives}: expected more than 0, at most 100")
        if self.pairs_per_image < 1:
            raise InputError(f"--pairs-per-image {self.pairs_per_image}: expected at least 1")
        if not all(units > 0 for units in hidden) or not all(0 <= share < 1 for share in dropout):
            raise InputError("--hidden takes numbers of units such as 64,16, --dropout shares below 1 such as 0.5,0.3")
        if self.hidden is not None and len(dropout) > len(hidden):
            raise InputError(f"--dropout: {len(dropout)} shares for {len(hidden)} hidden layers")
        if self.architecture in {"plda", "linear"} and (self.hidden or self.dropout) and not self.model_function:
            raise InputError(
                f"--hidden and --dropout: {self.architecture} has no hidden layers; give --architecture mlp"
            )
        if self.architecture == "plda" and (self.normalize or self.pair) and not self.model_function:
            raise InputError("--normalize and --pair are for layers; give --architecture linear or mlp")
        self._check_strangers()
        if self.start and (self.architecture != "plda" or self.model_function):
            raise InputError(f"--start {self.start}: layers are trained from scratch; leave it out")

    def _check_strangers(self) -> None:
        if (self.strangers or self.others) and (self.architecture != "plda" or self.model_function or self.start):
            raise InputError("--strangers and --other teach a plda from the beginning; leave the other options out")
        if self.others and not self.strangers:
            raise InputError("--other needs --strangers, the features that a cohort is made of")
        if self.groups and not self.strangers:
            raise InputError("--groups needs --strangers, the features whose people it is about")
        if self.by and not self.groups:
            raise InputError("--by needs --groups, the table whose columns it names")


@dataclass(frozen=True, slots=True)
class TrainReport:
    """What came of it; figures on people held out, None where there were too few people to hold any out.

    `differences` are the head's figures less cosine's, paired. `pairs_per_epoch` is 0 of what has no epochs.
    `left_out` people were held out, but the head it started from was trained on them: no figure is of them.
    `rejections` faces were learnt as hard negatives of those they had been taken for.
    """

    people: int
    pictures: int
    pairs_per_epoch: int
    validation_people: int
    left_out: int
    head: VerificationFigures | None
    cosine: VerificationFigures | None
    differences: dict[str, Difference]
    rejections: int = 0

    @property
    def is_better(self) -> bool:
        """Whether the head has the lower EER and, where it can be reported, no lower TAR at FAR 0.001 than cosine."""
        if self.head is None or self.cosine is None:
            return False
        accepted, plain = (figures.accepted_at.get("0.001", 0.0) for figures in (self.head, self.cosine))
        return self.head.eer < self.cosine.eer and accepted >= plain

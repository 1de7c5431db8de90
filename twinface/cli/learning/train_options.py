"""The options of `twinface train`, and what they say of how a head is trained."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from twinface.errors import InputError

if TYPE_CHECKING:
    from twinface.training.heads.head_training import Architecture, TrainOptions

T = TypeVar("T", int, float)
Name = TypeVar("Name", bound=str)

FeaturesOption = Annotated[Path, typer.Option("--features", help="Folder of vectors, as `twinface extract` makes it.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadOptions:
    """How the head is trained, as typed."""

    architecture: Annotated[
        str | None, typer.Option("--architecture", help="plda, a metric (the default; no TensorFlow), linear or mlp.")
    ] = None
    recipe: Annotated[
        str | None, typer.Option("--recipe", help="seed: exactly as the original trained, to compare with.")
    ] = None
    start: Annotated[
        str | None,
        typer.Option(
            "--start", help="Of plda: head to start from, or none; left out: the bundled one for the network."
        ),
    ] = None
    hard_negatives: Annotated[
        Path | None,
        typer.Option("--hard-negatives", help="Pictures taken for one person: person/file TAB person/file a line."),
    ] = None
    strangers: Annotated[
        Path | None,
        typer.Option(
            "--strangers", help="Of plda: features of 500 strangers or more, one picture each is enough; from scratch."
        ),
    ] = None
    other: Annotated[
        list[Path] | None,
        typer.Option("--other", help="With --strangers: features of people in another kind of pictures; repeatable."),
    ] = None
    groups: Annotated[
        Path | None,
        typer.Option(
            "--groups",
            metavar="LABELS.tsv",
            help="With --strangers: labels of theirs, as of `evaluate --groups`; evens out errors between groups.",
        ),
    ] = None
    by: Annotated[
        str | None,
        typer.Option("--by", help="Of LABELS.tsv: columns that make groups of people, as group,sex; default: all."),
    ] = None
    corrections: Annotated[
        Path | None,
        typer.Option(
            "--corrections", help="Gallery whose rejected faces are hard negatives as well; default: as configured."
        ),
    ] = None
    seed: Annotated[int, typer.Option("--seed", min=0, help="The same seed gives the same head.")] = 0
    epochs: Annotated[
        int, typer.Option("--epochs", min=1, help="Of layers: times through the pairs of the same person, at most.")
    ] = 15
    negatives: Annotated[
        float, typer.Option("--negatives", help="Of layers: pairs of different people for each of one.")
    ] = 1.5
    pairs_per_image: Annotated[
        int,
        typer.Option("--pairs-per-image", min=1, help="Of layers: pairs of one person a picture is in, an epoch."),
    ] = 100
    pair: Annotated[
        str | None, typer.Option("--pair", help="What layers see: absolute, squared (differences) or product.")
    ] = None
    normalize: Annotated[
        bool,
        typer.Option("--normalize/--no-normalize", help="Of layers: divide by the deviations that `stats` found."),
    ] = False
    hidden: Annotated[str | None, typer.Option("--hidden", help="Units of hidden layers, as 64,16.")] = None
    dropout: Annotated[str | None, typer.Option("--dropout", help="Dropout behind each of them, as 0.5,0.3.")] = None
    model_function: Annotated[
        str | None, typer.Option("--model-function", help="Your own Keras model instead: module:function(input_shape).")
    ] = None

    def parsed(self) -> "TrainOptions":
        """The same for the library. Raises InputError for what is none of the words or numbers that are expected."""
        from twinface.training.heads.head_training import TrainOptions

        return TrainOptions(
            architecture=_architecture(self.architecture, self.recipe),
            epochs=self.epochs,
            normalize=self.normalize,
            negatives=self.negatives,
            pairs_per_image=self.pairs_per_image,
            seed=self.seed,
            hidden=None if self.hidden is None else _numbers("--hidden", self.hidden, int),
            dropout=None if self.dropout is None else _numbers("--dropout", self.dropout, float),
            pair=_one_of("--pair", self.pair, ("absolute", "squared", "product")),
            model_function=self.model_function,
            start="" if self.start == "none" else Path(self.start) if self.start else None,
            hard_negatives=self.hard_negatives,
            strangers=self.strangers,
            others=tuple(self.other or ()),
            groups=self.groups,
            by=self.by,
        )


def _architecture(architecture: str | None, recipe: str | None) -> "Architecture":
    if recipe is None:
        return _one_of("--architecture", architecture, ("plda", "linear", "mlp")) or "plda"
    _one_of("--recipe", recipe, ("seed",))
    if architecture is not None:
        raise InputError("--recipe seed has its own architecture; leave --architecture out")
    return "seed"


def _one_of(option: str, value: str | None, known: tuple[Name, ...]) -> Name | None:
    for name in known:
        if value == name:
            return name
    if value is not None:
        raise InputError(f"{option} {value}: expected {', '.join(known)}")
    return None


def _numbers(option: str, text: str, kind: Callable[[str], T]) -> tuple[T, ...]:
    try:
        return tuple(kind(part) for part in text.split(",") if part)
    except ValueError as error:
        raise InputError(f"{option} {text}: expected numbers with commas between them") from error

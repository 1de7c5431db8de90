"""`twinface stats` and `twinface train`: from features to a similarity head."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from twinface.cli.console import errors, progress_bar
from twinface.errors import InputError

if TYPE_CHECKING:
    from twinface.evaluation.verification import VerificationFigures

T = TypeVar("T", int, float)
FeaturesOption = Annotated[Path, typer.Option("--features", help="Folder of vectors, as `twinface extract` makes it.")]


def stats(*, features: FeaturesOption) -> None:
    """Print mean and standard deviation of the features, and keep them for `train` (the seed's compute_mean.py)."""
    from twinface.training.feature_table import STATISTICS_FILE, compute_statistics

    found = compute_statistics(features)
    typer.echo(f"{found.count} vectors of {len(found.mean)} numbers")
    typer.echo(f"mean {found.mean.mean():.6g} ({found.mean.min():.6g} to {found.mean.max():.6g})")
    typer.echo(
        f"standard deviation {found.deviation.mean():.6g} ({found.deviation.min():.6g} to {found.deviation.max():.6g})"
    )
    typer.echo(f"each number's: {features / STATISTICS_FILE}")


def train(
    *,
    features: FeaturesOption,
    output: Annotated[Path, typer.Option("--output", help="Folder for the head; replaced as a whole.")],
    epochs: Annotated[int, typer.Option("--epochs", min=1, help="Times through all pairs of the same person.")] = 15,
    normalize: Annotated[
        bool, typer.Option("--normalize/--no-normalize", help="Divide by the deviations that `twinface stats` found.")
    ] = False,
    negatives: Annotated[float, typer.Option("--negatives", help="Pairs of different people for each of one.")] = 1.5,
    seed: Annotated[int, typer.Option("--seed", min=0, help="The same seed gives the same head.")] = 0,
    hidden: Annotated[str, typer.Option("--hidden", help="Units of the hidden layers.")] = "512,256,32",
    dropout: Annotated[str, typer.Option("--dropout", help="Dropout behind each of them.")] = "0.5,0.3",
    model_function: Annotated[
        str | None, typer.Option("--model-function", help="Your own Keras model instead: module:function(input_shape).")
    ] = None,
) -> None:
    """Train the similarity head (the seed's train.py)."""
    from twinface.training.head_options import TrainOptions
    from twinface.training.train_head import train_head

    options = TrainOptions(
        epochs=epochs,
        normalize=normalize,
        negatives=negatives,
        seed=seed,
        hidden=_numbers("--hidden", hidden, int),
        dropout=_numbers("--dropout", dropout, float),
        model_function=model_function,
    )
    with progress_bar("training", epochs) as bar:

        def on_epoch(number: int, figures: dict[str, float]) -> None:
            bar.advance()
            errors.print(f"epoch {number}: " + ", ".join(f"{name} {value:.4f}" for name, value in figures.items()))

        report = train_head(features, output, options, on_epoch)
    typer.echo(
        f"{report.pictures} pictures of {report.people} people, {report.pairs_per_epoch} pairs an epoch: {output}"
    )
    if report.head is None or report.cosine is None:
        typer.echo("too few people to hold some out: not measured")
        return
    typer.echo(f"on {report.validation_people} people held out, {report.head.genuine_pairs} pairs of the same person:")
    typer.echo(f"  head    {_describe(report.head)}")
    typer.echo(f"  cosine  {_describe(report.cosine)}")


def _numbers(option: str, text: str, kind: Callable[[str], T]) -> tuple[T, ...]:
    try:
        return tuple(kind(part) for part in text.split(",") if part)
    except ValueError as error:
        raise InputError(f"{option} {text}: expected numbers with commas between them") from error


def _describe(figures: "VerificationFigures") -> str:
    accepted = "".join(f"  TAR {share:.2%} at FAR {rate}" for rate, share in figures.accepted_at.items())
    return f"AUC {figures.auc:.4f}  EER {figures.eer:.2%}{accepted}"

"""`twinface stats` and `twinface train`: from features to a similarity head."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from twinface.cli.configuration import chosen_settings
from twinface.cli.console import note, progress_bar, say, say_json, warn
from twinface.errors import InputError

if TYPE_CHECKING:
    from twinface.evaluation.figures.intervals import Difference
    from twinface.evaluation.figures.verification import VerificationFigures
    from twinface.training.heads.options import Architecture, TrainReport

T = TypeVar("T", int, float)
Name = TypeVar("Name", bound=str)
FeaturesOption = Annotated[Path, typer.Option("--features", help="Folder of vectors, as `twinface extract` makes it.")]


def stats(*, features: FeaturesOption) -> None:
    """Print mean and standard deviation of the features, and keep them for `train` (the seed's compute_mean.py)."""
    from twinface.training.heads.feature_table import STATISTICS_FILE, compute_statistics

    found = compute_statistics(features)
    say(f"{found.count} vectors of {len(found.mean)} numbers")
    say(f"mean {found.mean.mean():.6g} ({found.mean.min():.6g} to {found.mean.max():.6g})")
    say(f"standard deviation {found.deviation.mean():.6g} ({found.deviation.min():.6g} to {found.deviation.max():.6g})")
    say(f"each number's: {features / STATISTICS_FILE}")


def train(
    *,
    features: FeaturesOption,
    output: Annotated[Path, typer.Option("--output", help="Folder for the head; replaced as a whole.")],
    architecture: Annotated[
        str | None, typer.Option("--architecture", help="plda, a metric (the default; no TensorFlow), linear or mlp.")
    ] = None,
    recipe: Annotated[
        str | None, typer.Option("--recipe", help="seed: exactly as the original trained, to compare with.")
    ] = None,
    start: Annotated[
        str | None,
        typer.Option(
            "--start", help="Of plda: head to start from, or none; left out: the bundled one for the network."
        ),
    ] = None,
    hard_negatives: Annotated[
        Path | None,
        typer.Option("--hard-negatives", help="Pictures taken for one person: person/file TAB person/file a line."),
    ] = None,
    strangers: Annotated[
        Path | None,
        typer.Option(
            "--strangers", help="Of plda: features of 500 strangers or more, one picture each is enough; from scratch."
        ),
    ] = None,
    other: Annotated[
        list[Path] | None,
        typer.Option("--other", help="With --strangers: features of people in another kind of pictures; repeatable."),
    ] = None,
    groups: Annotated[
        Path | None,
        typer.Option(
            "--groups",
            metavar="LABELS.tsv",
            help="With --strangers: labels of theirs, as of `evaluate --groups`; evens out errors between groups.",
        ),
    ] = None,
    by: Annotated[
        str | None,
        typer.Option("--by", help="Of LABELS.tsv: columns that make groups of people, as group,sex; default: all."),
    ] = None,
    corrections: Annotated[
        Path | None,
        typer.Option(
            "--corrections", help="Gallery whose rejected faces are hard negatives as well; default: as configured."
        ),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="The same seed gives the same head.")] = 0,
    epochs: Annotated[
        int, typer.Option("--epochs", min=1, help="Of layers: times through the pairs of the same person, at most.")
    ] = 15,
    negatives: Annotated[
        float, typer.Option("--negatives", help="Of layers: pairs of different people for each of one.")
    ] = 1.5,
    pairs_per_image: Annotated[
        int,
        typer.Option("--pairs-per-image", min=1, help="Of layers: pairs of one person a picture is in, an epoch."),
    ] = 100,
    pair: Annotated[
        str | None, typer.Option("--pair", help="What layers see: absolute, squared (differences) or product.")
    ] = None,
    normalize: Annotated[
        bool,
        typer.Option("--normalize/--no-normalize", help="Of layers: divide by the deviations that `stats` found."),
    ] = False,
    hidden: Annotated[str | None, typer.Option("--hidden", help="Units of hidden layers, as 64,16.")] = None,
    dropout: Annotated[str | None, typer.Option("--dropout", help="Dropout behind each of them, as 0.5,0.3.")] = None,
    model_function: Annotated[
        str | None, typer.Option("--model-function", help="Your own Keras model instead: module:function(input_shape).")
    ] = None,
    json_output: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Train the similarity head (the seed's train.py), and measure it on people it has not seen, next to cosine."""
    from twinface.corrections import read_corrections
    from twinface.training.heads.options import TrainOptions
    from twinface.training.heads.train import train_head

    said = read_corrections(corrections or chosen_settings().gallery)
    options = TrainOptions(
        architecture=_architecture(architecture, recipe),
        epochs=epochs,
        normalize=normalize,
        negatives=negatives,
        pairs_per_image=pairs_per_image,
        seed=seed,
        hidden=None if hidden is None else _numbers("--hidden", hidden, int),
        dropout=None if dropout is None else _numbers("--dropout", dropout, float),
        pair=_one_of("--pair", pair, ("absolute", "squared", "product")),
        model_function=model_function,
        start="" if start == "none" else Path(start) if start else None,
        hard_negatives=hard_negatives,
        strangers=strangers,
        others=tuple(other or ()),
        groups=groups,
        by=by,
    )
    with progress_bar("training", None) as bar:

        def on_step(number: int, count: int, figures: dict[str, float]) -> None:
            bar.update(number, count)
            told = ", ".join(f"{name} {value:.4f}" for name, value in figures.items())
            note(f"{number} of {count}: {told}")

        report = train_head(features, output, options, on_step, said)
    if json_output:
        say_json(_to_json(report, output), indent=None)
    else:
        _tell(report, output)
    if report.head is not None and not report.is_better:
        warn(
            "on people it has not seen this head is no better than plain cosine; train on more people,"
            " or leave `head` out of the configuration"
        )


def _to_json(report: "TrainReport", output: Path) -> dict[str, object]:
    """The report, with the reason where the differences have no intervals."""
    from twinface.evaluation.report.wording import no_interval

    without = [no_interval(one.people) for one in report.differences.values() if one.interval is None]
    reason = without[0] if without else None
    return asdict(report) | {"is_better": report.is_better, "no_interval": reason, "output": str(output)}


def _tell(report: "TrainReport", output: Path) -> None:
    epoch = f", {report.pairs_per_epoch} pairs an epoch" if report.pairs_per_epoch else ""
    say(f"{report.pictures} pictures of {report.people} people{epoch}: {output}")
    if report.rejections:
        say(f"rejected faces as hard negatives: {report.rejections}")
    if report.left_out:
        say(
            f"the head it started from was trained on {report.left_out} of the people held out, who are left out"
            " (--start none starts from scratch)"
        )
    if report.head is None or report.cosine is None:
        say("too few people to measure on (every fifth, two at least): not measured")
        return
    say(
        f"on {report.validation_people} people held out, {report.head.genuine_pairs} pairs of the same person,"
        f" {report.head.impostor_pairs} of different people:"
    )
    say(f"  head    {_describe(report.head)}")
    say(f"  cosine  {_describe(report.cosine)}")
    for name, title in (("eer", "EER"), ("tar_at_far_0.001", "TAR at FAR 0.001")):
        if difference := report.differences.get(name):
            say(f"  {title}: {difference.difference:+.2%}, {_describe_interval(difference)}")


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


def _describe_interval(difference: "Difference") -> str:
    from twinface.evaluation.report.wording import no_interval

    interval = difference.interval
    if interval is None:
        return no_interval(difference.people)
    return f"with 95 % confidence {interval.low:+.2%} to {interval.high:+.2%}"


def _describe(figures: "VerificationFigures") -> str:
    accepted = "".join(f"  TAR {share:.2%} at FAR {rate}" for rate, share in figures.accepted_at.items())
    return f"AUC {figures.auc:.4f}  EER {figures.eer:.2%}{accepted}"

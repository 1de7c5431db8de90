"""`twinface train`: from features to a similarity head."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from twinface.cli.configuration import chosen_settings
from twinface.cli.console import note, progress_bar, say, say_json, warn
from twinface.cli.learning.train_options import FeaturesOption, HeadOptions
from twinface.text import plural

if TYPE_CHECKING:
    from twinface.evaluation.figures.intervals import Difference
    from twinface.evaluation.figures.verification import VerificationFigures
    from twinface.training.heads.head_training import TrainReport


def train(
    *,
    features: FeaturesOption,
    output: Annotated[Path, typer.Option("--output", help="Folder for the head; replaced as a whole.")],
    options: HeadOptions,
    json_output: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Train the similarity head (the original train.py), and measure it on people it has not seen, next to cosine."""
    from twinface.corrections import read_corrections
    from twinface.training.heads.train_head import train_head

    chosen, box = options.parsed(), chosen_settings()
    if options.corrections:
        box = box.model_copy(update={"gallery": options.corrections})
    with progress_bar("training", None) as bar:

        def on_step(number: int, count: int, figures: dict[str, float]) -> None:
            bar.update(number, count)
            reached = ", ".join(f"{name} {value:.4f}" for name, value in figures.items())
            note(f"{number} of {count}: {reached}")

        report = train_head(features, output, chosen, on_step, read_corrections(box.gallery), box=box)
    if json_output:
        say_json("train", _to_json(report, output), on_a_line=True)
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
    epoch = f", {plural(report.pairs_per_epoch, 'pair')} an epoch" if report.pairs_per_epoch else ""
    say(f"{plural(report.pictures, 'picture')} of {plural(report.people, 'person')}{epoch}: {output}")
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
        f"on {plural(report.validation_people, 'person')} held out,"
        f" {plural(report.head.genuine_pairs, 'pair')} of the same person,"
        f" {report.head.impostor_pairs} of different people:"
    )
    say(f"  head    {_describe(report.head)}")
    say(f"  cosine  {_describe(report.cosine)}")
    for name, title in (("eer", "EER"), ("tar_at_far_0.001", "TAR at FAR 0.001")):
        if difference := report.differences.get(name):
            say(f"  {title}: {difference.difference:+.2%}, {_describe_interval(difference)}")


def _describe_interval(difference: "Difference") -> str:
    from twinface.evaluation.report.wording import no_interval

    interval = difference.interval
    if interval is None:
        return no_interval(difference.people)
    return f"with 95 % confidence {interval.low:+.2%} to {interval.high:+.2%}"


def _describe(figures: "VerificationFigures") -> str:
    accepted = "".join(f"  TAR {share:.2%} at FAR {rate}" for rate, share in figures.accepted_at.items())
    return f"AUC {figures.auc:.4f}  EER {figures.eer:.2%}{accepted}"

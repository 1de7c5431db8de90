"""`twinface retrain`: a new head while the pipeline runs, and what was found."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer
from rich.table import Table

from twinface.cli.configuration import chosen_run_directory, chosen_settings
from twinface.cli.console import Terminal, escape, say_json, shown_status
from twinface.cli.shared_options import JsonOption
from twinface.text import plural

if TYPE_CHECKING:
    from twinface.training.heads.head_training import Architecture
    from twinface.training.retraining.retraining_report import CorrectionScores, Measured, RetrainReport

_TITLES = {
    "cost": "cost",
    "cost_people": "cost, people",
    "cost_strangers": "cost, strangers",
    "auc": "AUC",
    "eer": "EER",
}
_MOST_CORRECTIONS = 20


def print_report(report: "RetrainReport") -> None:
    """Print it as tables and lines: both heads on the same pairs, each corrected face, and what was decided and why."""
    from twinface.training.retraining.retraining_report import BUNDLED

    console = Terminal(highlight=False, soft_wrap=True)
    verb = "trained on" if report.new_threshold is not None else "to train on:"
    console.print(
        f"{verb} {plural(report.pictures, 'picture')} of {plural(report.people, 'person')}, {report.confirmed} of them"
        f" confirmed faces, and {plural(report.rejected, 'rejected face')}"
    )
    if report.measured:
        console.print(f"{_measured_on(report.measured)}\n")
        console.print(_figures(report.measured))
    if report.new_threshold is not None:
        console.print(f"threshold: {report.present_threshold:.4g} now, {report.new_threshold:.4g} with the new head")
    if report.corrections:
        console.print(_corrections(report.corrections))
    if report.published:
        console.print(f"published: {escape(report.head)}; `twinface rollback` brings the one before it back")
    else:
        kept = "the bundled one" if report.present == BUNDLED else report.present
        console.print(f"the present head is kept ({escape(kept)}):")
        for reason in report.reasons:
            console.print(f"  {escape(reason)}")


def _measured_on(measured: "Measured") -> str:
    new = measured.new
    what = f"measured on {plural(measured.people, 'person')} whom neither head was trained on"
    pairs = f"{plural(new.genuine_pairs, 'pair')} of the same person"
    if strangers := measured.strangers:
        others = f"{new.impostor_pairs:,} with strangers, of whom {strangers:,} were drawn from the cohort"
        return f"{what}, {pairs}, {others}; by pictures of these people, it says nothing of other people"
    return f"{what}, {pairs}, {new.impostor_pairs:,} of different people"


def _figures(measured: "Measured") -> Table:
    from twinface.evaluation.report.wording import no_interval

    table = Table("", "now", "new", "new - now, 95 %", box=None)
    for name, difference in measured.differences.items():
        interval = dataclasses.astuple(difference.interval) if difference.interval else ()
        parts = (difference.second, difference.first, *interval)
        now, new, *ends = (f"{part:.6f}" if name.startswith(("cost", "auc")) else f"{part:.2%}" for part in parts)
        title = _TITLES.get(name) or f"TAR at FAR {name.rpartition('_')[2]}"
        table.add_row(title, now, new, " to ".join(ends) or no_interval(difference.people))
    return table


def _corrections(corrections: Sequence["CorrectionScores"]) -> Table:
    table = Table("corrected", "as", "seen", "now", "new", box=None)
    for one in corrections[:_MOST_CORRECTIONS]:
        table.add_row(one.kind, escape(one.name), escape(one.track), f"{one.present:.3f}", f"{one.new:.3f}")
    if (more := len(corrections) - _MOST_CORRECTIONS) > 0:
        table.add_row(f"and {more} more; --json has all", "", "", "", "")
    return table


def retrain(
    *,
    features: Annotated[
        Path | None,
        typer.Option("--features", help="Vectors of others to learn from as well, as `twinface extract` makes them."),
    ] = None,
    architecture: Annotated[
        str, typer.Option("--architecture", help="plda, a metric (no TensorFlow), linear, mlp or seed, the original's.")
    ] = "plda",
    epochs: Annotated[
        int, typer.Option("--epochs", min=1, help="Of layers: times through the pairs of the same person, at most.")
    ] = 15,
    normalize: Annotated[
        bool, typer.Option("--normalize/--no-normalize", help="Of layers: divide by the deviations of the vectors.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Retrain the head of the running box from its gallery and corrections; taken only if it is not worse.

    Both heads are measured on people whom they were not trained on; where these are few, from two on, by their
    pictures and by strangers drawn from the head's cohort. The matcher loads the new one by itself, and
    `twinface rollback` brings the one before it back.
    """
    from twinface.box.trainer_client import retrain_on_box
    from twinface.training.heads.head_training import TrainOptions

    options = TrainOptions(cast("Architecture", architecture), epochs=epochs, normalize=normalize)
    options.check()
    settings = chosen_settings()
    with shown_status("starting the trainer") as show:
        report = retrain_on_box(settings, chosen_run_directory(settings), options, features, say=show)
    if as_json:
        say_json("retrain", dataclasses.asdict(report) | {"published": report.published})
    else:
        print_report(report)

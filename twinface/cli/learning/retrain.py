"""`twinface retrain`: a new head while the pipeline runs."""

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from twinface.cli.configuration import chosen_run_directory, chosen_settings
from twinface.cli.console import say_json, shown_status
from twinface.cli.learning.retrain_report import print_report
from twinface.cli.shared_options import JsonOption

if TYPE_CHECKING:
    from twinface.training.heads.head_training import Architecture


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

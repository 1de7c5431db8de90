"""`twinface retrain` and `rollback`: a new head while the pipeline runs, and the one before it back."""

import time
from pathlib import Path
from typing import Annotated, cast

import typer

from twinface.cli.configuration import chosen_settings
from twinface.cli.console import errors, escape, say, say_json
from twinface.cli.learning.retrain_report import print_report
from twinface.cli.learning.trainer import POLL_S, ask_trainer, start_trainer
from twinface.cli.options import JsonOption
from twinface.errors import TwinfaceError
from twinface.training.heads.options import Architecture, TrainOptions


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
    TrainOptions(cast("Architecture", architecture), epochs=epochs, normalize=normalize).check()
    settings = chosen_settings()
    arguments = {
        "features": str(features.absolute()) if features else None,
        "architecture": architecture,
        "epochs": epochs,
        "normalize": normalize,
    }
    with errors.status("starting the trainer") as shown:
        run = start_trainer(settings)
        answer = ask_trainer(run, "train", arguments)
        while answer["state"] == "running":
            shown.update(escape(answer["detail"]))
            time.sleep(POLL_S)
            answer = ask_trainer(run, "progress")
    if answer["state"] != "done":
        raise TwinfaceError(answer["detail"])
    if as_json:
        say_json(answer["report"])
    else:
        print_report(answer["report"])


def rollback(
    *,
    head: Annotated[
        Path | None, typer.Option("--head", help="Folder of a head; default: the one that `retrain` publishes to.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Bring back the head that was there before the last `retrain`; once more, and the newer one is back."""
    from twinface.matching import head_place
    from twinface.networks import find_recipe
    from twinface.training.retraining.history import roll_back

    settings = chosen_settings()
    folder = head or head_place(settings.head, settings.gallery, find_recipe(settings.network).fingerprint)
    roll_back(folder)
    if as_json:
        say_json({"head": str(folder)}, indent=None)
    else:
        say(f"the head before the last one is back in {folder}; `twinface rollback` again undoes this")

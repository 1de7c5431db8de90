"""`twinface retrain` and `rollback`: a new head while the pipeline runs, and the one before it back."""

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, cast

import typer
from rich.console import Console

from twinface.bus.control import ask
from twinface.bus.rundir import RunDirectory
from twinface.cli.options import ConfigOption, JsonOption
from twinface.cli.retrain_report import print_report
from twinface.errors import ServiceError, TwinfaceError
from twinface.live.service import run_directory
from twinface.live.supervision import process_states, start_process
from twinface.messages.topics import CONTROL
from twinface.processes import TRAINER
from twinface.settings import load_settings
from twinface.training.head_options import Architecture, TrainOptions

_START_TIMEOUT_S = 60.0
_POLL_S = 0.5


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
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Retrain the head of the running box from its gallery and corrections; taken only if it is not worse.

    Both heads are measured on people whom they have not learnt from. The matcher takes the new one up by itself, and
    `twinface rollback` brings the one before it back.
    """
    TrainOptions(cast("Architecture", architecture), epochs=epochs, normalize=normalize).check()
    settings = load_settings(config)
    run = run_directory(settings)
    if not any(state.name == TRAINER.name and state.pid for state in process_states(run, settings)):
        start_process(run, TRAINER.name)
    arguments = {
        "features": str(features.absolute()) if features else None,
        "architecture": architecture,
        "epochs": epochs,
        "normalize": normalize,
    }
    with Console(stderr=True).status("starting the trainer") as shown:
        _wait_for_trainer(run)
        answer = _ask(run, "train", arguments)
        while answer["state"] == "running":
            shown.update(answer["detail"])
            time.sleep(_POLL_S)
            answer = _ask(run, "progress")
    if answer["state"] != "done":
        raise TwinfaceError(answer["detail"])
    if as_json:
        typer.echo(json.dumps(answer["report"], indent=2, ensure_ascii=False))
    else:
        print_report(answer["report"])


def rollback(
    *,
    head: Annotated[
        Path | None, typer.Option("--head", help="Folder of a head; default: the one that `retrain` publishes to.")
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Bring back the head that was there before the last `retrain`; once more, and the newer one is back."""
    from twinface.matching import head_place
    from twinface.networks import find_recipe
    from twinface.training.retraining.history import roll_back

    settings = load_settings(config)
    folder = head or head_place(settings.head, settings.gallery, find_recipe(settings.network).fingerprint)
    roll_back(folder)
    if as_json:
        typer.echo(json.dumps({"head": str(folder)}))
    else:
        typer.echo(f"the head before the last one is back in {folder}; `twinface rollback` again undoes this")


def _ask(run: RunDirectory, verb: str, arguments: Mapping[str, object] | None = None) -> Any:
    return ask(run.endpoint(CONTROL, TRAINER.name), verb, arguments, timeout_s=10.0)


def _wait_for_trainer(run: RunDirectory) -> None:
    """Until it answers: it may be starting."""
    give_up_at_s = time.monotonic() + _START_TIMEOUT_S
    while True:
        try:
            _ask(run, "progress")
        except ServiceError as error:
            if error.code != "timeout" or time.monotonic() > give_up_at_s:
                raise
        else:
            return

"""`twinface retrain`: a new head while the pipeline runs."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, cast

import typer
from rich.console import Console

from twinface.bus.control import ask
from twinface.bus.rundir import RunDirectory
from twinface.cli.options import ConfigOption
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
    features: Annotated[Path, typer.Option("--features", help="Folder of vectors, as `twinface extract` makes it.")],
    output: Annotated[
        Path | None, typer.Option("--output", help="Folder for the head; default: `head` of the configuration.")
    ] = None,
    architecture: Annotated[
        str, typer.Option("--architecture", help="plda, a metric (no TensorFlow), linear, mlp or seed, the original's.")
    ] = "plda",
    epochs: Annotated[
        int, typer.Option("--epochs", min=1, help="Of layers: times through the pairs of the same person, at most.")
    ] = 15,
    normalize: Annotated[
        bool, typer.Option("--normalize/--no-normalize", help="Of layers: divide by the deviations of the features.")
    ] = False,
    config: ConfigOption = None,
) -> None:
    """Train a head on the running box; the matcher takes it up by itself when it is done."""
    TrainOptions(cast("Architecture", architecture), epochs=epochs, normalize=normalize).check()
    settings = load_settings(config)
    run = run_directory(settings)
    if not any(state.name == TRAINER.name and state.pid for state in process_states(run, settings)):
        start_process(run, TRAINER.name)
    arguments = {
        "features": str(features.absolute()),
        "output": str(output.absolute()) if output else None,
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
    typer.echo(answer["detail"])
    report = answer["report"]
    if report["head"] and report["cosine"]:
        typer.echo(f"on {report['validation_people']} people held out:")
        for name in ("head", "cosine"):
            typer.echo(f"  {name:7} AUC {report[name]['auc']:.4f}  EER {report[name]['eer']:.2%}")


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

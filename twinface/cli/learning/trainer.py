"""The trainer of the running box, as the commands start and ask it."""

import time
from collections.abc import Mapping
from typing import Any

from twinface.box.supervision import process_states, start_process
from twinface.bus.control import ask
from twinface.bus.rundir import RunDirectory
from twinface.cli.configuration import chosen_run_directory
from twinface.errors import ServiceError
from twinface.messages.topics import CONTROL
from twinface.processes import TRAINER
from twinface.settings import Settings

_START_TIMEOUT_S = 60.0
POLL_S = 0.5


def start_trainer(settings: Settings) -> RunDirectory:
    """Where it can be asked, once it answers. Raises ServiceError where the box is not up, or it does not start."""
    run = chosen_run_directory(settings)
    if not trainer_runs(run, settings):
        start_process(run, TRAINER.name)
    give_up_at_s = time.monotonic() + _START_TIMEOUT_S
    while True:
        try:
            ask_trainer(run, "progress")
        except ServiceError as error:
            if error.code != "timeout" or time.monotonic() > give_up_at_s:
                raise
        else:
            return run


def trainer_runs(run: RunDirectory, settings: Settings) -> bool:
    """Whether there is one. Raises ServiceError where the box is not up."""
    return any(state.name == TRAINER.name and state.pid for state in process_states(run, settings))


def ask_trainer(run: RunDirectory, verb: str, arguments: Mapping[str, object] | None = None) -> Any:
    """How far it is, after it has done what is asked; the `progress` of `TrainingJob`."""
    return ask(run.endpoint(CONTROL, TRAINER.name), verb, arguments, timeout_s=10.0)

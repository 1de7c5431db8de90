"""trainer: on request, a head from the gallery and its corrections, or a ResNet50 that is taught.

`twinface retrain` and `twinface distill --background` start it and ask.
"""

import os
import sys
import time
from collections.abc import Mapping
from typing import Any

from twinface.box.service import run_service
from twinface.box.training_job import TrainingJob
from twinface.box.training_work import retraining, teaching
from twinface.bus.node import Node
from twinface.errors import ServiceError
from twinface.processes import TRAINER
from twinface.settings import Settings

_IDLE_UNTIL_EXIT_S = 60.0
"""A trainer takes memory, half a gigabyte with TensorFlow, which a small box has better uses for."""

_NICENESS = 10
"""Who is at the door has time only now; a head has all night."""

_CHECKPOINT_WITHIN_S = TRAINER.stop_within_s - 2.0
"""For the step that is being learnt, on a busy box, and for what is saved."""


def _work(node: Node, settings: Settings) -> None:
    os.nice(_NICENESS)
    job = TrainingJob()
    busy_at_s = time.monotonic()

    def answer(verb: str, arguments: Mapping[str, Any]) -> Any:
        if verb == "train":
            job.start("a head is being trained", retraining(settings, arguments))
        elif verb == "teach":
            job.start(_what(arguments), teaching(arguments))
        elif verb == "stop":
            job.stop(_what(arguments))
        elif verb != "progress":
            raise ServiceError(f"unknown request {verb!r}; known: train, teach, stop, progress", "unknown")
        return job.progress()

    def look_after() -> None:
        nonlocal busy_at_s
        node.set_state(job.state, job.detail)
        if job.state == "running":
            busy_at_s = time.monotonic()
        elif time.monotonic() - busy_at_s > _IDLE_UNTIL_EXIT_S:
            node.loop.stop()

    node.answer(answer)
    node.loop.every(1.0, look_after)
    node.loop.run()
    job.close(_CHECKPOINT_WITHIN_S)


def _what(arguments: Mapping[str, Any]) -> str:
    return f"{arguments['run']} is being taught"


if __name__ == "__main__":
    sys.exit(run_service(lambda _settings: "trainer", _work))

"""trainer: on request, a head from the gallery and its corrections. `twinface retrain` starts it and asks."""

import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from twinface.bus.node import Node
from twinface.errors import ServiceError
from twinface.live.service import run_service
from twinface.live.training_job import TrainingJob
from twinface.settings import Settings
from twinface.training.head_options import TrainOptions

_IDLE_UNTIL_EXIT_S = 60.0
"""A trainer takes memory, half a gigabyte with TensorFlow, which a small box has better uses for."""

_NICENESS = 10
"""Who is at the door has time only now; a head has all night."""


def _work(node: Node, settings: Settings) -> None:
    os.nice(_NICENESS)
    job = TrainingJob(settings)
    busy_at_s = time.monotonic()

    def answer(verb: str, arguments: Mapping[str, Any]) -> Any:
        if verb == "train":
            options = TrainOptions(
                arguments["architecture"], epochs=int(arguments["epochs"]), normalize=bool(arguments["normalize"])
            )
            job.start(options, Path(arguments["features"]) if arguments["features"] else None)
        elif verb != "progress":
            raise ServiceError(f"unknown request {verb!r}; known: train, progress", "unknown")
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


if __name__ == "__main__":
    sys.exit(run_service(lambda _settings: "trainer", _work))

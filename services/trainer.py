"""trainer: on request, a head from a features folder. Started by `twinface retrain`; for layers it has TensorFlow."""

import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from twinface.bus.node import Node
from twinface.errors import ServiceError, SettingsError
from twinface.live.service import run_service
from twinface.live.training_job import TrainingJob
from twinface.settings import Settings
from twinface.training.head_options import TrainOptions

_IDLE_UNTIL_EXIT_S = 60.0
"""A trainer takes memory, half a gigabyte with TensorFlow, which a small box has better uses for."""


def _work(node: Node, settings: Settings) -> None:
    job = TrainingJob()
    busy_at_s = time.monotonic()

    def answer(verb: str, arguments: Mapping[str, Any]) -> Any:
        if verb == "train":
            output = arguments.get("output") or settings.head
            if output is None:
                raise SettingsError("no place for the head: set `head` in the configuration, or name one with --output")
            options = TrainOptions(
                arguments.get("architecture", "plda"),
                epochs=int(arguments["epochs"]),
                normalize=bool(arguments["normalize"]),
            )
            job.start(Path(arguments["features"]), Path(output), options)
        elif verb != "progress":
            raise ServiceError(f"unknown request {verb!r}; known: train, progress", "unknown")
        return job.progress()

    def look_after() -> None:
        nonlocal busy_at_s
        node.set_state("running" if job.state == "running" else job.state, job.detail)
        if job.state == "running":
            busy_at_s = time.monotonic()
        elif time.monotonic() - busy_at_s > _IDLE_UNTIL_EXIT_S:
            node.loop.stop()

    node.answer(answer)
    node.loop.every(1.0, look_after)
    node.loop.run()


if __name__ == "__main__":
    sys.exit(run_service(lambda _settings: "trainer", _work))

"""trainer: on request, a head from the gallery and its corrections, or a ResNet50 that is taught.

`twinface retrain` and `twinface distill --background` start it and ask.
"""

import os
import time
from collections.abc import Mapping
from typing import Any

from twinface.box.service import run_service
from twinface.box.training_job import TrainingJob
from twinface.box.training_work import retraining, teaching
from twinface.bus.node import Node
from twinface.errors import ServiceError
from twinface.processes import TRAINER
from twinface.progress import how_far
from twinface.settings import Settings

_LOOK_S = 1.0
_IDLE_UNTIL_EXIT_S = 60.0
"""A trainer takes memory, half a gigabyte with TensorFlow, which a small box has better uses for."""

_NICENESS = 10
"""Who is at the door has time only now; a head has all night."""

_CHECKPOINT_WITHIN_S = TRAINER.stop_within_s - 2.0
"""For the step that is being learnt, on a busy box, and for what is saved."""


class _Trainer:
    def __init__(self, node: Node, settings: Settings) -> None:
        os.nice(_NICENESS)
        self._node = node
        self._settings = settings
        self._job = TrainingJob()
        self._busy_at_s = time.monotonic()
        node.answer(self._answer)
        node.loop.every(_LOOK_S, self._look_after_job)

    def close(self) -> None:
        """Keep what the job has reached."""
        self._job.close(_CHECKPOINT_WITHIN_S)

    def _answer(self, verb: str, arguments: Mapping[str, Any]) -> Any:
        if verb == "train":
            self._job.start("a head is being trained", retraining(self._settings, arguments))
        elif verb == "teach":
            self._job.start(_what(arguments), teaching(arguments))
        elif verb == "stop":
            self._job.stop(_what(arguments))
        elif verb != "progress":
            raise ServiceError(f"unknown request {verb!r}; known: train, teach, stop, progress", "unknown")
        return self._job.progress()

    def _look_after_job(self) -> None:
        self._node.set_state(self._job.state, how_far(self._job.detail, self._job.share))
        if self._job.state == "running":
            self._busy_at_s = time.monotonic()
        elif time.monotonic() - self._busy_at_s > _IDLE_UNTIL_EXIT_S:
            self._node.loop.stop()


def _what(arguments: Mapping[str, Any]) -> str:
    return f"{arguments['run']} is being taught"


def _work(node: Node, settings: Settings) -> None:
    trainer = _Trainer(node, settings)
    try:
        node.loop.run()
    finally:
        trainer.close()


if __name__ == "__main__":
    run_service(lambda _settings: TRAINER.name, _work)

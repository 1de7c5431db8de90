"""What the process that reads pictures is asked; it starts when somebody asks, and ends when nobody has for a while."""

import threading
from collections.abc import Mapping
from typing import Any

from twinface.box.handed_files import HandedFile
from twinface.box.supervision import start_process
from twinface.bus.control import ask
from twinface.bus.rundir import RunDirectory
from twinface.errors import ServiceError
from twinface.messages.topics import CONTROL
from twinface.processes import PICTURES

_ANSWERS_WITHIN_S = 60.0
"""It starts first, and a large picture on a busy box takes seconds."""


class PicturesProcess:
    """Asks the process of the box in `run`; for any number of threads."""

    def __init__(self, run: RunDirectory) -> None:
        self._run = run
        self._starting = threading.Lock()

    def ask(self, verb: str, arguments: Mapping[str, Any], picture: HandedFile | None = None) -> Any:
        """The answer to a question about a `picture`, or about nothing but the arguments.

        Raises ServiceError: with the code of whoever refused, `timeout`, or those of `start_process`.
        """
        self._start()
        handed = {} if picture is None else {"picture": picture.handle}
        endpoint = self._run.endpoint(CONTROL, PICTURES.name)
        return ask(endpoint, verb, {**arguments, **handed}, timeout_s=_ANSWERS_WITHIN_S)

    def _start(self) -> None:
        with self._starting:
            if self._run.is_locked(PICTURES.name):
                return
            try:
                start_process(self._run, PICTURES.name)
            except ServiceError as error:
                if "ALREADY_STARTED" not in str(error):
                    raise

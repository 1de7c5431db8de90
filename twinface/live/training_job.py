"""Training of a head beside the running pipeline: in a thread, one at a time, with its progress to be asked for."""

import dataclasses
import logging
import threading
from pathlib import Path

from twinface.errors import ServiceError, TwinfaceError
from twinface.training.feature_table import compute_statistics
from twinface.training.head_options import TrainOptions, TrainReport
from twinface.training.train_head import train_head

log = logging.getLogger(__name__)


class TrainingJob:
    """Runs statistics and training; `state` is idle, running, done or failed."""

    def __init__(self) -> None:
        self.state = "idle"
        self.detail = ""
        self._thread: threading.Thread | None = None
        self._report: TrainReport | None = None

    def start(self, features: Path, output: Path, options: TrainOptions) -> None:
        """Begin. Raises ServiceError (`busy`) while another one runs."""
        if self.state == "running":
            raise ServiceError(f"a head is being trained ({self.detail}); wait for its end", "busy")
        self.state, self.detail = "running", "reading the features"
        self._thread = threading.Thread(target=self._run, args=(features, output, options), daemon=True)
        self._thread.start()

    def progress(self) -> dict[str, object]:
        """How far it is, in plain containers; with the figures of the new head once it is done."""
        report = dataclasses.asdict(self._report) if self._report is not None else None
        return {"state": self.state, "detail": self.detail, "report": report}

    def _run(self, features: Path, output: Path, options: TrainOptions) -> None:
        def on_step(number: int, count: int, figures: dict[str, float]) -> None:
            self.detail = f"step {number} of {count}, loss {figures.get('loss', float('nan')):.4f}"

        try:
            compute_statistics(features)
            self._report = train_head(features, output, options, on_step)
        except TwinfaceError as error:
            self.state, self.detail = "failed", str(error)
            log.error("training failed", extra={"error": str(error)})
        except Exception as error:  # a thread's traceback would be seen by nobody
            self.state, self.detail = "failed", f"{type(error).__name__}: {error}"
            log.exception("training failed")
        else:
            self.state, self.detail = "done", f"the head is in {output}"
            log.info("trained", extra={"head": str(output)})

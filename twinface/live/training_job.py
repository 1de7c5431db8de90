"""A head retrained beside the running pipeline: in a thread, one at a time, with its progress to be asked for."""

import dataclasses
import logging
import threading
from pathlib import Path

from twinface.errors import ServiceError, TwinfaceError
from twinface.settings import Settings
from twinface.training.head_options import TrainOptions
from twinface.training.retraining.report import RetrainReport
from twinface.training.retraining.run import retrain

log = logging.getLogger(__name__)


class TrainingJob:
    """Retrains the head of the settings; `state` is idle, running, done or failed."""

    def __init__(self, settings: Settings) -> None:
        self.state = "idle"
        self.detail = ""
        self._settings = settings
        self._thread: threading.Thread | None = None
        self._report: RetrainReport | None = None

    def start(self, options: TrainOptions, features: Path | None) -> None:
        """Begin. Raises ServiceError (`busy`) while another one runs."""
        if self.state == "running":
            raise ServiceError(f"a head is being trained ({self.detail}); wait for its end", "busy")
        self.state, self.detail, self._report = "running", "starting", None
        self._thread = threading.Thread(target=self._run, args=(options, features), daemon=True)
        self._thread.start()

    def progress(self) -> dict[str, object]:
        """How far it is, in plain containers; with its report, as `RetrainReport` has it, once it is done."""
        report = None
        if self._report is not None:
            report = dataclasses.asdict(self._report) | {"published": self._report.published}
        return {"state": self.state, "detail": self.detail, "report": report}

    def _run(self, options: TrainOptions, features: Path | None) -> None:
        try:
            self._report = retrain(self._settings, options, features, self._say)
        except TwinfaceError as error:
            self.state, self.detail = "failed", str(error)
            log.error("training failed", extra={"error": str(error)})
        except Exception as error:  # a thread's traceback would be seen by nobody
            self.state, self.detail = "failed", f"{type(error).__name__}: {error}"
            log.exception("training failed")
        else:
            done = "published" if self._report.published else "the present head is kept"
            self.state, self.detail = "done", done
            log.info("trained", extra={"head": self._report.head, "published": self._report.published})

    def _say(self, detail: str) -> None:
        self.detail = detail

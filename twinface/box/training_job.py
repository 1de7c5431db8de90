"""Training beside the running pipeline: in a thread, one at a time, with its progress to be asked for."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

from twinface.errors import ServiceError, TwinfaceError
from twinface.progress import SayHowFar

log = logging.getLogger(__name__)

LEARNING = "learning"
"""What a network's progress begins with once its pictures are ready and it learns."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it: in a word, and JSON-ready where there is more to say."""

    detail: str
    report: dict[str, object] | None = None


Work = Callable[[SayHowFar, Callable[[], bool]], Outcome]
"""(say how far it is, is a stop asked for) → what came of it. Raises TwinfaceError."""


class TrainingJob:
    """`state` is idle, running, done or failed; `detail` says more, `share` how much is done, 0…1, where known."""

    def __init__(self) -> None:
        self.state = "idle"
        self.detail = ""
        self.share: float | None = None
        self._what = ""
        self._report: dict[str, object] | None = None
        self._thread: threading.Thread | None = None
        self._stop_asked = threading.Event()

    def start(self, what: str, work: Work) -> None:
        """Begin `work`, which is `what` in words. Raises ServiceError (`busy`) while other work goes on."""
        if self.state == "running":
            raise ServiceError(f"{self._what} ({self.detail}); wait for its end", "busy")
        self.state, self.detail, self._what, self._report = "running", "starting", what, None
        self.share = None
        self._stop_asked.clear()
        self._thread = threading.Thread(target=self._run, args=(work,), daemon=True)
        self._thread.start()

    def stop(self, what: str) -> None:
        """Ask `what` goes on to end early. Raises ServiceError (`idle`, `busy`) where nothing does, or other work."""
        if self.state != "running":
            raise ServiceError("nothing is being trained", "idle")
        if what != self._what:
            raise ServiceError(f"not this is being done: {self._what} ({self.detail})", "busy")
        self._stop_asked.set()

    def close(self, timeout_s: float) -> None:
        """Ask whatever goes on to end early, and wait for it, at most so long."""
        self._stop_asked.set()
        if self._thread is not None:
            self._thread.join(timeout_s)

    def progress(self) -> dict[str, object]:
        """How far it is, JSON-ready; with its report, once it is done."""
        return {"state": self.state, "detail": self.detail, "share": self.share, "report": self._report}

    def _run(self, work: Work) -> None:
        try:
            outcome = work(self._say, self._stop_asked.is_set)
        except TwinfaceError as error:
            self.state, self.detail = "failed", str(error)
            log.error("training failed", extra={"error": str(error)})
        except Exception as error:  # a thread's traceback would be seen by nobody
            self.state, self.detail = "failed", f"{type(error).__name__}: {error}"
            log.exception("training failed")
        else:
            self._report = outcome.report
            self.state, self.detail = "done", outcome.detail
            log.info("trained", extra={"outcome": outcome.detail})
        finally:
            self.share = None

    def _say(self, detail: str, share: float | None = None, /) -> None:
        self.detail, self.share = detail, share

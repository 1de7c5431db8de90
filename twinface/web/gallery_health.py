"""What wants a look in the gallery, found beside the page: pictures at the wrong person, one person under two names.

Everybody is compared with everybody, which takes seconds of a processor where there are thousands, and memory that
the page is not to take: so a command does it, at the lowest priority, and keeps its findings until the gallery changes.
"""

import logging
import subprocess
import sys
import threading
import time
from collections.abc import Collection, Mapping, Sequence
from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel, ValidationError

from twinface.gallery.person import PersonVectors

log = logging.getLogger(__name__)

_COMMAND = """
import os
from twinface.bus.orphans import stop_with_parent
os.nice(10)
stop_with_parent()
from twinface.cli.entry import main
main()
"""
_LEAST_PAUSE_S = 2.0
_MOST_SCORES = 100_000_000
"""Of pictures with people: where there are more it takes minutes, and is not done beside a running box."""


POOR_QUALITY_FAULT = "poor_quality"


class HealthState(StrEnum):
    """Whether the gallery as it is now was checked; unknown where nobody can be compared, or there are too many."""

    CHECKING = "checking"
    READY = "ready"
    UNKNOWN = "unknown"


class GalleryFinding(BaseModel):
    """Something to look at, as `twinface gallery verify --json` has it."""

    fault: str
    person: str
    picture: str | None
    other: str | None
    pictures: list[str]
    words: str


class _Verified(BaseModel):
    findings: list[GalleryFinding] | None


class GalleryHealth:
    """For any number of threads; nothing is computed unless somebody asks."""

    def __init__(self, config: Path) -> None:
        self._config = config
        self._running = self._compared = False
        self._by_person: Mapping[str, Sequence[GalleryFinding]] = {}
        self._seen: int | None = None
        self._next_at_s = 0.0
        self._lock = threading.Lock()

    def of_gallery(
        self, version: int, people: Collection[PersonVectors]
    ) -> tuple[HealthState, Mapping[str, Sequence[GalleryFinding]]]:
        """What is known to want a look, by person, of a gallery of this version, or of an earlier one.

        Pictures that are poor are not among it: whoever has the person knows.
        """
        if len(people) * sum(len(one.files) for one in people) > _MOST_SCORES:
            return HealthState.UNKNOWN, {}
        with self._lock:
            if version != self._seen and not self._running and time.monotonic() >= self._next_at_s:
                self._seen, self._running = version, True
                threading.Thread(target=self._check, name="gallery health", daemon=True).start()
            done = HealthState.READY if self._compared else HealthState.UNKNOWN
            return HealthState.CHECKING if self._running or version != self._seen else done, self._by_person

    def _check(self) -> None:
        """Check once; while a gallery changes all the time, that takes half of the time at most."""
        began_s = time.monotonic()
        found = self._verify()
        with self._lock:
            self._running, self._compared = False, found is not None
            self._by_person = _by_person(found or [])
            self._next_at_s = 2 * time.monotonic() - began_s + _LEAST_PAUSE_S

    def _verify(self) -> list[GalleryFinding] | None:
        words = ["--config", str(self._config), "gallery", "verify", "--json"]
        try:
            command = [sys.executable, "-P", "-c", _COMMAND, *words]
            done = subprocess.run(command, capture_output=True, check=False)  # noqa: S603 — words of our own
            return _Verified.model_validate_json(done.stdout).findings
        except (OSError, ValidationError) as error:
            log.warning("the gallery was not checked", extra={"error": type(error).__name__})
            return None


def _by_person(findings: Sequence[GalleryFinding]) -> dict[str, list[GalleryFinding]]:
    """Two who are too alike both have the finding."""
    found: dict[str, list[GalleryFinding]] = {}
    for one in findings:
        if one.fault == POOR_QUALITY_FAULT:  # said of everybody at once, by what the gallery has
            continue
        found.setdefault(one.person, []).append(one)
        if one.other is not None and one.picture is None:
            found.setdefault(one.other, []).append(one.model_copy(update={"person": one.other, "other": one.person}))
    return found

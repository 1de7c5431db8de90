"""What the matcher answers on `control`."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from twinface.errors import ServiceError
from twinface.events.event_queries import EventQuery, read_events
from twinface.live.matcher import MatcherStage
from twinface.review.evidence import find_evidence
from twinface.review.explain import explain

_MOST_ON_A_PAGE = 250
"""Events in one answer, so that it stays below the limit of a message."""


@dataclasses.dataclass(frozen=True, slots=True)
class RequestHandler:
    """Called with a verb and its arguments.

    `snapshot`: the present. `replay`: match events of this `epoch` from number `since` on. `events`: stored events,
    also of earlier epochs, that follow number `after`. `explain`: what the decision on an `event` or `track` rests on.
    Raises ServiceError, and what `read_events` and `find_evidence` do.
    """

    stage: MatcherStage
    epoch: int
    events_path: Path

    def __call__(self, verb: str, arguments: Mapping[str, Any]) -> Any:
        """The answer, JSON-ready."""
        if verb == "snapshot":
            return self.stage.snapshot()
        if verb == "replay":
            events = self.stage.events_since(*_page(verb, arguments, "since"))
            return {"epoch": self.epoch, "events": [dataclasses.asdict(event) for event in events]}
        if verb == "events":
            after, limit = _page(verb, arguments, "after")
            stored = read_events(self.events_path, EventQuery(after=after, limit=limit))
            return {"events": [event.plain for event in stored]}
        if verb == "explain":
            return explain(find_evidence(self.events_path, arguments.get("event"), arguments.get("track")))
        raise ServiceError(f"unknown request {verb!r}; known: snapshot, replay, events, explain", "unknown")


def _page(verb: str, arguments: Mapping[str, Any], begin: str) -> tuple[int, int]:
    """The number that a page of events begins with or after, and how many are wanted."""
    number, limit = arguments.get(begin, 0), arguments.get("limit", _MOST_ON_A_PAGE)
    if not isinstance(number, int) or not isinstance(limit, int):
        raise ServiceError(f"{verb}: `{begin}` is the number of an event, `limit` how many", "bad request")
    return number, min(max(limit, 0), _MOST_ON_A_PAGE)

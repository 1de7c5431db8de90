"""Who is there now, from the matcher's snapshot and the events after it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from twinface.messages.schema import MatchEvent
from twinface.types import State


@dataclass(frozen=True, slots=True)
class Present:
    """A face that a camera sees. `since_ns` is when it was first seen, where that is known.

    Its track is `track` of the camera's start `camera_epoch`.
    """

    camera: str
    track: int
    camera_epoch: int
    name: str | None
    state: str
    score: float
    since_ns: int | None
    latency_ms: float | None


class Presence:
    """Everybody who is there."""

    def __init__(self) -> None:
        self._epoch = 0
        self._present: dict[tuple[str, int], Present] = {}

    def everybody(self) -> list[Present]:
        """By camera, who came first foremost."""
        return sorted(self._present.values(), key=lambda one: (one.camera, one.since_ns or 0, one.track))

    def take_snapshot(self, snapshot: Mapping[str, Any]) -> None:
        """Begin again from what the matcher says is there."""
        before = self._present if snapshot["epoch"] == self._epoch else {}
        self._epoch = snapshot["epoch"]
        self._present = {}
        for track in snapshot["tracks"]:
            key = track["camera"], track["track"]
            known = before.get(key)
            self._present[key] = Present(
                *key,
                track["camera_epoch"],
                name=track["name"],
                state=track["state"],
                score=track["score"],
                since_ns=track.get("entered_at_ns") or (known.since_ns if known else None),
                latency_ms=known.latency_ms if known else None,
            )

    def take(self, event: MatchEvent) -> None:
        """Take the next event; one of a restarted matcher begins with nobody."""
        if event.epoch != self._epoch:
            self._epoch = event.epoch
            self._present.clear()
        if event.type == "end":
            self._present = {key: one for key, one in self._present.items() if one.camera != event.camera}
        elif event.track is not None:
            self._take_track(event, event.track)

    def _take_track(self, event: MatchEvent, track: int) -> None:
        key = event.camera, track
        known = self._present.pop(key, None)
        if event.type == "exit":
            return
        since_ns = event.captured.at_ns if event.captured is not None else None
        self._present[key] = Present(
            *key,
            event.camera_epoch,
            name=event.name,
            state=event.state or State.PENDING,
            score=event.score or 0.0,
            since_ns=known.since_ns if known else since_ns,
            latency_ms=event.latency_ms,
        )

"""What events are brought to, and what came of bringing one."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from twinface.events.event import Event
from twinface.settings import TargetSettings


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one attempt: nothing in `problem` where the event was taken.

    `wait_s` is for how long at least the target asked to be left alone; `is_gone` where it asked for no more at all.
    """

    problem: str = ""
    wait_s: float = 0.0
    is_gone: bool = False


class Target(Protocol):
    """A webhook or a notification, by the name under which its cursor and what it did not take are stored.

    `delays_s` are the times between attempts; after the last of them an event is given up. `remembers` where it asks
    the store what it was sent before.
    """

    @property
    def name(self) -> str:
        """`webhook:NAME` or `notify:NAME`."""

    @property
    def delays_s(self) -> Sequence[float]:
        """In seconds; see above."""

    @property
    def remembers(self) -> bool:
        """See above."""

    def wants(self, event: Event) -> bool:
        """Whether an event is for this target. Raises ArtefactError where the store would have to say, and cannot."""

    def send(self, event: Event) -> Outcome:
        """Bring an event there once, and wait for the answer, a bounded time."""

    def test(self) -> Outcome:
        """Bring what is no event there, to see whether it comes."""


@dataclass(frozen=True, slots=True)
class Filter:
    """Which events are meant, by kind, camera and person; an empty one of cameras or people means all of them."""

    kinds: frozenset[str]
    cameras: frozenset[str] = frozenset()
    people: frozenset[str] = frozenset()
    tracks: bool = False

    @classmethod
    def of(cls, settings: TargetSettings, *, tracks: bool = False) -> "Filter":
        """What a table asks for; names in the form in which people are stored, and as they were written."""
        names = {" ".join(unicodedata.normalize("NFKC", name).split()) for name in settings.people}
        return cls(
            frozenset(settings.events), frozenset(settings.cameras), frozenset(names.union(settings.people)), tracks
        )

    def takes(self, event: Event) -> bool:
        """Of single faces only that an unknown one stays, unless `tracks`."""
        return (
            event.kind in self.kinds
            and (not self.cameras or event.camera in self.cameras)
            and (not self.people or event.name in self.people)
            and (self.tracks or event.subject == "person" or event.kind == "stayed")
        )

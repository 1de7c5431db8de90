"""Match events on their way out: each is numbered, shown to the journal, kept for who missed it, handed out once."""

from collections import deque
from dataclasses import replace
from itertools import islice

from twinface.live.journal import Journal
from twinface.messages.codec import pack_body, unpack_body
from twinface.messages.schema import MatchEvent

KEPT_EVENTS = 4096
"""Events a subscriber that missed some can still ask for."""


class MatchEvents:
    """The events of one matcher, in the order they happen; `next_sequence` is the number of the next one."""

    def __init__(self, journal: Journal | None) -> None:
        self.next_sequence = 0
        self._journal = journal
        self._outbox: list[MatchEvent] = []
        self._kept: deque[bytes] = deque(maxlen=KEPT_EVENTS)

    def add(self, event: MatchEvent) -> None:
        """Take an event, whatever its number is."""
        numbered = replace(event, sequence=self.next_sequence)
        self.next_sequence += 1
        self._kept.append(pack_body(numbered))
        if self._journal is not None:
            self._journal.take(numbered)
        self._outbox.append(numbered)

    def take(self) -> list[MatchEvent]:
        """What has happened since it was taken last."""
        events, self._outbox = self._outbox, []
        return events

    def since(self, sequence: int, limit: int) -> list[MatchEvent]:
        """The events from number `sequence` on that are still kept, oldest first, at most `limit`."""
        first = max(0, sequence - (self.next_sequence - len(self._kept)))
        return [unpack_body(MatchEvent, packed) for packed in islice(self._kept, first, first + limit)]

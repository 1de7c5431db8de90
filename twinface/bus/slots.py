"""The readers of a work link as its sender sees them: their credits, and the slots that they have filled.

No sockets, and time is an argument. A slot is filled by each message that a reader was sent, until the reader
acknowledges it or starts again: one that is slow, and not dead, is sent no more than it said it would take.
"""

from collections.abc import Collection
from dataclasses import dataclass, field

from twinface.bus.credit import CREDIT_TTL_S, Credit
from twinface.errors import WireError


@dataclass(slots=True)
class _Reader:
    origin: bytes
    epoch: int
    number: int = -1
    window: int = 0
    heard_at_s: float = float("-inf")
    sent_at_s: float = float("-inf")
    reachable: bool = True
    slots: set[int] = field(default_factory=set)

    def is_current(self, now_s: float) -> bool:
        """Whether its credits still hold."""
        return self.reachable and now_s - self.heard_at_s < CREDIT_TTL_S


class Readers:
    """By their identity on the wire, `origin@epoch`. Of one origin only one start can be alive."""

    def __init__(self) -> None:
        self._readers: dict[bytes, _Reader] = {}

    def __len__(self) -> int:
        return len(self._readers)

    def hear(self, identity: bytes, credit: Credit, now_s: float) -> set[int]:
        """Take a credit; the numbers of messages that readers had which turn out to be gone.

        Raises WireError when it is not from a reader, or from an earlier start of one that is there. Which start is
        the present one is decided by who was heard last, not by the number alone: a clock that was wrong, or a forged
        credit, may have named a start that is far in the future.
        """
        reader = self._readers.get(identity)
        gone: set[int] = set()
        if reader is None:
            reader, gone = self._register(identity, now_s)
        reader.heard_at_s, reader.reachable = now_s, True
        if credit.number > reader.number:
            reader.number, reader.window = credit.number, credit.window
        return gone

    def lost_on_the_way(self, identity: bytes, held: int, now_s: float, after_s: float) -> set[int]:
        """What a reader cannot acknowledge because it never had it: it holds nothing, and was sent nothing for a while.

        A connection that breaks loses what was in it.
        """
        reader = self._readers[identity]
        if held or now_s - reader.sent_at_s < after_s:
            return set()
        gone, reader.slots = reader.slots, set()
        return gone

    def fill(self, identity: bytes, sequence: int, now_s: float) -> None:
        """A message went out to a reader."""
        self._readers[identity].slots.add(sequence)
        self._readers[identity].sent_at_s = now_s

    def empty(self, identity: bytes, sequence: int) -> None:
        """A reader has acknowledged a message."""
        self._readers[identity].slots.discard(sequence)

    def holding(self, sequence: int) -> set[bytes]:
        """The readers that have a message."""
        return {identity for identity, reader in self._readers.items() if sequence in reader.slots}

    def forget(self, identity: bytes) -> set[int]:
        """A reader is gone; the numbers of the messages that it had."""
        return self._readers.pop(identity).slots

    def pause(self, identity: bytes) -> None:
        """Send a reader nothing until it is heard again."""
        self._readers[identity].reachable = False

    def is_silent(self, identity: bytes, now_s: float, since_s: float) -> bool:
        """Whether a reader was not heard for so long."""
        return now_s - self._readers[identity].heard_at_s > since_s

    def count_current(self, now_s: float) -> int:
        """How many readers have credits that hold."""
        return sum(reader.is_current(now_s) for reader in self._readers.values())

    def find_free(self, now_s: float, but: Collection[bytes] = ()) -> bytes | None:
        """The reader with a free slot that has the fewest messages, if there is one that is not of `but`."""
        free = [
            (len(reader.slots), identity)
            for identity, reader in self._readers.items()
            if reader.is_current(now_s) and len(reader.slots) < reader.window and identity not in but
        ]
        return min(free)[1] if free else None

    def _register(self, identity: bytes, now_s: float) -> tuple[_Reader, set[int]]:
        origin, _, epoch = identity.rpartition(b"@")
        if not origin or not epoch.isdigit():
            raise WireError("not from a reader")
        reader = _Reader(origin, int(epoch))
        selves = [one for one, other in self._readers.items() if other.origin == origin]
        if any(self._readers[one].epoch > reader.epoch and self._readers[one].is_current(now_s) for one in selves):
            raise WireError("from a reader that has started again since")
        gone = set().union(*(self.forget(one) for one in selves))
        self._readers[identity] = reader
        return reader, gone

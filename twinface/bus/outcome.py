"""How a message of a work link can end."""

from collections.abc import Callable
from enum import StrEnum


class Outcome(StrEnum):
    """Each is a column of the sender's books, and every message has exactly one in the end."""

    SETTLED = "settled"  # a reader acknowledged it
    REPLACED = "replaced"  # a newer one of its key took its place
    OVERFLOW = "overflow"  # the mailbox was full
    STALE = "stale"  # too old by the time a reader could have had it
    EXPIRED = "expired"  # offered as often as allowed, never acknowledged


OnOutcome = Callable[[Outcome], object]
"""Told once how a message ended; may be called while another message is being offered."""

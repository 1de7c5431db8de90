"""What a reader says to a sender on a work link: how much it will take, and what became of what it had."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum, StrEnum

import msgpack

from twinface.errors import WireError

CREDIT_TTL_S = 1.0
"""A reader that has not renewed its credits for so long gets nothing more until it does."""

RENEW_EVERY_S = 0.25


class Outcome(StrEnum):
    """Each is a column of the sender's books, and every message has exactly one in the end."""

    SETTLED = "settled"  # a reader acknowledged it
    REPLACED = "replaced"  # a newer one of its key took its place
    OVERFLOW = "overflow"  # the mailbox was full
    STALE = "stale"  # too old by the time a reader could have had it
    EXPIRED = "expired"  # offered as often as allowed, never acknowledged


OnOutcome = Callable[[Outcome], object]
"""Told once how a message ended; may be called while another message is being offered."""


class Verdict(IntEnum):
    """What became of a message in a reader's hands."""

    DONE = 0
    OUTDATED = 1  # too old when its turn came: dropped, and nobody needs to do it
    RETURNED = 2  # this reader cannot do it; another one may
    DONE_BEFORE = 3  # it came once more, and was acknowledged before


@dataclass(frozen=True, slots=True)
class Answer:
    """The acknowledgement of message `sequence` of the sender's start `epoch`."""

    epoch: int
    sequence: int
    verdict: Verdict = Verdict.DONE


@dataclass(frozen=True, slots=True)
class Credit:
    """The reader accepts `window` unacknowledged messages at a time.

    `number` grows with every credit of a reader, so that one that was overtaken is ignored. `held` is how many messages
    of this sender it has and has not acknowledged: where that is none, what else the sender counts on was lost.
    """

    number: int
    window: int
    held: int
    answer: Answer | None = None


def pack_credit(credit: Credit) -> bytes:
    """As bytes for the wire."""
    answer = credit.answer
    answered = [None] * 3 if answer is None else [answer.epoch, answer.sequence, int(answer.verdict)]
    packed: bytes = msgpack.packb([credit.number, credit.window, credit.held, *answered])
    return packed


def unpack_credit(data: bytes) -> Credit:
    """From the wire; WireError for anything else."""
    try:
        number, window, held, *answered = msgpack.unpackb(data, max_array_len=6, max_str_len=0)
        epoch, sequence, verdict = answered
    except (ValueError, TypeError, msgpack.UnpackException) as error:
        raise WireError("not a credit") from error
    numbers = (number, window, held) if answered == [None] * 3 else (number, window, held, *answered)
    if not all(type(one) is int and one >= 0 for one in numbers):
        raise WireError("not a credit")
    if answered == [None] * 3:
        return Credit(number, window, held)
    if verdict not in [*Verdict]:
        raise WireError("not a credit")
    return Credit(number, window, held, Answer(epoch, sequence, Verdict(verdict)))

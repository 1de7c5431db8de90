"""What a reader tells a sender on a work link: how much it will take, and what it has finished."""

from dataclasses import dataclass

import msgpack

from twinface.errors import WireError

CREDIT_TTL_S = 1.0
"""A reader that has not renewed its credits for so long gets nothing more until it does."""

RENEW_EVERY_S = 0.25


@dataclass(frozen=True, slots=True)
class Credit:
    """The reader accepts `window` unanswered messages at a time.

    `number` grows with every credit of a reader, so that one that was overtaken is ignored. `settles` is the
    (epoch, sequence) of a message that is done.
    """

    number: int
    window: int
    settles: tuple[int, int] | None = None


def pack_credit(credit: Credit) -> bytes:
    """As bytes for the wire."""
    epoch, sequence = credit.settles or (None, None)
    packed: bytes = msgpack.packb([credit.number, credit.window, epoch, sequence])
    return packed


def unpack_credit(data: bytes) -> Credit:
    """From the wire; WireError for anything else."""
    try:
        number, window, epoch, sequence = msgpack.unpackb(data, max_array_len=4, max_str_len=0)
    except (ValueError, TypeError, msgpack.UnpackException) as error:
        raise WireError("not a credit") from error
    numbers = (number, window) if epoch is None else (number, window, epoch, sequence)
    if not all(type(one) is int and one >= 0 for one in numbers):
        raise WireError("not a credit")
    return Credit(number, window, None if epoch is None else (epoch, sequence))

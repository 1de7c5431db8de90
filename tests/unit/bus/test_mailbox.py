import random

import pytest

from twinface.bus.credit import Outcome
from twinface.bus.mailbox import Mailbox, Parcel
from twinface.messages.topics import Order, Overflow
from twinface.types import Captured


def parcel(sequence: int, key: int | None = None, *, pinned: bool = False, rank: int = 0) -> Parcel:
    return Parcel(sequence, [], key, pinned, captured=Captured(0, 0, 0.0), rank=rank)


def fill(mailbox: Mailbox, *parcels: Parcel) -> list[tuple[int, Outcome]]:
    """Put them all; the numbers of those that had to go."""
    gone = [mailbox.put(one) for one in parcels]
    return [(one[0].sequence, one[1]) for one in gone if one is not None]


def drain(mailbox: Mailbox) -> list[int]:
    return [mailbox.take().sequence for _ in range(len(mailbox))]


def test_the_newest_of_a_key_replaces_the_waiting_one() -> None:
    mailbox = Mailbox(4, Overflow.NEWEST_PER_KEY, Order.OLDEST_FIRST)
    gone = fill(mailbox, parcel(0, key=1), parcel(1, key=2), parcel(2, key=1))
    assert gone == [(0, Outcome.REPLACED)]
    assert drain(mailbox) == [1, 2]


def test_without_a_key_nothing_is_replaced() -> None:
    mailbox = Mailbox(4, Overflow.NEWEST_PER_KEY, Order.OLDEST_FIRST)
    assert fill(mailbox, parcel(0), parcel(1)) == []
    assert drain(mailbox) == [0, 1]


def test_keys_have_no_meaning_where_the_oldest_is_dropped() -> None:
    mailbox = Mailbox(4, Overflow.DROP_OLDEST, Order.OLDEST_FIRST)
    assert fill(mailbox, parcel(0, key=1), parcel(1, key=1)) == []


def test_one_that_comes_back_gives_way_to_a_newer_one_of_its_key() -> None:
    mailbox = Mailbox(4, Overflow.NEWEST_PER_KEY, Order.OLDEST_FIRST)
    assert fill(mailbox, parcel(5, key=1), parcel(3, key=1)) == [(3, Outcome.REPLACED)]
    assert drain(mailbox) == [5]


@pytest.mark.parametrize("overflow", Overflow)
def test_a_full_mailbox_drops_the_oldest(overflow: Overflow) -> None:
    mailbox = Mailbox(2, overflow, Order.OLDEST_FIRST)
    assert fill(mailbox, parcel(0, key=0), parcel(1, key=1)) == []
    assert mailbox.full
    assert fill(mailbox, parcel(2, key=2)) == [(0, Outcome.OVERFLOW)]
    assert drain(mailbox) == [1, 2]


def test_one_that_comes_back_into_a_full_mailbox_is_the_oldest_itself() -> None:
    mailbox = Mailbox(2, Overflow.DROP_OLDEST, Order.OLDEST_FIRST)
    assert fill(mailbox, parcel(5), parcel(6), parcel(3)) == [(3, Outcome.OVERFLOW)]
    assert drain(mailbox) == [5, 6]


def test_one_that_comes_back_takes_its_old_place() -> None:
    mailbox = Mailbox(4, Overflow.DROP_OLDEST, Order.OLDEST_FIRST)
    fill(mailbox, parcel(5), parcel(7), parcel(6), parcel(2))
    assert drain(mailbox) == [2, 5, 6, 7]


def test_pinned_ones_are_neither_replaced_nor_dropped() -> None:
    mailbox = Mailbox(2, Overflow.NEWEST_PER_KEY, Order.OLDEST_FIRST)
    gone = fill(mailbox, parcel(0, key=1, pinned=True), parcel(1, key=1), parcel(2, key=1), parcel(3, key=2))
    assert gone == [(1, Outcome.REPLACED), (2, Outcome.OVERFLOW)]
    assert drain(mailbox) == [0, 3]


def test_pinned_ones_may_exceed_the_capacity_up_to_a_hard_cap() -> None:
    mailbox = Mailbox(2, Overflow.NEWEST_PER_KEY, Order.OLDEST_FIRST)
    assert fill(mailbox, *(parcel(number, key=0, pinned=True) for number in range(32))) == []
    assert len(mailbox) == 32
    assert fill(mailbox, parcel(32, pinned=True)) == [(0, Outcome.OVERFLOW)]
    assert fill(mailbox, parcel(33)) == [(1, Outcome.OVERFLOW)]
    assert len(mailbox) == 32


def test_an_unpinned_one_finds_room_among_pinned_ones_once() -> None:
    mailbox = Mailbox(2, Overflow.DROP_OLDEST, Order.OLDEST_FIRST)
    pinned = [parcel(number, pinned=True) for number in range(2)]
    assert fill(mailbox, *pinned, parcel(2), parcel(3), parcel(4)) == [(2, Outcome.OVERFLOW), (3, Outcome.OVERFLOW)]
    assert drain(mailbox) == [0, 1, 4]


def test_withdraw() -> None:
    mailbox = Mailbox(4, Overflow.DROP_OLDEST, Order.OLDEST_FIRST)
    fill(mailbox, parcel(0), parcel(1), parcel(2))
    withdrawn = mailbox.withdraw(1)
    assert withdrawn is not None
    assert withdrawn.sequence == 1
    assert mailbox.withdraw(1) is None
    assert drain(mailbox) == [0, 2]


def test_the_newest_of_the_lowest_rank_goes_out_first_where_order_has_no_meaning() -> None:
    mailbox = Mailbox(4, Overflow.DROP_OLDEST, Order.NEWEST_FIRST)
    fill(mailbox, parcel(0, rank=1), parcel(1), parcel(2), parcel(3, rank=1))
    assert drain(mailbox) == [2, 1, 3, 0]


def test_what_is_pinned_goes_out_in_its_order_and_first() -> None:
    mailbox = Mailbox(4, Overflow.DROP_OLDEST, Order.NEWEST_FIRST)
    fill(mailbox, parcel(0, pinned=True), parcel(1), parcel(2, pinned=True))
    assert drain(mailbox) == [0, 2, 1]


def test_what_takes_the_place_of_a_first_look_is_the_first_look() -> None:
    mailbox = Mailbox(4, Overflow.NEWEST_PER_KEY, Order.NEWEST_FIRST)
    fill(mailbox, parcel(0, key=1), parcel(1, key=2, rank=1), parcel(2, key=1, rank=3))
    assert drain(mailbox) == [2, 1]


def test_a_full_mailbox_gives_up_the_oldest_of_the_highest_rank() -> None:
    mailbox = Mailbox(3, Overflow.DROP_OLDEST, Order.NEWEST_FIRST)
    gone = fill(mailbox, parcel(0), parcel(1, rank=4), parcel(2, rank=4), parcel(3), parcel(4, rank=5))
    assert gone == [(1, Outcome.OVERFLOW), (4, Outcome.OVERFLOW)]


@pytest.mark.parametrize("seed", range(5))
def test_whatever_happens_every_parcel_is_waiting_taken_or_gone(seed: int) -> None:
    dice = random.Random(seed)
    mailbox = Mailbox(3, dice.choice([*Overflow]), Order.OLDEST_FIRST)
    waiting, away = dict[int, Parcel](), dict[int, Parcel]()
    for sequence in range(400):
        comes_back = [*away.values()] if dice.random() < 0.3 else []
        one = dice.choice(comes_back) if comes_back else parcel(sequence, dice.choice([None, 1, 2]))
        one.pinned |= dice.random() < 0.1
        away.pop(one.sequence, None)
        waiting[one.sequence] = one
        gone = mailbox.put(one)
        if gone is not None:
            assert gone[0] is waiting.pop(gone[0].sequence)
        if len(mailbox) and dice.random() < 0.4:
            taken = mailbox.take()
            assert taken is waiting.pop(min(waiting))
            away[taken.sequence] = taken
        assert len(mailbox) == len(waiting)
        keys = [one.key for one in waiting.values() if one.key is not None and not one.pinned]
        assert mailbox._overflow is Overflow.DROP_OLDEST or len(keys) == len(set(keys))

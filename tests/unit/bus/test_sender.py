import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from clocks import Clock

from twinface.bus.books import Column
from twinface.bus.credit import CREDIT_TTL_S, Verdict
from twinface.messages.topics import Order, Overflow
from twinface.types import Captured

MakeLink = Callable[..., Any]
WaitFor = Callable[..., None]

_SHORT_MS = 60
_LONG_MS = 60_000


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_nothing_is_sent_without_credit(link: MakeLink) -> None:
    line = link()
    reader = line.peer("reader@1")
    line.offer(0)
    reader.grant(0)
    assert reader.take(100) is None
    assert (line.sender.waiting, line.sender.in_flight) == (1, 0)


def test_a_reader_has_never_more_than_its_window(link: MakeLink) -> None:
    line = link()
    reader = line.peer("reader@1")
    reader.grant(2)
    for frame in range(4):
        line.offer(frame)
    first, second, third = reader.take(), reader.take(), reader.take(100)
    assert third is None
    assert (line.sender.waiting, line.sender.in_flight) == (2, 2)
    reader.grant(2)
    assert reader.take(100) is None
    reader.grant(2, settles=second)
    assert reader.take().body.frame == 2
    assert line.outcomes == {0: [], 1: ["settled"], 2: [], 3: []}
    reader.grant(2, settles=first)
    assert reader.take().body.frame == 3
    assert line.get(Column.SETTLED) == 2


def test_a_credit_that_was_overtaken_is_ignored(link: MakeLink) -> None:
    line = link()
    reader = line.peer("reader@1")
    reader.grant(0, number=8)
    reader.grant(5, number=7)
    line.offer(0)
    assert reader.take(100) is None


def test_an_answer_counts_even_on_a_credit_that_was_overtaken(link: MakeLink) -> None:
    line = link()
    reader = line.peer("reader@1")
    line.offer(0)
    reader.grant(1, number=8)
    reader.grant(1, number=7, settles=reader.take())
    assert line.outcomes[0] == ["settled"]


def test_credits_expire(link: MakeLink, clock: Clock) -> None:
    line = link(lease_ms=_LONG_MS, clock=clock)
    reader = line.peer("reader@1")
    reader.grant(2)
    clock.now_s += CREDIT_TTL_S
    line.offer(0)
    assert reader.take(100) is None
    reader.grant(2)
    assert reader.take().body.frame == 0


def test_a_reader_that_is_slow_keeps_its_slot_when_the_lease_has_run_out(link: MakeLink, clock: Clock) -> None:
    line = link(lease_ms=_SHORT_MS, clock=clock)
    slow = line.peer("slow@1")
    slow.grant(1)
    line.offer(0)
    line.offer(1)
    held = slow.take()
    clock.run_until(line.sender._overdue, work=line.sender.tick)
    slow.grant(1)
    assert slow.take(100) is None
    slow.grant(1, settles=held)
    assert line.outcomes == {0: ["settled"], 1: []}
    assert slow.take_frames() == [1]


def test_a_message_that_is_overdue_is_offered_to_another_reader_too(link: MakeLink, clock: Clock) -> None:
    line = link(lease_ms=_SHORT_MS, clock=clock)
    slow, quick = line.peer("slow@1"), line.peer("quick@1")
    slow.grant(1)
    line.offer(0)
    held = slow.take()
    quick.grant(1)
    clock.run_until(lambda: line.get(Column.REDELIVERED), work=line.sender.tick)
    again = quick.take()
    assert again.stamp == held.stamp
    assert line.sender.in_flight == 1
    slow.grant(1, settles=held)
    assert line.outcomes[0] == ["settled"]
    quick.grant(1, settles=again)
    assert (line.get(Column.SETTLED), line.get(Column.REDELIVERED), line.get(Column.IN_VAIN)) == (1, 1, 1)


def test_who_gives_signs_of_life_is_not_overdue(link: MakeLink, clock: Clock) -> None:
    line = link(lease_ms=500, clock=clock)
    busy, free = line.peer("busy@1"), line.peer("free@1")
    busy.grant(1)
    line.offer(0)
    busy.take()
    end_s = line.sender._leases[0].expires_at_s
    clock.run_until(
        lambda: clock() > end_s,
        work=lambda: (busy.grant(1), free.grant(1), line.sender.tick()),
    )
    assert line.get(Column.REDELIVERED) == 0


def test_what_is_returned_is_lost_after_some_attempts(link: MakeLink) -> None:
    line = link(lease_ms=_LONG_MS, attempts=3)
    reader = line.peer("reader@1")
    line.offer(0)
    reader.grant(1)
    for _ in range(3):
        reader.grant(1, settles=reader.take(), verdict=Verdict.RETURNED)
    assert line.outcomes[0] == ["expired"]
    assert reader.take(100) is None
    assert (line.get(Column.LOST_EXPIRED), line.get(Column.REDELIVERED)) == (1, 2)


def test_what_a_source_waits_for_is_offered_ten_times_as_often(link: MakeLink) -> None:
    line = link(lease_ms=_LONG_MS, attempts=2)
    reader = line.peer("reader@1")
    line.offer(0, pinned=True)
    reader.grant(1)
    for _ in range(20):
        reader.grant(1, settles=reader.take(), verdict=Verdict.RETURNED)
    assert line.outcomes[0] == ["expired"]
    assert reader.take(100) is None


def test_what_a_reader_found_too_old_is_counted_as_that(link: MakeLink) -> None:
    line = link()
    reader = line.peer("reader@1")
    reader.grant(1)
    line.offer(0)
    reader.grant(1, settles=reader.take(), verdict=Verdict.OUTDATED)
    assert line.outcomes[0] == ["stale"]
    assert line.get(Column.DROPPED_STALE) == 1


def test_what_became_old_while_it_was_out_is_given_up_and_its_slot_is_not(link: MakeLink, clock: Clock) -> None:
    line = link(lease_ms=_SHORT_MS, stale_after_ms=_SHORT_MS, clock=clock)
    reader = line.peer("reader@1")
    reader.grant(2)
    line.offer(0)
    line.offer(1, pinned=True)
    old = reader.take()
    clock.run_until(lambda: line.outcomes[0], work=line.sender.tick)
    assert line.outcomes == {0: ["stale"], 1: []}
    line.offer(2, pinned=True)
    reader.grant(2)
    assert reader.take_frames() == [1]
    reader.grant(2, settles=old)
    assert reader.take_frames() == [2]
    assert line.get(Column.IN_VAIN) == 1


def test_age_counts_from_the_capture_not_from_the_offer(link: MakeLink, make_update: Callable[[int], Any]) -> None:
    line = link(stale_after_ms=_LONG_MS)
    reader = line.peer("reader@1")
    reader.grant(2)
    taken = Captured.now()
    old = replace(taken, mono_ns=taken.mono_ns - 2 * _LONG_MS * 10**6)
    ends = line.outcomes.setdefault(0, [])
    line.sender.offer(make_update(0), old, on_outcome=ends.append)
    line.offer(1)
    assert reader.take_frames() == [1]
    assert line.outcomes == {0: ["stale"], 1: []}


def test_what_grows_old_without_any_reader_is_counted_out(link: MakeLink, clock: Clock) -> None:
    line = link(stale_after_ms=_SHORT_MS, clock=clock)
    line.offer(0)
    clock.run_until(lambda: line.outcomes[0], work=line.sender.tick)
    assert (line.outcomes[0], line.sender.waiting) == (["stale"], 0)


def test_what_a_broken_connection_swallowed_does_not_block_the_link(link: MakeLink, clock: Clock) -> None:
    line = link(lease_ms=_SHORT_MS, clock=clock)
    reader = line.peer("reader@1")
    reader.grant(1)
    line.offer(0)
    reader.take()  # and it forgets it
    clock.run_until(lambda: line.get(Column.REDELIVERED), work=lambda: reader.grant(1, held=0))
    assert reader.take_frames() == [0]


def test_a_link_with_something_to_do_that_does_none_of_it_says_so_until_it_moves(link: MakeLink, clock: Clock) -> None:
    line = link(stale_after_ms=_SHORT_MS, clock=clock)
    assert line.sender.problem() == ""
    line.offer(0)
    assert line.sender.problem() == ""
    clock.run_until(line.sender.problem, work=line.sender.tick)
    assert line.sender.problem().startswith("tracks: no matcher has done any for")
    reader = line.peer("reader@1")
    reader.grant(1)
    line.sender.tick()
    assert line.sender.problem() == ""
    line.offer(1, pinned=True)
    clock.run_until(line.sender.problem, work=line.sender.tick)
    reader.grant(1, settles=reader.take())
    assert line.sender.problem() == ""


def test_a_start_that_is_far_in_the_future_blocks_nobody(link: MakeLink, clock: Clock) -> None:
    line = link(lease_ms=_LONG_MS, clock=clock)
    forged, reader = line.peer(f"reader@{2**63}"), line.peer("reader@5")
    reader.grant(1)
    forged.grant(1)
    line.offer(0)
    clock.run_until(lambda: reader.socket.poll(20), lambda: reader.grant(1), step_s=CREDIT_TTL_S / 10.0)
    assert reader.take_frames() == [0]


def test_what_became_old_while_it_waited_is_not_offered_at_all(link: MakeLink, clock: Clock) -> None:
    line = link(stale_after_ms=_SHORT_MS, clock=clock)
    reader = line.peer("reader@1")
    line.offer(0)
    line.offer(1, pinned=True)
    old = line.sender._mailbox._waiting[0]
    clock.run_until(lambda: line.sender._is_stale(old))
    reader.grant(2)
    assert reader.take_frames() == [1]
    assert line.outcomes == {0: ["stale"], 1: []}


def test_a_newer_message_of_a_key_replaces_the_waiting_one_only(link: MakeLink) -> None:
    line = link(overflow=Overflow.NEWEST_PER_KEY)
    reader = line.peer("reader@1")
    reader.grant(1)
    for frame in range(4):
        line.offer(frame, key=7)
    assert line.outcomes == {0: [], 1: ["replaced"], 2: ["replaced"], 3: []}
    reader.grant(1, settles=reader.take())
    assert reader.take().body.frame == 3


def test_a_returned_message_gives_way_to_a_newer_one_of_its_key(link: MakeLink) -> None:
    line = link(overflow=Overflow.NEWEST_PER_KEY, lease_ms=_LONG_MS)
    reader = line.peer("reader@1")
    reader.grant(1)
    line.offer(0, key=7)
    line.offer(1, key=7)
    reader.grant(1, settles=reader.take(), verdict=Verdict.RETURNED)
    assert line.outcomes == {0: ["replaced"], 1: []}


def test_the_first_of_a_key_goes_out_before_the_fifth_of_another_and_the_newest_before_older_ones(
    link: MakeLink,
) -> None:
    line = link(overflow=Overflow.NEWEST_PER_KEY, order=Order.NEWEST_FIRST)
    for frame, rank in enumerate((4, 0, 4, 0)):
        line.offer(frame, key=frame, rank=rank)
    line.offer(9, pinned=True)
    reader = line.peer("reader@1")
    reader.grant(8)
    assert reader.take_frames() == [9, 3, 1, 2, 0]


def test_a_full_mailbox_drops_the_oldest(link: MakeLink) -> None:
    line = link(capacity=2, overflow=Overflow.DROP_OLDEST)
    for frame in range(4):
        line.offer(frame)
    assert line.sender.full
    assert line.outcomes == {0: ["overflow"], 1: ["overflow"], 2: [], 3: []}
    reader = line.peer("reader@1")
    reader.grant(8)
    assert reader.take_frames() == [2, 3]


def test_what_a_source_waits_for_is_never_dropped(link: MakeLink) -> None:
    line = link(capacity=2, overflow=Overflow.NEWEST_PER_KEY)
    for frame in range(10):
        line.offer(frame, key=1, pinned=True)
    reader = line.peer("reader@1")
    reader.grant(20)
    assert reader.take_frames() == [*range(10)]


def test_a_reader_that_started_anew_gets_what_its_earlier_self_had(link: MakeLink) -> None:
    line = link(lease_ms=_LONG_MS)
    before = line.peer("reader@1")
    before.grant(2)
    for frame in range(3):
        line.offer(frame)
    held = before.take()
    after = line.peer("reader@2")
    after.grant(2)
    assert after.take_frames() == [0, 1]
    before.grant(2, settles=held)  # read late, sent before it died
    assert "started again" in str(line.refused[0])
    assert line.sender.in_flight == 2
    after.grant(3)
    assert after.take_frames() == [2]


def test_readers_of_other_names_are_not_taken_for_one_that_started_anew(link: MakeLink) -> None:
    line = link(lease_ms=_LONG_MS)
    first, second = line.peer("reader.0@1"), line.peer("reader.1@2")
    first.grant(1)
    line.offer(0)
    second.grant(1)
    assert first.take_frames() == [0]
    assert second.take_frames() == []


def test_what_an_unreachable_reader_had_goes_to_another(link: MakeLink, wait_for: WaitFor) -> None:
    line = link(capacity=500, lease_ms=_LONG_MS)
    gone, other = line.peer("gone@1"), line.peer("other@1")
    gone.grant(400)
    line.offer(0)
    gone.socket.close()
    frames = iter(range(1, 400))
    wait_for(lambda: line.get(Column.REDELIVERED), work=lambda: (line.offer(next(frames)), other.take(5)))
    other.grant(400)
    assert other.take_frames() == [*range(len(line.outcomes))]


def test_a_reader_that_was_unreachable_may_come_back(link: MakeLink, wait_for: WaitFor) -> None:
    line = link(capacity=500, lease_ms=_LONG_MS)
    gone = line.peer("reader@1")
    gone.grant(400)
    line.offer(0)
    gone.socket.close()
    frames = iter(range(1, 400))
    wait_for(lambda: line.get(Column.REDELIVERED), work=lambda: (line.offer(next(frames)), line.sender.socket.poll(5)))
    back = line.peer("reader@1")
    back.grant(400)
    assert back.take_frames() == [*range(len(line.outcomes))]


def test_bytes_that_are_no_credit_change_nothing(link: MakeLink) -> None:
    line = link()
    reader, stranger = line.peer("reader@1"), line.peer("stranger")
    reader.grant(1)
    for garbage in (b"", b"\xc1", b"\x94\x01\x02\x03", bytes(4000)):
        reader.send(garbage)
    reader.send(b"\x94", b"\x01", b"\x02")
    stranger.grant(50)
    assert len(line.refused) == 6
    line.offer(0)
    line.offer(1)
    assert reader.take_frames() == [0]
    assert stranger.take_frames() == []


def test_answers_for_an_earlier_start_or_for_nothing_change_nothing(link: MakeLink) -> None:
    line = link()
    reader = line.peer("reader@1")
    reader.grant(2)
    line.offer(0)
    message = reader.take()
    for epoch, sequence in ((0, 0), (2, 0), (1, 5)):
        stamp = type(message.stamp)("sender", epoch, sequence, Captured(0, 0, 0.0))
        reader.grant(2, settles=type(message)(stamp, message.body))
    assert line.outcomes[0] == []
    assert line.sender.in_flight == 1


def test_more_is_offered_from_within_an_outcome(link: MakeLink, make_update: Callable[[int], Any]) -> None:
    line = link(capacity=1, overflow=Overflow.DROP_OLDEST)
    again: list[str] = []

    def offer_another(outcome: str) -> None:
        again.append(outcome)
        if len(again) < 3:
            line.sender.offer(make_update(len(again)), Captured.now(), on_outcome=offer_another)

    line.sender.offer(make_update(0), Captured.now(), on_outcome=offer_another)
    line.offer(9)
    assert line.get(Column.OFFERED) == line.get(Column.DROPPED_OVERFLOW) + line.sender.waiting
    line.outcomes[-1] = again[:1]
    line.outcomes.update({-2 - number: [outcome] for number, outcome in enumerate(again[1:])})


@pytest.mark.parametrize("seed", range(4))
def test_the_books_balance_whatever_happens(link: MakeLink, seed: int) -> None:
    dice = random.Random(seed)
    line = link(
        capacity=4,
        lease_ms=dice.choice([1, 5, _LONG_MS]),
        stale_after_ms=dice.choice([3, _LONG_MS]),
        attempts=2,
        overflow=dice.choice([*Overflow]),
    )
    epochs = [1, 1]
    readers = [line.peer(f"reader.{number}@1") for number in range(2)]
    held: list[list[Any]] = [[], []]
    for frame in range(400):
        number = dice.randrange(2)
        reader = readers[number]
        match dice.randrange(8):
            case 0 | 1 | 2:
                line.offer(frame, key=dice.choice([None, 1, 2]), pinned=dice.random() < 0.1)
            case 3:
                reader.grant(dice.randrange(4))
            case 4 | 5:
                while (message := reader.take(0)) is not None:
                    held[number].append(message)
            case 6 if held[number]:
                message = held[number].pop(dice.randrange(len(held[number])))
                reader.grant(
                    dice.randrange(1, 4), settles=message, verdict=dice.choice([Verdict.DONE] * 3 + [*Verdict])
                )
            case 7 if dice.random() < 0.2:
                reader.socket.close()
                epochs[number] += 1
                readers[number], held[number] = line.peer(f"reader.{number}@{epochs[number]}"), []
            case _:
                line.sender.tick()
        assert line.balanced, frame
        assert all(line.sender._readers.holding(sequence) for sequence in line.sender._leases)
    assert line.get(Column.SETTLED) > 5

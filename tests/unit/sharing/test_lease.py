"""Never two act at once, whatever ends a session, by the numbers of a lease alone."""

import random

from twinface.sharing.lease import ACTIVE_S, ASK_EVERY_S, SESSION_S, WAIT_S, Lease


def test_who_gets_the_lock_waits_until_nobody_else_can_act() -> None:
    lease = Lease()
    assert not lease.is_valid(0.0)
    lease.taken(10.0, 10.1)
    assert not lease.is_valid(10.1)
    now_s = 10.0
    while now_s < 12.0:
        now_s += ASK_EVERY_S
        lease.renewed(now_s)
    assert lease.is_valid(12.0)
    assert lease.is_valid(12.0 + ACTIVE_S - 0.01)
    assert not lease.is_valid(12.0 + ACTIVE_S)


def test_who_gets_it_back_waits_again_since_another_may_have_had_it() -> None:
    lease = Lease()
    lease.taken(0.0, 0.0)
    lease.renewed(2.0)
    assert lease.is_valid(2.5)
    lease.taken(3.0, 3.1)
    assert not lease.is_valid(3.2)
    lease.renewed(4.0)
    assert lease.is_valid(3.1 + WAIT_S)


def test_takeovers_are_within_five_seconds() -> None:
    assert SESSION_S + ASK_EVERY_S + WAIT_S < 5.0
    assert ACTIVE_S < WAIT_S


def test_never_two_act_whatever_delays_answers_and_ends_sessions() -> None:
    """A server that frees the lock at any moment, answers that come late, two who ask: 200 seeded histories."""
    for seed in range(200):
        drawn = random.Random(seed)
        leases, next_ask, holder = [Lease(), Lease()], [0.0, 0.2], None
        answers: list[tuple[float, int, float, bool]] = []
        now_s = 0.0
        while now_s < 60.0:
            now_s += 0.01
            if drawn.random() < 0.004:
                holder = None  # the session is ended: by its timeout, an administrator, a server that was killed
            for one in (0, 1):
                if now_s >= next_ask[one]:
                    was_mine = holder == one
                    holder = one if holder is None else holder
                    delay_s = drawn.choice((0.0, 0.01, 0.3, 1.2))
                    if holder == one:
                        answers.append((now_s + delay_s, one, now_s, not was_mine))
                    next_ask[one] = now_s + delay_s + ASK_EVERY_S
            for answer in [answer for answer in answers if answer[0] <= now_s]:
                answers.remove(answer)
                at_s, one, asked_s, is_new = answer
                if is_new:
                    leases[one].taken(asked_s, at_s)
                else:
                    leases[one].renewed(asked_s)
            assert not all(lease.is_valid(now_s) for lease in leases), seed

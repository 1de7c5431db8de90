import random

from twinface.live.recent import RecentNumbers


def test_numbers_that_were_met() -> None:
    recent = RecentNumbers(kept=10)
    assert 0 not in recent
    recent.add(0)
    recent.add(5)
    assert 0 in recent
    assert 5 in recent
    assert 4 not in recent
    assert 6 not in recent


def test_those_far_below_the_highest_count_as_met() -> None:
    recent = RecentNumbers(kept=10)
    recent.add(100)
    assert 90 in recent
    assert 91 not in recent


def test_it_forgets_nothing_that_counts() -> None:
    dice = random.Random(0)
    recent, met = RecentNumbers(kept=50), set[int]()
    for number in range(2000):
        if dice.random() < 0.7:
            recent.add(number)
            met.add(number)
        for one in range(max(0, number - 20), number + 1):
            assert (one in recent) == (one in met)
    assert len(recent._met) <= 101

import random
import sys

from twinface.messages.recent import RecentNumbers


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


def test_it_is_as_large_after_a_million_numbers_as_after_a_few_thousand() -> None:
    recent, sizes = RecentNumbers(), []
    for number in (*range(5000), 1_000_000, 10**15):
        recent.add(number)
        sizes.append(sys.getsizeof(recent._met))
    assert max(sizes) <= 600


def test_a_number_that_is_forgotten_may_come_again() -> None:
    recent = RecentNumbers(kept=10)
    for number in (3, 4, 5, 12):
        recent.add(number)
    recent.discard(4)
    recent.discard(4)
    assert [one for one in range(3, 14) if one in recent] == [3, 5, 12]
    recent.discard(2)
    assert 2 in recent, "what is past counts as met all the same"


def test_one_that_is_past_changes_nothing() -> None:
    recent = RecentNumbers(kept=10)
    recent.add(100)
    recent.add(5)
    assert recent.is_past(5)
    assert recent.is_past(90)
    assert not recent.is_past(91)
    assert [one for one in range(85, 105) if one in recent] == [*range(85, 91), 100]

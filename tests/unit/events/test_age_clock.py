"""Ages on a box whose wall clock is wrong: nothing is ever taken for older than it is because a clock was put."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import pytest

from twinface.events.age_clock import AgeClock

HOUR_NS = 3600 * 10**9
DAY_NS = 24 * HOUR_NS
NOW_NS = 1_800_000_000 * 10**9
KEEP_DAYS = 30.0
DELAY_DAYS = 0.25


@dataclass
class Box:
    """A box that runs or is off, whose wall clock is wrong by `off_ns`; every hour something is stored."""

    off_ns: int = 0
    true_ns: int = NOW_NS
    clock: AgeClock = field(init=False)
    stored: list[tuple[int, int]] = field(default_factory=list)
    too_early: int = 0
    latest_days: float = 0.0

    def __post_init__(self) -> None:
        self.clock = AgeClock.begun(self.true_ns + self.off_ns)

    def run(self, hours: float) -> None:
        """Let the box run, and forget what is too old, as the store does."""
        for _ in range(round(hours)):
            self.true_ns += HOUR_NS
            self.clock = self.clock.advanced(HOUR_NS, self.true_ns + self.off_ns)
            self.stored.append((self.true_ns, self.clock.ran_ns))
            before_ns = self.clock.stored_before_ns(KEEP_DAYS)
            while self.stored[0][1] < before_ns:
                age_days = (self.true_ns - self.stored.pop(0)[0]) / DAY_NS
                self.too_early += age_days < KEEP_DAYS
                self.latest_days = max(self.latest_days, age_days)

    def start(self, *, off_hours: float = 0.0) -> None:
        """Start, after the box was off."""
        self.true_ns += int(off_hours * HOUR_NS)
        began_ns = self.clock.ran_ns + 1
        begun = replace(self.clock, ran_ns=began_ns, started_ns=began_ns)
        self.clock = begun.advanced(0, self.true_ns + self.off_ns)

    @property
    def oldest_days(self) -> float:
        """How old the oldest is that is still there."""
        return (self.true_ns - self.stored[0][0]) / DAY_NS


@pytest.fixture
def box() -> Iterator[Box]:
    """Whatever a test does to a box, nothing may be forgotten too early."""
    one = Box()
    yield one
    assert one.too_early == 0


def test_a_box_that_always_runs_forgets_in_time(box: Box) -> None:
    box.run(24 * 60)
    assert KEEP_DAYS <= box.latest_days <= KEEP_DAYS + DELAY_DAYS
    assert KEEP_DAYS <= box.oldest_days <= KEEP_DAYS + DELAY_DAYS


@pytest.mark.parametrize("off_days", [40, -40, 20_000, -20_000, 0.3])
@pytest.mark.parametrize("running", [True, False])
def test_a_wrong_clock_for_less_than_a_day_costs_nothing(box: Box, off_days: float, running: bool) -> None:
    box.run(24 * 29)
    box.off_ns = int(off_days * DAY_NS)
    if not running:
        box.start()
    box.run(23)
    box.off_ns = 0
    box.run(24 * 60)
    assert box.latest_days <= KEEP_DAYS + DELAY_DAYS


@pytest.mark.parametrize("off_days", [40, -40, 20_000, -20_000])
def test_what_came_with_a_wrong_clock_is_not_lost_however_long_it_was_wrong(off_days: int) -> None:
    box = Box()
    box.run(24 * 10)
    box.off_ns = off_days * DAY_NS
    box.start()
    box.run(24 * 10)
    box.off_ns = 0
    box.run(24 * 9)
    lost = 24 * 10 if off_days == 40 else 0
    assert box.too_early == lost, "forty days ahead for ten days: it may as well have been off before"
    assert len(box.stored) == 24 * 29 - lost


@pytest.mark.parametrize(("wrong_days", "lost_days"), [(1.5, 1.5), (2, 3), (3, 6), (5, 12), (7, 18)])
def test_a_clock_forty_days_ahead_costs_a_tenth_a_day_until_it_is_put_right(
    wrong_days: float, lost_days: float
) -> None:
    box = Box()
    box.run(24 * 40)
    box.off_ns = 40 * DAY_NS
    box.start()
    box.run(24 * wrong_days)
    assert box.clock.doubt_ns == pytest.approx(40 * DAY_NS, abs=HOUR_NS)
    oldest_days = KEEP_DAYS - lost_days
    assert oldest_days - 0.2 <= box.oldest_days <= oldest_days + 0.3
    kept = box.stored[0]
    box.off_ns = 0
    box.run(24 * (lost_days - 0.5))
    assert box.stored[0] == kept, "from then on nothing goes before its time"
    box.run(24 * 30)
    assert KEEP_DAYS <= box.oldest_days <= KEEP_DAYS + DELAY_DAYS
    assert (box.clock.doubt_ns, box.clock.breaks) == (0, ())


@pytest.mark.parametrize(
    ("hours_on", "hours_off", "most_days"), [(1, 23, 96), (4, 20, 42), (5, 9 * 24, 139), (24, 29 * 24, 151)]
)
def test_a_box_that_is_mostly_off_forgets_all_the_same(box: Box, hours_on: int, hours_off: int, most_days: int) -> None:
    for _ in range(400):
        box.start(off_hours=hours_off)
        box.run(hours_on)
    assert box.latest_days <= most_days


def test_a_new_box_that_begins_in_1971_keeps_what_it_saw(box: Box) -> None:
    box = Box(off_ns=-20_000 * DAY_NS)
    for _ in range(3):
        box.run(5)
        box.start(off_hours=1.0)
    box.off_ns = 0
    box.run(24 * 29)
    assert len(box.stored) == 15 + 24 * 29
    box.run(24 * 3)
    assert box.too_early == 0
    assert box.latest_days <= KEEP_DAYS + 1.0


def test_a_clock_that_is_wrong_at_every_start_makes_nothing_older(box: Box) -> None:
    for _ in range(90):
        box.off_ns = 8 * HOUR_NS  # local time in a clock that should have another
        box.start(off_hours=0.1)
        box.run(1)
        box.off_ns = 0
        box.run(23)
    assert box.latest_days <= KEEP_DAYS + 2.0


def test_a_bad_answer_is_not_believed_on_the_strength_of_a_night(box: Box) -> None:
    box.run(24 * 29)
    box.start(off_hours=12.0)
    box.run(23)
    box.off_ns = 40 * DAY_NS
    box.run(2)
    box.off_ns = 0
    box.run(24 * 40)
    assert box.latest_days <= KEEP_DAYS + 1.0


def test_a_box_that_was_off_for_long_forgets_what_was_before_within_eleven_days(box: Box) -> None:
    box.run(24 * 20)
    box.start(off_hours=60 * 24.0)
    box.run(23)
    assert box.oldest_days > 80.0
    box.run(24 * 5)
    assert 60.0 < box.oldest_days < 80.0, "the oldest first"
    box.run(24 * 5 + 1)
    assert box.oldest_days <= 11.1, "what came since is not taken for older"
    box.run(24 * 40)
    assert box.oldest_days <= KEEP_DAYS + DELAY_DAYS


def test_a_box_that_was_off_for_ten_days_forgets_after_a_day(box: Box) -> None:
    box.run(24 * 29)
    box.start(off_hours=9.9 * 24.0)
    box.run(25)
    assert KEEP_DAYS <= box.oldest_days <= KEEP_DAYS + DELAY_DAYS


def test_a_box_that_runs_in_office_hours_keeps_things_nine_days_longer_at_most(box: Box) -> None:
    for day in range(365):
        if day % 7 < 5:
            box.start(off_hours=15.0)
            box.run(9)
        else:
            box.start(off_hours=24.0)
    assert KEEP_DAYS <= box.latest_days <= KEEP_DAYS + 9.0
    assert len(box.clock.breaks) < 120


def test_drift_and_quick_restarts_are_no_jumps() -> None:
    begun = AgeClock.begun(NOW_NS)
    after = begun.advanced(HOUR_NS, NOW_NS + HOUR_NS + 59 * 10**9)
    assert (after.ran_ns - NOW_NS, after.believed_ns, after.jump_ns) == (HOUR_NS, NOW_NS + HOUR_NS + 59 * 10**9, 0)
    assert begun.advanced(HOUR_NS, NOW_NS + HOUR_NS + 61 * 10**9).jump_ns == 61 * 10**9
    assert AgeClock.begun(0).stored_before_ns(1e6) == 0

from collections.abc import Iterator

import pytest
from fake_box import FakeMatcher, short_run_directory
from harness import until

from twinface.box.following import MatchFollower
from twinface.bus.rundir import RunDirectory
from twinface.errors import ServiceError
from twinface.messages.schema import MatchEvent


@pytest.fixture
def run() -> Iterator[RunDirectory]:
    with short_run_directory() as directory:
        yield directory


@pytest.fixture
def matcher(run: RunDirectory) -> Iterator[FakeMatcher]:
    with FakeMatcher(run) as matcher:
        yield matcher


def _collect(follower: MatchFollower, number: int) -> list[MatchEvent]:
    events: list[MatchEvent] = []
    until(lambda: events.extend(follower.poll(0.25)) or len(events) >= number, 120.0, f"{number} events")
    return events


def test_events_come_in_order_and_once(run: RunDirectory, matcher: FakeMatcher) -> None:
    with MatchFollower(run) as follower:
        follower.begin()
        sent = [matcher.event(kind) for kind in ("enter", "match", "match", "exit")]
        assert _collect(follower, 4) == sent
        assert follower.poll(0.05) == []


def test_starts_after_the_snapshot_unless_asked_for_all(run: RunDirectory, matcher: FakeMatcher) -> None:
    earlier = [matcher.event("match", frame=frame) for frame in range(450)]
    with MatchFollower(run) as follower:
        assert follower.begin()["next_sequence"] == 450
        later = matcher.event("exit")
        assert _collect(follower, 1) == [later]
    with MatchFollower(run) as follower:
        follower.begin(from_start=True)
        assert _collect(follower, 451) == [*earlier, later]


def test_lost_events_are_asked_for(run: RunDirectory, matcher: FakeMatcher) -> None:
    with MatchFollower(run) as follower:
        follower.begin()
        sent = [matcher.event("enter")]
        assert _collect(follower, 1) == sent
        sent = [matcher.event("match", lost=True), matcher.event("match", lost=True), matcher.event("match")]
        assert _collect(follower, 3) == sent
        assert follower.missed == 0


def test_a_lost_last_event_is_found_when_nothing_follows(run: RunDirectory, matcher: FakeMatcher) -> None:
    with MatchFollower(run) as follower:
        follower.begin()
        end = matcher.event("end", lost=True, streams_open=0)
        assert _collect(follower, 1) == [end]
        assert follower.streams_open == 0


def test_events_that_are_no_longer_kept_are_counted(run: RunDirectory, matcher: FakeMatcher) -> None:
    with MatchFollower(run) as follower:
        follower.begin()
        matcher.event("enter", lost=True)
        matcher.event("match", lost=True)
        matcher.kept_from = 2
        sent = matcher.event("match")
        assert _collect(follower, 1) == [sent]
        assert follower.missed == 2


def test_a_matcher_that_starts_anew_is_taken_up_from_its_first_event(run: RunDirectory) -> None:
    with FakeMatcher(run) as first:
        follower = MatchFollower(run)
        follower.begin()
        old = first.event("enter")
        assert _collect(follower, 1) == [old]
    with follower, FakeMatcher(run) as second:
        new = [second.event("enter"), second.event("match")]
        assert _collect(follower, 2) == new


def test_bytes_that_are_no_message_are_passed_over(run: RunDirectory, matcher: FakeMatcher) -> None:
    with MatchFollower(run) as follower:
        follower.begin()
        matcher.send_garbage()
        sent = matcher.event("enter")
        assert _collect(follower, 1) == [sent]


def test_nothing_running_is_said(run: RunDirectory) -> None:
    with pytest.raises(ServiceError, match=r"nothing is running in .*; start it with `twinface up`"):
        MatchFollower(run)


def test_a_pipeline_that_stops_is_said(run: RunDirectory, matcher: FakeMatcher) -> None:
    with MatchFollower(run) as follower:
        follower.begin()
        matcher.stop()
        with pytest.raises(ServiceError, match="has stopped"):
            _collect(follower, 1)

from collections.abc import Iterable

import pytest

from twinface.box.hangs import Hang, HangWatch
from twinface.box.health import TRIED_AGAIN_GAUGE, ProcessState
from twinface.messages.schema import Heartbeat


def running(*processes: tuple[str, int]) -> list[ProcessState]:
    return [ProcessState(name, "RUNNING", pid, 1.0, failed=False) for name, pid in processes]


def beat(pid: int, state: str = "running", **gauges: float) -> Heartbeat:
    return Heartbeat("camera.a", pid, state, "", 1.0, 0.5, 50.0, gauges=gauges)


def play(
    watch: HangWatch, processes: Iterable[ProcessState], seconds: Iterable[int], beating: Iterable[int] = ()
) -> list[Hang]:
    """Look once a second, with a heartbeat of everybody in `beating` before; who was found."""
    found = []
    for second in seconds:
        for pid in beating:
            watch.hear(beat(pid), second)
        found += watch.find(processes, second)
    return found


def test_who_is_silent_for_too_long_is_found_once() -> None:
    watch, both = HangWatch(10.0, 120.0), running(("camera.a", 1), ("matcher", 2))
    assert play(watch, both, range(5), beating=[1, 2]) == []
    assert play(watch, both, range(5, 15), beating=[2]) == []
    assert play(watch, both, range(15, 20), beating=[2]) == [Hang("camera.a", 1, 11.0, 1)]


def test_a_start_has_its_own_limit() -> None:
    watch, one = HangWatch(10.0, 30.0), running(("extractor.0", 1))
    assert play(watch, one, range(31)) == []
    assert play(watch, one, range(31, 33)) == [Hang("extractor.0", 1, 31.0, 1)]


@pytest.mark.parametrize("said", [beat(1, "waiting", **{TRIED_AGAIN_GAUGE: 1.0}), beat(1, "starting")])
def test_who_is_about_to_start_has_the_time_of_a_start_though_its_heart_has_beaten(said: Heartbeat) -> None:
    watch, one = HangWatch(10.0, 30.0), running(("web", 1))
    play(watch, one, range(5), beating=[1])
    watch.hear(said, 5)
    assert play(watch, one, range(6, 36)) == []
    assert play(watch, one, range(36, 38)) == [Hang("web", 1, 31.0, 1)]


def test_who_waits_for_its_source_and_works_may_be_silent_no_longer_than_others() -> None:
    watch, one = HangWatch(10.0, 30.0), running(("camera.a", 1))
    play(watch, one, [0])
    watch.hear(beat(1, "waiting"), 0)
    assert play(watch, one, range(1, 12)) == [Hang("camera.a", 1, 11.0, 1)]


def test_the_next_start_is_another_process() -> None:
    watch = HangWatch(10.0, 30.0)
    play(watch, running(("matcher", 1)), range(5), beating=[1])
    assert play(watch, running(("matcher", 2)), range(5, 30)) == []


def test_each_hang_of_late_doubles_what_is_waited_for() -> None:
    watch = HangWatch(10.0, 30.0)
    silences = []
    second = 0
    for pid in range(1, 6):
        one = running(("web", pid))
        play(watch, one, [second], beating=[pid])
        while not (found := play(watch, one, [second])):
            second += 1
        silences.append(found[0].silent_s)
    assert silences == [11.0, 21.0, 41.0, 81.0, 161.0]


def test_the_trainer_may_be_silent_for_longer() -> None:
    watch, one = HangWatch(10.0, 30.0), running(("trainer", 1))
    play(watch, one, [0], beating=[1])
    assert play(watch, one, range(1, 121)) == []
    assert play(watch, one, range(121, 123)) == [Hang("trainer", 1, 121.0, 1)]


def test_nobody_is_blamed_for_the_time_in_which_the_watch_itself_stood_still() -> None:
    watch, both = HangWatch(10.0, 120.0), running(("camera.a", 1), ("matcher", 2))
    play(watch, both, range(5), beating=[1, 2])
    assert play(watch, both, range(600, 610), beating=[2]) == []
    assert play(watch, both, range(610, 615), beating=[2]) == [Hang("camera.a", 1, 11.0, 1)]


@pytest.mark.parametrize("states", [[], [ProcessState("web", "EXITED", 0, 0.0, failed=True)]])
def test_who_does_not_run_does_not_hang(states: list[ProcessState]) -> None:
    assert play(HangWatch(10.0, 30.0), states, range(100)) == []

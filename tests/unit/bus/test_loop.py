import os
import signal
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from twinface.bus.loop import Loop


@pytest.fixture
def loop() -> Iterator[Loop]:
    loop = Loop()
    yield loop
    loop.close()


def test_readable_descriptors_are_called_back(loop: Loop) -> None:
    read, write = os.pipe()
    heard: list[bytes] = []
    loop.add(read, lambda: heard.append(os.read(read, 100)))
    loop.turn(0.0)
    assert heard == []
    os.write(write, b"hello")
    loop.turn(5.0)
    assert heard == [b"hello"]
    os.close(read)
    os.close(write)


def test_what_comes_waits_while_it_dozes(loop: Loop) -> None:
    read, write = os.pipe()
    heard: list[bytes] = []
    loop.add(read, lambda: heard.append(os.read(read, 100)))
    os.write(write, b"hello")
    started_s = time.monotonic()
    loop.doze(0.05)
    assert time.monotonic() - started_s >= 0.04
    assert heard == []
    loop.turn(120.0)
    assert heard == [b"hello"]
    loop.stop()
    loop.doze(120.0)
    assert time.monotonic() - started_s < 100.0
    os.close(read)
    os.close(write)


def test_timers_come_again_and_bound_the_wait(loop: Loop) -> None:
    ticks: list[float] = []
    loop.every(0.02, lambda: ticks.append(time.monotonic()))
    started_s = time.monotonic()
    while len(ticks) < 3:
        loop.turn(120.0)
    assert 0.06 <= time.monotonic() - started_s < 100.0


def test_a_timer_that_stops_the_loop_ends_it(loop: Loop) -> None:
    loop.every(0.01, loop.stop)
    loop.run()
    assert loop.stopping


@pytest.mark.parametrize("wait", [Loop.turn, Loop.doze])
@pytest.mark.parametrize("end", [Loop.wake, Loop.stop])
def test_another_thread_ends_the_wait(
    loop: Loop, end: Callable[[Loop], None], wait: Callable[[Loop, float], None]
) -> None:
    thread = threading.Timer(0.05, end, [loop])
    thread.start()
    started_s = time.monotonic()
    wait(loop, 120.0)
    assert time.monotonic() - started_s < 100.0
    assert loop.stopping == (end is Loop.stop)
    thread.join()


def test_any_number_of_wake_ups_ends_one_wait(loop: Loop) -> None:
    for _ in range(100_000):
        loop.wake()
    loop.turn(10.0)
    started_s = time.monotonic()
    loop.turn(0.05)
    assert time.monotonic() - started_s >= 0.04


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_stop_it(number: signal.Signals) -> None:
    before = {one: signal.getsignal(one) for one in (signal.SIGTERM, signal.SIGINT)}
    loop = Loop()
    loop.handle_signals()
    try:
        threading.Timer(0.05, os.kill, [os.getpid(), number]).start()
        started_s = time.monotonic()
        while not loop.stopping:
            loop.turn(120.0)
        assert time.monotonic() - started_s < 100.0
    finally:
        loop.close()
        for one, handler in before.items():
            signal.signal(one, handler)
    assert signal.set_wakeup_fd(-1) == -1


def test_nothing_is_called_back_that_a_check_forbids(loop: Loop) -> None:
    read, write = os.pipe()
    heard: list[bytes] = []
    loop.add(read, lambda: heard.append(os.read(read, 100)))
    loop.every(0.0, lambda: heard.append(b"timer"))

    def forbid() -> None:
        raise TimeoutError

    loop.check_first(forbid)
    with pytest.raises(TimeoutError):
        loop.turn(0.01)
    os.write(write, b"hello")
    with pytest.raises(TimeoutError):
        loop.turn(5.0)
    assert heard == []
    os.close(read)
    os.close(write)

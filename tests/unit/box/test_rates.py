"""Rates are differences between two readings, over the time that passed for whom they are of."""

from pathlib import Path

import pytest

from twinface.box.accounts import LinkBooks
from twinface.box.box_status import BoxStatus
from twinface.box.health import Condition, Health
from twinface.box.rates import rates_between
from twinface.bus.rundir import RunDirectory
from twinface.messages.schema import Heartbeat


def _beat(uptime_s: float, cpu_s: float, frames: int, pid: int = 7) -> Heartbeat:
    times = {"frame": (4.0, 9.0)}
    return Heartbeat("camera.door", pid, "running", "", uptime_s, cpu_s, 120.0, {"frames": frames}, {}, times)


def _books(sent: int, received: int, replaced: int, *, epoch: int = 1, alive: bool = True) -> LinkBooks:
    dropped, lost = {"replaced": replaced}, {"expired": 0}
    return LinkBooks("crops", "camera.door", epoch, alive, sent, received, received, dropped, lost, 1, 2, 0)


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    return RunDirectory(tmp_path / "run")


def _status(run: RunDirectory, beat: Heartbeat, *links: LinkBooks) -> BoxStatus:
    health = Health("camera.door", Condition.RUNNING, "")
    return BoxStatus(run, (), {"camera.door": beat}, (health,), links)


def test_a_process_and_its_link_between_two_readings(run: RunDirectory) -> None:
    before = _status(run, _beat(10.0, 2.0, 100), _books(40, 30, 8))
    after = _status(run, _beat(14.0, 4.0, 200), _books(60, 40, 18))
    rates = rates_between(before, after, seconds=5.0)
    (process,), (link,) = rates.processes, rates.links
    assert (process.cpu_cores, process.per_second) == (0.5, {"frames": 25.0})
    assert (process.condition, process.memory_mb, process.latency_ms) == ("RUNNING", 120.0, {"frame": (4.0, 9.0)})
    assert (link.sent, link.received, link.dropped, link.lost) == (4.0, 2.0, 2.0, 0.0)
    assert (link.waiting, link.in_flight) == (1, 2)


def test_who_has_started_between_is_counted_from_its_start(run: RunDirectory) -> None:
    before = _status(run, _beat(1000.0, 500.0, 25_000), _books(5000, 5000, 0))
    after = _status(run, _beat(2.0, 1.0, 50, pid=8), _books(5000, 5000, 0, alive=False), _books(10, 10, 0, epoch=2))
    rates = rates_between(before, after, seconds=5.0)
    assert (rates.processes[0].cpu_cores, rates.processes[0].per_second) == (0.5, {"frames": 25.0})
    assert [link.sent for link in rates.links] == [2.0]


def test_a_heart_that_was_heard_once_divides_by_nothing(run: RunDirectory) -> None:
    status = _status(run, _beat(10.0, 2.0, 100))
    assert rates_between(status, status, seconds=1.0).processes[0].cpu_cores == 0.2

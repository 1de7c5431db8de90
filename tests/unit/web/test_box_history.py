import numpy as np

from twinface.messages.schema import Heartbeat
from twinface.web.box_history import LONGEST_S, STEP_S, BoxHistory

_NOW_NS = 1_800_000_000 * 10**9


def _beat(process: str, cpu_s: float, *, pid: int = 1, memory_mb: float = 50.0, frames: int = 0) -> Heartbeat:
    latency = {"capture_to_match": (40.0, 90.0)} if process == "matcher" else {}
    return Heartbeat(process, pid, "running", "", 1.0, cpu_s, memory_mb, {"frames": frames}, {}, latency)


def _run(history: BoxHistory, seconds: float, *, since_s: float = 1000.0, cores: float = 0.5) -> float:
    """A heartbeat a second; when the last one was."""
    for number in range(int(seconds) + 1):
        history.take(_beat("camera.front", cores * number, frames=15 * number), since_s + number)
        history.take(_beat("matcher", 0.1 * number, memory_mb=80.0 + number), since_s + number)
    return since_s + int(seconds)


def test_cpu_memory_latency_and_frames_are_known_a_step_at_a_time() -> None:
    history = BoxHistory()
    end_s = _run(history, 61.0, since_s=STEP_S * 100)
    past = history.read(6.0, end_s, _NOW_NS)
    assert len(past.at_ns) == 5
    assert np.diff(past.at_ns).tolist() == [STEP_S * 1e9] * 4
    assert past.at_ns[-1] == _NOW_NS - int((61.0 % STEP_S) * 1e9)
    assert past.cpu == {"camera.front": [0.5] * 5, "matcher": [0.1] * 5}
    assert past.memory_mb["matcher"] == [94.0, 109.0, 124.0, 139.0, 141.0]
    assert past.latency_ms == {"p50": [40.0] * 5, "p95": [90.0] * 5}
    assert history.fps("camera.front", end_s) == 15.0
    assert history.fps("camera.front", end_s + 2 * STEP_S) is None
    assert history.fps("matcher", end_s) is None


def test_silence_is_unknown_and_a_new_start_counts_from_its_own_beginning() -> None:
    history = BoxHistory()
    end_s = _run(history, 14.0, since_s=STEP_S * 100)
    again_s = end_s + 1.0 + 3 * STEP_S
    history.take(_beat("camera.front", 9.0, pid=2), again_s)
    history.take(_beat("camera.front", 10.0, pid=2), again_s + 10.0)
    past = history.read(6.0, again_s + 10.0, _NOW_NS)
    assert past.cpu["camera.front"] == [0.5, None, None, None, 0.1]
    assert past.cpu["matcher"] == [0.1, None, None, None, None]


def test_only_the_last_hours_are_kept_and_read() -> None:
    history = BoxHistory()
    for number in range(int(LONGEST_S / STEP_S) * 2):
        history.take(_beat("web", float(number)), number * STEP_S)
        if number < 1000:
            history.take(_beat("trainer", float(number)), number * STEP_S)
    end_s = number * STEP_S
    assert len(history.read(6.0, end_s, _NOW_NS).at_ns) == 1440
    assert history.read(6.0, end_s, _NOW_NS).memory_mb["trainer"] == [None] * 1440
    past = history.read(1.0, end_s, _NOW_NS)
    assert len(past.at_ns) == len(past.memory_mb["web"]) == 241
    assert all(past.memory_mb["web"])
    assert history.read(0.001, end_s + LONGEST_S, _NOW_NS).at_ns == []


def test_nothing_is_known_before_the_first_heartbeat() -> None:
    past = BoxHistory().read(6.0, 5.0, _NOW_NS)
    assert (past.at_ns, past.cpu, past.memory_mb, past.latency_ms) == ([], {}, {}, {"p50": [], "p95": []})


def test_it_takes_a_few_hundred_kilobytes() -> None:
    history = BoxHistory()
    for number in range(24):
        history.take(_beat(f"camera.{number}", 1.0), 1.0)
        history.take(_beat(f"camera.{number}", 2.0), 2.0)
    assert sum(values.nbytes for values in history._series.values()) < 500_000

import pytest

from twinface.box.health import Condition, health_by_heart, health_by_supervisor
from twinface.box.supervision import ProcessState
from twinface.messages.schema import Heartbeat


def beat(state: str = "running", detail: str = "", pid: int = 7) -> Heartbeat:
    return Heartbeat("camera.a", pid, state, detail, 1.0, 0.5, 50.0)


def process(state: str = "RUNNING", pid: int = 7, uptime_s: float = 60.0, *, failed: bool = False) -> ProcessState:
    return ProcessState("camera.a", state, pid, uptime_s, failed)


@pytest.mark.parametrize(
    ("state", "condition", "ok"),
    [
        ("running", Condition.RUNNING, True),
        ("idle", Condition.RUNNING, True),
        ("ended", Condition.ENDED, True),
        ("starting", Condition.STARTING, False),
        ("waiting", Condition.WAITING, False),
        ("degraded", Condition.DEGRADED, False),
        ("failed", Condition.FAILED, False),
        ("stopped", Condition.RESTARTING, False),
    ],
)
def test_what_a_heart_says(state: str, condition: Condition, ok: bool) -> None:
    health = health_by_heart("camera.a", beat(state, "why"), 0.5)
    assert (health.condition, health.ok) == (condition, ok)
    assert bool(health.problem) == (not ok)


def test_silence_is_a_hang_and_who_waits_may_be_silent_between_two_attempts() -> None:
    assert health_by_heart("camera.a", beat(), 3.5).problem == "camera.a: hung, no heartbeat for 4 s"
    assert health_by_heart("camera.a", beat("waiting"), 3.5).condition is Condition.WAITING
    assert health_by_heart("camera.a", beat("waiting"), 21.0).condition is Condition.HUNG


@pytest.mark.parametrize(
    ("state", "heart", "autostart", "condition"),
    [
        (process(), beat(), True, Condition.RUNNING),
        (process(), None, True, Condition.HUNG),
        (process(uptime_s=1.0), None, True, Condition.STARTING),
        (process(), beat(pid=6), True, Condition.STARTING),
        (process(), beat("degraded"), True, Condition.DEGRADED),
        (process("EXITED", 0, failed=True), None, True, Condition.RESTARTING),
        (process("BACKOFF", 0), None, True, Condition.RESTARTING),
        (process("FATAL", 0, failed=True), None, True, Condition.FAILED),
        (process("EXITED", 0), None, False, Condition.STOPPED),
        (process("EXITED", 0, failed=True), None, False, Condition.FAILED),
    ],
)
def test_what_supervisord_and_a_heart_say_together(
    state: ProcessState, heart: Heartbeat | None, autostart: bool, condition: Condition
) -> None:
    assert health_by_supervisor(state, heart, autostart=autostart).condition is condition

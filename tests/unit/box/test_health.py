import pytest

from twinface.box.health import Condition, Heart, ProcessState, health_by_heart, health_by_supervisor


def heart(state: str = "running", detail: str = "", pid: int = 7, age_s: float = 0.5) -> Heart:
    return Heart(pid, state, detail, age_s)


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
    health = health_by_heart("camera.a", heart(state, "why"))
    assert (health.condition, health.ok) == (condition, ok)
    assert bool(health.problem) == (not ok)


def test_silence_is_a_hang_and_who_starts_or_waits_may_be_silent_for_longer() -> None:
    assert health_by_heart("camera.a", heart(age_s=3.5)).problem == "camera.a: hung, no heartbeat for 4 s"
    for state, condition in (("waiting", Condition.WAITING), ("starting", Condition.STARTING)):
        assert health_by_heart("camera.a", heart(state, age_s=119.0)).condition is condition
        assert health_by_heart("camera.a", heart(state, age_s=121.0)).condition is Condition.HUNG


@pytest.mark.parametrize("state", ["running", "waiting", "degraded"])
@pytest.mark.parametrize("age_s", [0.5, 200.0])
def test_who_does_not_live_any_more_does_not_hang(state: str, age_s: float) -> None:
    gone = heart(state, "why", age_s=age_s)
    assert health_by_heart("web", gone, lives=False).problem == "web: restarting, it has ended, and is started again"
    on_request = health_by_heart("trainer", gone, lives=False, autostart=False)
    assert on_request.problem == "trainer: failed, it has ended without a word, see its log"
    assert health_by_heart("trainer", heart("stopped"), lives=False, autostart=False).ok


@pytest.mark.parametrize(
    ("state", "said", "autostart", "condition"),
    [
        (process(), heart(), True, Condition.RUNNING),
        (process(), None, True, Condition.HUNG),
        (process(uptime_s=1.0), None, True, Condition.STARTING),
        (process(), heart(pid=6), True, Condition.STARTING),
        (process(), heart("degraded"), True, Condition.DEGRADED),
        (process("EXITED", 0, failed=True), None, True, Condition.RESTARTING),
        (process("BACKOFF", 0), None, True, Condition.RESTARTING),
        (process("FATAL", 0, failed=True), None, True, Condition.FAILED),
        (process("EXITED", 0), None, False, Condition.STOPPED),
        (process("EXITED", 0, failed=True), None, False, Condition.FAILED),
    ],
)
def test_what_supervisord_and_a_heart_say_together(
    state: ProcessState, said: Heart | None, autostart: bool, condition: Condition
) -> None:
    assert health_by_supervisor(state, said, autostart=autostart).condition is condition


def test_who_was_never_heard_starts_as_long_as_a_start_may_take() -> None:
    for start_s, uptime_s, condition in (
        (None, 19.0, Condition.STARTING),
        (None, 21.0, Condition.HUNG),
        (90.0, 89.0, Condition.STARTING),
        (90.0, 91.0, Condition.HUNG),
    ):
        health = health_by_supervisor(process(uptime_s=uptime_s), None, autostart=True, start_s=start_s)
        assert health.condition is condition
    assert health.reason == "no heartbeat within 3 s, started 91 s ago"

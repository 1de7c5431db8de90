import asyncio
import json
import os
from collections.abc import Callable
from typing import Any

from twinface.box.health_board import HealthBoard
from twinface.messages.schema import Heartbeat, MatchEvent, Message, Stamp
from twinface.types import Captured
from twinface.web.hub import Hub
from twinface.web.outlets import Outlet

_STAMP = Stamp("matcher", 1, 0, Captured(0, 0, 0.0))


def _event(type: str, **fields: Any) -> Message:  # noqa: A002  as in MatchEvent
    known: dict[str, Any] = {"epoch": 1, "sequence": 0, "camera": "front", "camera_epoch": 1, "track": 1, "name": None}
    known |= {"state": "pending", "score": 0.0, "box_xyxy": None, "frame": 0, "captured": None}
    return Message(_STAMP, MatchEvent(type=type, latency_ms=None, **{**known, **fields}))


def _hub(on_watched: Callable[[], None] = lambda: None) -> Hub:
    return Hub(HealthBoard(["camera.front", "matcher"]), ["front"], on_watched)


async def _told(outlet: Outlet) -> list[tuple[str, Any]]:
    """Everything that waits for a client."""
    told = []
    async for chunk in outlet.chunks(b"", 0.0):
        if not chunk:
            break
        kind, data, *_ = chunk.decode().split("\n")
        told.append((kind.removeprefix("event: "), json.loads(data.removeprefix("data: "))))
    return told


def test_every_listener_hears_events_after_the_latest_news() -> None:
    async def scenario() -> None:
        hub = _hub()
        hub.take(_event("enter"))
        first = hub.listen()
        hub.take(_event("match", name="<Ada>", state="known", sequence=1))
        second = hub.listen()
        told = await _told(first)
        assert [kind for kind, _ in told] == ["recent", "health", "match"]
        assert [event["type"] for event in told[0][1]] == ["enter"]
        assert (told[2][1]["name"], told[2][1]["news"]) == ("<Ada>", True)
        assert [event["type"] for event in (await _told(second))[0][1]] == ["enter", "match"]

    asyncio.run(scenario())


def test_only_what_changes_is_news() -> None:
    async def scenario() -> None:
        hub = _hub()
        outlet = hub.listen()
        looks = [None, "Ada", "Ada", "Ada", "Bob"]
        for name in looks:
            hub.take(_event("match", name=name, state="known" if name else "unknown"))
        hub.take(_event("exit", name="Bob"))
        hub.take(_event("match", name="Bob", state="known"))
        news = [data["news"] for kind, data in await _told(outlet) if kind == "match"]
        assert news == [True, True, False, False, True, True, True]

    asyncio.run(scenario())


def test_a_listener_that_is_too_slow_does_not_hold_up_the_others() -> None:
    async def scenario() -> None:
        hub = _hub()
        slow, quick = hub.listen(), hub.listen()
        for sequence in range(1000):
            hub.take(_event("match", sequence=sequence))
            if sequence % 100 == 99:
                heard = [data["sequence"] for kind, data in await _told(quick) if kind == "match"]
                assert heard == list(range(sequence - 99, sequence + 1))
        assert await _told(slow) == []

    asyncio.run(scenario())


def test_somebody_who_comes_is_heard_of_at_once() -> None:
    async def scenario() -> None:
        came: list[bool] = []
        hub = _hub(lambda: came.append(hub.is_followed))
        assert not hub.is_followed
        outlet = hub.listen()
        viewer = hub.join()
        assert came == [True, True]
        hub.leave(outlet)
        assert hub.is_followed
        hub.part(viewer)
        assert not hub.is_followed

    asyncio.run(scenario())


def test_a_camera_is_watched_while_somebody_watches() -> None:
    async def scenario() -> None:
        seen: list[frozenset[str]] = []
        hub = _hub(lambda: seen.append(hub.watched))
        pages = [hub.join(), hub.join()]
        seen.clear()
        for page in pages:
            assert page.watch(["front", "cellar"]) == ["cellar"]
            hub.note_watched()
        assert seen == [frozenset({"front"})]
        for page in pages:
            hub.part(page)
        assert seen == [frozenset({"front"}), frozenset()]

    asyncio.run(scenario())


def test_health_names_who_is_missing_and_who_has_failed() -> None:
    board = HealthBoard(["camera.front", "matcher"])
    assert board.summary()["problems"] == [
        "camera.front: starting, no heartbeat yet",
        "matcher: starting, no heartbeat yet",
    ]

    def beat(process: str, state: str, detail: str = "", pid: int = os.getpid()) -> None:
        board.take(Heartbeat(process, pid, state, detail, 1.0, 0.5, 50.0), epoch=3)

    beat("camera.front", "failed", "no such device")
    beat("matcher", "running")
    beat("trainer", "idle")
    assert board.summary() == {
        "ok": False,
        "state": "down",
        "problems": ["camera.front: failed, no such device"],
    }
    processes = board.report()["processes"]
    assert isinstance(processes, list)
    assert [(one["process"], one["alive"]) for one in processes] == [
        ("camera.front", True),
        ("matcher", True),
        ("trainer", True),
    ]
    beat("camera.front", "ended")
    assert board.summary() == {"ok": True, "state": "ok", "problems": []}


def test_what_works_with_something_wrong_is_degraded_and_what_ended_as_planned_is_well() -> None:
    board = HealthBoard(["matcher"])

    def beat(process: str, state: str, detail: str = "", pid: int = os.getpid()) -> None:
        board.take(Heartbeat(process, pid, state, detail, 1.0, 0.5, 50.0), epoch=3)

    beat("trainer", "stopped")
    beat("matcher", "degraded", "events are not stored: disk full")
    assert board.summary() == {
        "ok": False,
        "state": "degraded",
        "problems": ["matcher: degraded, events are not stored: disk full"],
    }
    beat("matcher", "running")
    assert board.summary()["ok"]
    assert [one["process"] for one in board.report()["processes"]] == ["matcher"]  # type: ignore[union-attr]
    beat("trainer", "failed", "too little memory")
    assert board.summary()["problems"] == ["trainer: failed, too little memory"]
    beat("matcher", "stopped")
    assert board.summary()["state"] == "down"

"""Whoever looks on at a link sees what goes through it, and the link is as if nobody did."""

from collections.abc import Callable
from typing import Any

from twinface.box.accounts import read_links
from twinface.bus.node import Node
from twinface.bus.rundir import RunDirectory
from twinface.bus.watching import Watcher
from twinface.messages.codec import decode
from twinface.messages.topics import CROPS, HEALTH, TRACKS
from twinface.types import Captured

OpenNode = Callable[[str], Node]
WaitFor = Callable[..., None]

_MANY = 400
"""Far more than a socket keeps for who does not read."""


def test_a_watcher_that_reads_nothing_disturbs_nobody(
    run: RunDirectory, node: OpenNode, make_update: Callable[[int], Any], wait_for: WaitFor
) -> None:
    camera, matcher = node("camera.a"), node("matcher")
    frames: list[int] = []
    sender = camera.sender(TRACKS)

    def take(delivery: Any) -> None:
        frames.append(delivery.message.body.frame)
        reader.settle(delivery)

    reader = matcher.reader(TRACKS, ["camera.a"], take)
    with Watcher(run, [(TRACKS, ["camera.a"])]) as watcher:
        seen: list[int] = []

        def look() -> None:
            seen.extend(decode(one, TRACKS).body.frame for one in watcher.receive(0.0))  # type: ignore[union-attr]

        sent = iter(range(10**9))
        wait_for(
            lambda: seen,
            camera,
            matcher,
            work=lambda: (sender.offer(make_update(next(sent)), Captured.now(), pinned=True), look()),
        )
        assert seen[0] in range(next(sent)), "it is a message of the link"
        for _ in range(_MANY):
            sender.offer(make_update(next(sent)), Captured.now(), pinned=True)
            camera.loop.turn(0.0)
            matcher.loop.turn(0.0)
        total = next(sent) - 1
        wait_for(lambda: frames and frames[-1] == total - 1, camera, matcher)
        wait_for(lambda: sender.in_flight == 0, camera, matcher)
    (link,) = read_links(run)
    assert (link.balanced, sum(link.lost.values()), sum(link.dropped.values())) == (True, 0, 0)
    assert link.received == link.sent


def test_several_topics_are_watched_at_once(
    run: RunDirectory, node: OpenNode, make_update: Callable[[int], Any], wait_for: WaitFor
) -> None:
    camera = node("camera.a")
    sender = camera.sender(TRACKS)
    topics: set[str] = set()
    with Watcher(run, [(TRACKS, ["camera.a"]), (CROPS, ["camera.a"]), (HEALTH, ["camera.a"])]) as watcher:

        def work() -> None:
            sender.offer(make_update(0), Captured.now(), key=0)
            camera.beat()
            topics.update(one[0].decode() for one in watcher.receive(0.0))

        wait_for(lambda: topics == {"tracks", "health"}, camera, work=work)

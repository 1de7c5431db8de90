from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
import zmq

from twinface.bus.node import Node
from twinface.bus.pubsub import Subscriber
from twinface.bus.rundir import RunDirectory
from twinface.errors import WireError
from twinface.messages.schema import Message, PreviewMeta, Reply
from twinface.messages.topics import HEALTH, MATCHES, PREVIEW
from twinface.types import Captured

OpenNode = Callable[[str], Node]
WaitFor = Callable[..., None]

_PREVIEW = PreviewMeta("a", 1, 2, 3, ())


def test_a_subscriber_hears_every_publisher_and_those_that_come_later(
    run: RunDirectory, node: OpenNode, wait_for: WaitFor
) -> None:
    listener = node("listener")
    heard: list[Message] = []
    listener.subscriber(HEALTH, ["early", "late"], heard.append)
    early = node("early")
    wait_for(lambda: heard, listener, work=early.beat)
    late = node("late")
    wait_for(lambda: {one.stamp.origin for one in heard} == {"early", "late"}, listener, work=late.beat)
    numbers = [one.stamp.sequence for one in heard if one.stamp.origin == "early"]
    assert numbers == [*range(numbers[0], numbers[0] + len(numbers))]


def test_a_publisher_that_starts_anew_is_heard_again(run: RunDirectory, node: OpenNode, wait_for: WaitFor) -> None:
    listener = node("listener")
    heard: list[Message] = []
    listener.subscriber(HEALTH, ["one"], heard.append)
    for starts in (1, 2):
        with Node("one", run) as one:
            wait_for(partial(_heard_starts, heard, starts), listener, work=one.beat)


def test_what_is_made_on_demand_is_wanted_while_somebody_listens(
    run: RunDirectory, node: OpenNode, wait_for: WaitFor
) -> None:
    publisher = node("camera.a").publisher(PREVIEW)
    assert not publisher.wanted()
    heard: list[Message] = []
    web = node("web")
    subscriber = web.subscriber(PREVIEW, ["camera.a"], heard.append, listening=False)
    with Node("other", run) as other:
        other.subscriber(PREVIEW, ["camera.a"], lambda _: None)
        wait_for(publisher.wanted)
        subscriber.listen(True)
        publish = lambda: publisher.publish(_PREVIEW, Captured.now(), _jpeg())  # noqa: E731
        wait_for(lambda: heard, web, work=publish)
        wait_for(lambda: publisher.wanted() and publisher._subscriptions == 2)
    wait_for(lambda: publisher.wanted() and publisher._subscriptions == 1)
    subscriber.listen(False)
    wait_for(lambda: not publisher.wanted())
    subscriber.listen(True)
    wait_for(publisher.wanted)


def test_nobody_is_counted_out_who_never_subscribed(run: RunDirectory, node: OpenNode, context: Any) -> None:
    publisher = node("camera.a").publisher(PREVIEW)
    stranger = context.socket(zmq.XSUB)
    stranger.connect(run.endpoint(PREVIEW, "camera.a"))
    stranger.send(b"\x02 is no subscription")
    stranger.send(b"\x01preview")
    assert publisher.socket.poll(120_000)
    while publisher.socket.poll(100):
        publisher.wanted()
    assert publisher.wanted()
    stranger.close()


def test_bytes_that_are_no_message_are_refused_and_survived(
    run: RunDirectory, context: Any, node: OpenNode, wait_for: WaitFor
) -> None:
    good = node("good")
    bad = context.socket(zmq.PUB)
    bad.bind(run.endpoint(HEALTH, "bad"))
    listener = node("listener")
    heard: list[Message] = []
    listener.subscriber(HEALTH, ["good", "bad"], heard.append)
    wait_for(
        lambda: listener.meters.read()[0].get("refused_messages"),
        listener,
        work=lambda: bad.send_multipart([b"health", b"\xc1"]),
    )
    wait_for(lambda: heard, listener, work=good.beat)
    bad.close()


def test_receive_says_when_nothing_comes_and_when_it_is_no_message(run: RunDirectory, context: Any) -> None:
    bad = context.socket(zmq.XPUB)
    bad.bind(run.endpoint(MATCHES, "bad"))
    subscriber = Subscriber(context, [run.endpoint(MATCHES, "bad")], MATCHES)
    assert subscriber.receive(0.01) is None
    assert bad.poll(120_000)
    bad.send_multipart([b"matches", b"\x80"])
    with pytest.raises(WireError):
        subscriber.receive(5.0)
    subscriber.close()
    bad.close()


def test_a_body_of_another_topic_is_refused(run: RunDirectory, node: OpenNode, wait_for: WaitFor) -> None:
    publisher = node("one").publisher(MATCHES)
    listener = node("listener")
    listener.subscriber(MATCHES, ["one"], lambda _: pytest.fail("it was handed on"))
    wait_for(
        lambda: listener.meters.read()[0].get("refused_messages"),
        listener,
        work=lambda: publisher.publish(Reply("1"), Captured.now()),
    )


def _heard_starts(heard: list[Message], wanted: int) -> bool:
    return len({one.stamp.epoch for one in heard}) == wanted


def _jpeg() -> Any:
    return np.array([255, 216], np.uint8)

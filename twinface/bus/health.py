"""Listening to heartbeats from outside the pipeline."""

import time
from collections.abc import Sequence

import zmq

from twinface.bus.pubsub import Subscriber
from twinface.bus.rundir import RunDirectory
from twinface.messages.schema import Heartbeat
from twinface.messages.topics import HEALTH


def latest_heartbeats(run: RunDirectory, names: Sequence[str], *, timeout_s: float = 1.5) -> dict[str, Heartbeat]:
    """One heartbeat of each of the processes `names` that has one within the time; they come once a second."""
    beats: dict[str, Heartbeat] = {}
    give_up_at_s = time.monotonic() + timeout_s
    with zmq.Context() as context:
        subscriber = Subscriber(context, [run.endpoint(HEALTH, name) for name in names], HEALTH)
        while len(beats) < len(names) and (left_s := give_up_at_s - time.monotonic()) > 0:
            message = subscriber.receive(left_s)
            if message is not None and isinstance(message.body, Heartbeat):
                beats[message.body.process] = message.body
        subscriber.close()
    return beats

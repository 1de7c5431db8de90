"""Listening to heartbeats from outside the pipeline."""

import logging
import time
from collections.abc import Sequence

from twinface.bus.pubsub import subscribed
from twinface.bus.rundir import RunDirectory
from twinface.errors import WireError
from twinface.messages.schema import Heartbeat
from twinface.messages.topics import HEALTH

log = logging.getLogger(__name__)


def latest_heartbeats(run: RunDirectory, names: Sequence[str], *, timeout_s: float = 1.5) -> dict[str, Heartbeat]:
    """One heartbeat of each of the processes `names` that has one within the time; they come once a second."""
    beats: dict[str, Heartbeat] = {}
    give_up_at_s = time.monotonic() + timeout_s
    with subscribed([run.endpoint(HEALTH, name) for name in names], HEALTH) as subscriber:
        while len(beats) < len(names) and (left_s := give_up_at_s - time.monotonic()) > 0:
            try:
                message = subscriber.receive(left_s)
            except WireError as error:
                log.warning("message refused", extra={"topic": HEALTH.name, "error": str(error)})
                continue
            if message is not None and isinstance(message.body, Heartbeat):
                beats[message.body.process] = message.body
    return beats

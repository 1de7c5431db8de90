"""mqtt: events and states to a broker, and a retraining on request. Runs where `[mqtt] host` is set."""

import logging
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from twinface.box.health import STALE_AFTER_S
from twinface.box.health_board import HealthBoard
from twinface.box.service import run_directory, run_service
from twinface.bus.node import Node
from twinface.errors import ArtefactError, SettingsError, TwinfaceError
from twinface.messages.schema import Heartbeat, Message
from twinface.messages.topics import HEALTH, MATCHES
from twinface.mqtt.bridge import Bridge
from twinface.mqtt.broker import Broker
from twinface.mqtt.broker_topics import Topics
from twinface.mqtt.people_keys import PeopleKeys
from twinface.processes import MATCHER, MQTT, heard_names, process_names
from twinface.settings import Settings

if TYPE_CHECKING:
    from twinface.box.trainer_client import RetrainingFollowed

log = logging.getLogger(__name__)

_LOOK_AROUND_S = 1.0
_CLOSELY_S = 0.005
_CLOSELY_FOR_S = 0.25
"""So long after a match the event that follows from it may take to be stored."""


class _Mqtt:
    def __init__(self, node: Node, settings: Settings) -> None:
        self._node = node
        self._settings = settings
        if not settings.mqtt.host:
            raise SettingsError("[mqtt] host is not set any more; `twinface down`, then `twinface up`")
        self._run = run_directory(settings)
        self._health = HealthBoard([name for name in process_names(settings) if name != MQTT.name])
        self._retraining: RetrainingFollowed | None = None
        self._began_s, self._closely_until_s = time.monotonic(), 0.0
        topics = Topics(settings.mqtt.prefix, settings.box_name, settings.mqtt.discovery_prefix)
        self._broker = Broker(settings.mqtt, topics, node.loop.wake)
        people, health, retrain = PeopleKeys(settings.gallery), self._summary, self._retrain
        self._bridge = Bridge(settings, topics, self._broker, people=people, health=health, retrain=retrain)
        node.subscriber(HEALTH, heard_names(settings), self._hear)
        node.subscriber(MATCHES, [MATCHER.name], self._match)
        node.loop.every(_LOOK_AROUND_S, self._look_around)
        self._broker.start()

    def run(self) -> None:
        """Pass on what is stored until the process is to stop."""
        while not self._node.loop.stopping:
            closely = time.monotonic() < self._closely_until_s
            self._node.loop.turn(_CLOSELY_S if closely else _LOOK_AROUND_S)
            try:
                self._bridge.turn(look=closely)
            except ArtefactError as error:
                self._node.set_state("degraded", str(error))

    def close(self) -> None:
        """End the connection."""
        self._broker.close()
        self._bridge.close()

    def _hear(self, message: Message) -> None:
        if isinstance(message.body, Heartbeat) and message.body.process != MQTT.name:
            self._health.take(message.body, message.stamp.epoch)

    def _summary(self) -> Mapping[str, object] | None:
        """How the box is, once everybody has had the time to say so."""
        if time.monotonic() - self._began_s < STALE_AFTER_S:
            return None
        progress = self._retraining.progress() if self._retraining else None
        retraining = {"state": progress.state if progress else "idle", "detail": progress.detail if progress else ""}
        return {**self._health.summary(), "retraining": retraining}

    def _match(self, _message: Message) -> None:
        self._closely_until_s = time.monotonic() + _CLOSELY_FOR_S

    def _look_around(self) -> None:
        try:
            self._bridge.look_around()
            backlog = self._bridge.backlog
        except ArtefactError as error:
            self._node.set_state("degraded", str(error))
            return
        self._node.meters.gauge("events_sent", self._bridge.sent)
        self._node.meters.gauge("events_waiting", backlog.waiting)
        self._node.meters.gauge("events_passed_over", backlog.passed_over)
        self._node.set_state(*self._bridge.state)

    def _retrain(self) -> None:
        from twinface.box.trainer_client import RetrainingFollowed
        from twinface.training.heads.head_training import TrainOptions

        try:
            if self._retraining is None:
                self._retraining = RetrainingFollowed(self._settings, self._run)
            self._retraining.begin(TrainOptions())
        except TwinfaceError as error:
            log.warning("no head is trained", extra={"error": str(error)})


def _work(node: Node, settings: Settings) -> None:
    mqtt = _Mqtt(node, settings)
    try:
        mqtt.run()
    finally:
        mqtt.close()


if __name__ == "__main__":
    run_service(lambda _settings: MQTT.name, _work)

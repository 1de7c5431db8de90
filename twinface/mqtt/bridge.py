"""From the store of events to a broker: each event once it is stored, and states as they are now."""

import json
import time
from collections.abc import Callable, Mapping
from typing import Any

from twinface.events import Backlog, Event, Outbox
from twinface.events.event_store import read_unfinished
from twinface.events.past_visits import read_last_cameras, read_last_seen
from twinface.gallery.person import slug_of
from twinface.mqtt.broker import Acknowledged, Arrived, Broker, Connected, Disconnected
from twinface.mqtt.broker_topics import Topics
from twinface.mqtt.event_messages import as_json, messages_of
from twinface.mqtt.home_assistant import announced
from twinface.mqtt.whereabouts import LastSeen, Presence
from twinface.settings import Settings

_AT_ONCE = 50
"""Events that are on their way to the broker."""

_REFUSED_WAIT_S = 30.0


class Bridge:
    """Passes events on while the broker is there, and keeps what stands on it right. Calls come from one thread.

    `people` gives the names of the gallery with the keys of their entities, `health` how the box is, None where that is
    not known yet; `retrain` is called when somebody asks for a head.
    """

    def __init__(
        self,
        settings: Settings,
        topics: Topics,
        broker: Broker,
        *,
        people: Callable[[], Mapping[str, str]],
        health: Callable[[], Mapping[str, object] | None],
        retrain: Callable[[], None],
    ) -> None:
        mqtt = settings.mqtt
        self.sent = 0
        self._settings = settings
        self._topics = topics
        self._broker = broker
        self._people, self._health, self._retrain = people, health, retrain
        # A new broker begins with what happens from now on.
        self._outbox = Outbox(settings.events_path, f"mqtt {mqtt.host}:{mqtt.port} {topics.root}")
        self._connected = self._begun = False
        self._refused: tuple[float, str] = (float("-inf"), "")
        self._presence = Presence()
        self._in_flight: list[Event] = []
        self._unacknowledged: set[int] = set()
        self._names: Mapping[str, str] = {}
        self._retained: dict[str, str] = {}
        self._wanted: dict[str, str] = {}
        self._leaving: list[str] = []

    @property
    def backlog(self) -> Backlog:
        """Events that the broker does not have, and those that it will never have. Raises ArtefactError."""
        return self._outbox.backlog()

    @property
    def state(self) -> tuple[str, str]:
        """A word, and what is wrong with the broker, as a heartbeat has them."""
        at_s, refused = self._refused
        if self._broker.problem:
            return "waiting", self._broker.problem
        wrong = refused if time.monotonic() - at_s < _REFUSED_WAIT_S else self._broker.conflict
        return ("degraded", wrong) if wrong else ("running", self._broker.address)

    def turn(self, *, look: bool) -> None:
        """Take what the broker has said; pass on what was stored where somebody has reason to `look`, or it has taken
        what was on its way. Raises ArtefactError where the store cannot be read; it may be called again.
        """
        notes = self._broker.take()
        for note in notes:
            if isinstance(note, Connected):
                self._connected, self._begun = True, False
            elif isinstance(note, Disconnected):
                self._connected = False
            elif isinstance(note, Acknowledged):
                self._acknowledged(note)
            else:
                self._arrived(note)
        if self._connected:
            self._begin()
            if look or notes:
                self._pass_on()
                self._show_changes()

    def look_around(self) -> None:
        """Take up who is in the gallery and how the box is; every second or so. Raises ArtefactError."""
        if not (self._connected and self._begun):
            return
        self._broker.remind()
        for topic in self._leaving:
            self._broker.publish(topic, "", retain=True)
        self._leaving.clear()
        names = self._people()
        if names != self._names:
            self._names = names
            self._presence.forget(names)
            self._presence.changed_people |= {*names}
            self._announce()
        if (health := self._health()) is not None:
            self._show(self._topics.health, health)
        self._pass_on()
        self._show_changes()

    def close(self) -> None:
        """Let go of the store."""
        self._outbox.close()

    def _begin(self) -> None:
        """What a broker has to know that has just been reached; what it still holds of before comes back from it."""
        if self._begun:
            return
        self._retained.clear()
        self._names = self._people()
        self._read_present()
        self._announce()
        self._show_changes()
        topics = self._topics
        self._broker.subscribe(topics.retrain, topics.home_assistant_status, *topics.retained)
        self._begun = True

    def _read_present(self) -> None:
        path, names = self._settings.events_path, set(self._names)
        unfinished, newest = read_unfinished(path)
        times = {name: at_ns for name, at_ns in read_last_seen(path).items() if name in names}
        cameras = read_last_cameras(path, times)
        seen = {name: LastSeen(at_ns, cameras[name]) for name, at_ns in times.items() if name in cameras}
        self._presence = Presence.of(unfinished, newest, seen)
        self._presence.changed_people |= names
        self._presence.changed_cameras |= {camera.name for camera in self._settings.camera}

    def _pass_on(self) -> None:
        while not self._unacknowledged and time.monotonic() - self._refused[0] >= _REFUSED_WAIT_S:
            self._in_flight = self._outbox.pending(_AT_ONCE)
            if not self._in_flight:
                return
            for event in self._in_flight:
                self._presence.take(event)
                for message in messages_of(event, self._topics, self._settings.mqtt):
                    self._unacknowledged.add(self._broker.publish(message.topic, message.payload))

    def _acknowledged(self, note: Acknowledged) -> None:
        if note.number not in self._unacknowledged:
            return
        if note.refused:
            said = f"{self._broker.address}: it takes no messages at {self._topics.root} ({note.refused})"
            self._refused = time.monotonic(), f"{said}; allow its user to write there"
            self._unacknowledged.clear()
            return
        self._unacknowledged.discard(note.number)
        if not self._unacknowledged and (last := self._in_flight[-1].sequence) is not None:
            self._outbox.acknowledge(last)
            self.sent += len(self._in_flight)

    def _arrived(self, message: Arrived) -> None:
        topics = self._topics
        if message.topic == topics.home_assistant_status:
            if message.payload == b"online" and not message.retained:
                self._retained = {topic: held for topic, held in self._retained.items() if topic not in self._wanted}
                self._announce()
        elif message.topic == topics.retrain:
            if not message.retained:  # who kept it there would have a head trained at every start
                self._retrain()
        elif message.payload and message.retained and message.topic not in self._retained:
            self._broker.publish(message.topic, "", retain=True)

    def _announce(self) -> None:
        """Announce who and what there is, and take back states and entities of what there is no more."""
        mqtt, topics = self._settings.mqtt, self._topics
        cameras = [camera.name for camera in self._settings.camera]
        entities: dict[str, dict[str, Any]] = announced(topics, cameras, self._names) if mqtt.discovery else {}
        self._wanted = {topic: as_json(entity) for topic, entity in entities.items()}
        states = {topics.health, *map(topics.camera, cameras)}
        states |= {topics.person(slug_of(name)) for name in self._names}
        for topic in [*self._retained]:
            if topic not in self._wanted and topic not in states:
                del self._retained[topic]
                if topic.endswith("/config"):
                    self._broker.publish(topic, "", retain=True)
                else:
                    self._leaving.append(topic)  # later, or an entity that is about to go reads an empty state
        for topic, payload in self._wanted.items():
            self._retain(topic, payload)

    def _show_changes(self) -> None:
        presence, topics = self._presence, self._topics
        cameras, people = presence.changed_cameras, presence.changed_people & {*self._names}
        presence.changed_cameras, presence.changed_people = set(), set()
        for camera in sorted(cameras):
            self._show(topics.camera(camera), presence.camera(camera))
        for name in sorted(people):
            self._show(topics.person(slug_of(name)), presence.person(name))

    def _show(self, topic: str, state: Mapping[str, object]) -> None:
        self._retain(topic, json.dumps(state, ensure_ascii=False))

    def _retain(self, topic: str, payload: str) -> None:
        if self._retained.get(topic) != payload:
            self._retained[topic] = payload
            self._broker.publish(topic, payload, retain=True)

"""The connection to a broker: kept by a thread of the MQTT library, with what comes of it in words.

Whoever uses it calls from one thread; what the library's thread hears waits in `take`.
"""

import secrets
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import NamedTuple

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from twinface.mqtt.broker_connection import explain, tls_context
from twinface.mqtt.broker_topics import Topics
from twinface.placeholders import fill_in
from twinface.settings import MqttSettings

_KEEP_ALIVE_S = 10
"""So often a silent broker is asked whether it is there."""

_CONNECT_WITHIN_S = 4.0
_RETRY_S, _RETRY_AT_MOST_S = 1, 30
_REMIND_S, _REMEMBER_S = 30.0, 90.0
"""Two boxes of one name remind each other so often; who hears nothing for so long is alone."""

_STOP_WITHIN_S = 2.0


class Connected(NamedTuple):
    """The broker has taken the box on; what was published before it and not acknowledged is on its way again."""


class Disconnected(NamedTuple):
    """The connection has ended, or could not be made."""


class Acknowledged(NamedTuple):
    """The broker has message `number`; or will not have it, for the reason `refused`."""

    number: int
    refused: str = ""


class Arrived(NamedTuple):
    """A message for the box; `retained` where it was on the broker before."""

    topic: str
    payload: bytes
    retained: bool


Note = Connected | Disconnected | Acknowledged | Arrived


class Broker:
    """Connects by itself, and again for ever. `problem` says what is wrong, empty while it is connected.

    The topic of the status has `online` while the box is connected, `offline` after it, however it ended. Raises
    SettingsError for files of `[mqtt]` that cannot be read, InputError where there is no password.
    """

    def __init__(self, settings: MqttSettings, topics: Topics, wake: Callable[[], None]) -> None:
        self.address = f"{settings.host}:{settings.port}"
        self.problem = f"connecting to {self.address}"
        self._settings = settings
        self._topics = topics
        self._instance = secrets.token_hex(8)
        self._told_s = self._other_s = float("-inf")
        self._was_there = self._was_refused = self._leaving = False
        self._wake = wake
        self._notes: SimpleQueue[Note] = SimpleQueue()
        self._client = _Client(self._explain, f"twinface-{topics.box}-{self._instance}")
        if settings.user:
            self._client.username_pw_set(settings.user, fill_in(settings.password))
        if settings.tls:
            self._client.tls_set_context(tls_context(settings))
        self._client.connect_timeout = _CONNECT_WITHIN_S
        self._client.will_set(topics.status, "offline", qos=1, retain=True)
        self._client.reconnect_delay_set(_RETRY_S, _RETRY_AT_MOST_S)
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = self._on_disconnect
        self._client.on_publish = self._on_publish
        self._client.on_message = self._on_message
        self._client.connect_async(settings.host, settings.port, keepalive=_KEEP_ALIVE_S)

    def start(self) -> None:
        """Begin to connect. Returns at once."""
        self._client.loop_start()

    def take(self) -> list[Note]:
        """What has happened since the last call, in order."""
        notes = []
        with suppress(Empty):
            while True:
                notes.append(self._notes.get_nowait())
        return notes

    def publish(self, topic: str, payload: str, *, retain: bool = False) -> int:
        """Hand a message over, QoS 1; its number, which is acknowledged once the broker has it."""
        return self._client.publish(topic, payload, qos=1, retain=retain).mid

    def subscribe(self, *filters: str) -> None:
        """Have messages of these topics come; not those that this box publishes."""
        self._client.subscribe([(one, SubscribeOptions(qos=1, noLocal=True)) for one in filters])

    @property
    def conflict(self) -> str:
        """That there is another box of this name on the broker, in words; empty where there is none."""
        if time.monotonic() - self._other_s > _REMEMBER_S:
            return ""
        return f"{self.address}: another box is called {self._topics.box!r} there; set another box for one of them"

    def remind(self) -> None:
        """Let another box of this name, where there is one, know of this one; every second or so."""
        if self.conflict and time.monotonic() - self._told_s > _REMIND_S:
            self._tell_instance()

    def close(self) -> None:
        """Say `offline`, and end the connection; what the broker does not take soon stays untaken."""
        self._leaving = True
        if self._client.is_connected():
            with suppress(RuntimeError, ValueError):
                self._client.publish(self._topics.status, "offline", qos=1, retain=True).wait_for_publish(
                    _STOP_WITHIN_S
                )
        self._client.disconnect()
        thread = threading.Thread(target=self._client.loop_stop, name="mqtt stop", daemon=True)
        thread.start()  # a name that is being looked up, or TLS that is being agreed on, is not waited for
        thread.join(_STOP_WITHIN_S)

    def _note(self, note: Note) -> None:
        self._notes.put(note)
        self._wake()

    def _explain(self, error: OSError) -> None:
        self.problem = f"{self.address}: {explain(error, tls=self._settings.tls)}"
        self._note(Disconnected())

    def _on_connect(
        self, client: Client, _data: object, _flags: ConnectFlags, reason: ReasonCode, _properties: Properties | None
    ) -> None:
        if reason.is_failure:
            self._was_refused = True
            who = f"user {self._settings.user!r}" if self._settings.user else "a box without a user"
            self.problem = f"{self.address}: it refuses {who} ({reason}); check [mqtt] user and its password"
            return
        client.publish(self._topics.status, "online", qos=1, retain=True)
        # In this order: what another box of this name left comes back first.
        client.subscribe([(self._topics.status, 1), (self._topics.instance, 1)])
        self._tell_instance()
        self.problem = ""
        self._note(Connected())

    def _on_disconnect(
        self,
        _client: Client,
        _data: object,
        _flags: DisconnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if not self.problem:
            self.problem = f"{self.address}: the connection has ended ({reason}); it is made again"
        elif not self._was_refused:
            said = "it ended the connection before it answered"
            if reason == "Keep alive timeout":
                said = "no answer of a broker; check [mqtt] host and port"
            self.problem = f"{self.address}: {said}{'' if self._settings.tls else '; does it want tls = true?'}"
        self._was_there, self._was_refused = True, False
        self._note(Disconnected())

    def _on_publish(
        self, _client: Client, _data: object, number: int, reason: ReasonCode, _properties: Properties
    ) -> None:
        self._note(Acknowledged(number, str(reason) if reason.is_failure else ""))

    def _on_message(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        payload = bytes(message.payload)
        if message.topic == self._topics.instance:
            self._hear_instance(payload, retained=message.retain)
        elif message.topic != self._topics.status:
            self._note(Arrived(message.topic, payload, message.retain))
        elif payload == b"offline" and not message.retain and not self._leaving:
            # The will of a start before this one, or of another box.
            self._client.publish(self._topics.status, "online", qos=1, retain=True)

    def _tell_instance(self) -> None:
        self._told_s = time.monotonic()
        self._client.publish(self._topics.instance, self._instance, qos=1, retain=True)

    def _hear_instance(self, payload: bytes, *, retained: bool) -> None:
        """What is retained at the first connection is of a start before this one; later this box had replaced it."""
        if payload in {b"", self._instance.encode()} or (retained and not self._was_there):
            return
        is_new = not self.conflict
        self._other_s = time.monotonic()
        if is_new:
            self._tell_instance()


class _Client(Client):
    """Says why a connection could not be made, which the library keeps to itself."""

    def __init__(self, failed: Callable[[OSError], None], client_id: str) -> None:
        super().__init__(CallbackAPIVersion.VERSION2, client_id, protocol=MQTTProtocolVersion.MQTTv5)
        self._failed = failed

    def reconnect(self) -> MQTTErrorCode:
        try:
            return super().reconnect()
        except OSError as error:
            self._failed(error)
            raise

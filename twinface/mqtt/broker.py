"""The connection to a broker: kept by a thread of the MQTT library, with what comes of it in words.

Whoever uses it calls from one thread; what the library's thread hears waits in `take`.
"""

import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import NamedTuple

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from twinface.errors import SettingsError
from twinface.placeholders import fill_in
from twinface.settings import MqttSettings

_KEEP_ALIVE_S = 10
"""So often a silent broker is asked whether it is there."""

_CONNECT_WITHIN_S = 4.0
_RETRY_S, _RETRY_AT_MOST_S = 1, 30
_TAKEN_OVER = 0x8E
_TAKEN_OVER_RETRY_S = 60
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

    `status_topic` has `online` while the box is connected, `offline` after it, however it ended. Raises SettingsError
    for files of `[mqtt]` that cannot be read, InputError where there is no password.
    """

    def __init__(self, settings: MqttSettings, box: str, status_topic: str, wake: Callable[[], None]) -> None:
        self.address = f"{settings.host}:{settings.port}"
        self.problem = f"connecting to {self.address}"
        self._settings = settings
        self._box = box
        self._status_topic = status_topic
        self._wake = wake
        self._notes: SimpleQueue[Note] = SimpleQueue()
        self._client = _Client(self._explain, f"twinface-{box}")
        if settings.user:
            self._client.username_pw_set(settings.user, fill_in(settings.password))
        if settings.tls:
            self._client.tls_set_context(_tls_context(settings))
        self._client.connect_timeout = _CONNECT_WITHIN_S
        self._client.will_set(status_topic, "offline", qos=1, retain=True)
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

    def close(self) -> None:
        """Say `offline`, and end the connection; what the broker does not take soon stays untaken."""
        if self._client.is_connected():
            with suppress(RuntimeError, ValueError):
                self._client.publish(self._status_topic, "offline", qos=1, retain=True).wait_for_publish(_STOP_WITHIN_S)
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
            who = f"user {self._settings.user!r}" if self._settings.user else "a box without a user"
            self.problem = f"{self.address}: it refuses {who} ({reason}); check [mqtt] user and its password"
            return
        client.reconnect_delay_set(_RETRY_S, _RETRY_AT_MOST_S)
        client.publish(self._status_topic, "online", qos=1, retain=True)
        self.problem = ""
        self._note(Connected())

    def _on_disconnect(
        self, client: Client, _data: object, flags: DisconnectFlags, reason: ReasonCode, _properties: Properties | None
    ) -> None:
        if reason.value == _TAKEN_OVER and flags.is_disconnect_packet_from_server:
            client.reconnect_delay_set(_TAKEN_OVER_RETRY_S, _TAKEN_OVER_RETRY_S)
            self.problem = (
                f"{self.address}: another box is called {self._box!r} there; give one of them another [mqtt] box"
            )
        elif not self.problem:
            self.problem = f"{self.address}: the connection has ended ({reason}); it is made again"
        elif self.problem.startswith("connecting"):
            plain = "" if self._settings.tls else "; does it want tls = true?"
            self.problem = f"{self.address}: it ended the connection before it answered{plain}"
        self._note(Disconnected())

    def _on_publish(
        self, _client: Client, _data: object, number: int, reason: ReasonCode, _properties: Properties
    ) -> None:
        self._note(Acknowledged(number, str(reason) if reason.is_failure else ""))

    def _on_message(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        with suppress(UnicodeDecodeError):
            self._note(Arrived(message.topic, bytes(message.payload), message.retain))


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


def explain(error: OSError, *, tls: bool) -> str:
    """Why a broker cannot be reached, and what mends it, for people."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted ({error.verify_message}); set [mqtt] ca, or the host's right name"
    if isinstance(error, ssl.SSLError):
        return f"no TLS with it ({error.reason or error}); check [mqtt] port, tls, certificate and key"
    if isinstance(error, socket.gaierror):
        return "no host of this name is found; check [mqtt] host"
    if isinstance(error, ConnectionRefusedError):
        return "nothing listens there; check [mqtt] host and port, and whether the broker runs"
    if isinstance(error, TimeoutError):
        return "no answer" + (", be it a connection or TLS" if tls else "") + "; check [mqtt] host and port"
    return f"{error.strerror or error}; check [mqtt] host and port"


def _tls_context(settings: MqttSettings) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=settings.ca)
    except (OSError, ssl.SSLError) as error:
        raise _unreadable("ca", settings.ca, error) from error
    if settings.certificate:
        try:
            context.load_cert_chain(settings.certificate, settings.key, password="")  # so that nobody is asked for one
        except (OSError, ssl.SSLError) as error:
            raise _unreadable("certificate and key", settings.certificate, error) from error
    return context


def _unreadable(setting: str, path: Path | None, error: Exception) -> SettingsError:
    said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return SettingsError(f"[mqtt] {setting} {path}: cannot be used ({said}); name a file that can")

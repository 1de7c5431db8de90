"""Whether a broker takes this box on, tried without anything being published there."""

import secrets
import time

from paho.mqtt.client import Client, ConnectFlags
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from twinface.errors import InputError
from twinface.mqtt.broker_connection import explain, tls_context
from twinface.placeholders import fill_in
from twinface.settings import MqttSettings

_TURN_S = 0.1


def try_broker(settings: MqttSettings, within_s: float = 5.0) -> str:
    """Connect, log in, and leave again; where to, in words.

    Raises InputError with the reason where that fails, SettingsError for files of `[mqtt]` that cannot be read.
    """
    address = f"{settings.host}:{settings.port}"
    answers: list[ReasonCode] = []

    def on_connect(
        _client: Client, _data: object, _flags: ConnectFlags, reason: ReasonCode, _properties: Properties | None
    ) -> None:
        answers.append(reason)

    name = f"twinface-trial-{secrets.token_hex(8)}"  # of a name of its own: one of the same would be thrown out
    client = Client(CallbackAPIVersion.VERSION2, name, protocol=MQTTProtocolVersion.MQTTv5)
    client.on_connect = on_connect
    client.connect_timeout = within_s
    if settings.user:
        client.username_pw_set(settings.user, fill_in(settings.password))
    if settings.tls:
        client.tls_set_context(tls_context(settings))
    try:
        client.connect(settings.host, settings.port)
    except OSError as error:
        raise InputError(f"{address}: {explain(error, tls=settings.tls)}") from error
    give_up_at_s = time.monotonic() + within_s
    while not answers and time.monotonic() < give_up_at_s:
        client.loop(_TURN_S)
    client.disconnect()
    if not answers:
        raise InputError(f"{address}: no answer of a broker; check [mqtt] port, and whether it wants tls = true")
    if answers[0].is_failure:
        raise InputError(f"{address}: it refuses this box ({answers[0]}); check [mqtt] user and its password")
    return f"{address}{' over TLS' if settings.tls else ''}: takes this box on"

"""Brokers that cannot be reached, will not have the box, or are none: what the process says of each."""

import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from harness import until
from mqtt_house import Mosquitto, free_port, needs_mosquitto
from pydantic import ValidationError

from twinface.errors import InputError, SettingsError
from twinface.mqtt.broker import Broker, Connected
from twinface.mqtt.broker_connection import explain
from twinface.mqtt.broker_topics import Topics
from twinface.settings import MqttSettings


@contextmanager
def connecting(**settings: object) -> Iterator[Broker]:
    given = {"host": "127.0.0.1", **settings}
    broker = Broker(MqttSettings.model_validate(given), TOPICS, lambda: None)
    broker.start()
    try:
        yield broker
    finally:
        broker.close()


TOPICS = Topics("twinface", "box", "homeassistant")

leaves_sockets = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
"""The MQTT library leaves the socket of a handshake that failed to the garbage collector."""


def says(broker: Broker, words: str) -> str:
    until(lambda: words in broker.problem, 60.0, words)
    return broker.problem


def test_a_port_where_nobody_listens() -> None:
    port = free_port()
    with connecting(port=port) as broker:
        assert says(broker, "nothing listens there").startswith(f"127.0.0.1:{port}: ")


def test_a_host_that_there_is_not() -> None:
    with connecting(host="no-such-host.invalid") as broker:
        says(broker, "no host of this name is found; check [mqtt] host")


def test_a_port_of_another_program_that_hangs_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, connecting(port=server.getsockname()[1]) as broker:
        connection, _ = server.accept()
        connection.recv(1000)
        connection.close()
        assert "does it want tls = true?" in says(broker, "ended the connection")


def test_what_is_wrong_now_is_said_and_not_what_was_wrong_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("twinface.mqtt.broker._KEEP_ALIVE_S", 1)
    monkeypatch.setattr("twinface.mqtt.broker._RETRY_AT_MOST_S", 1)
    port = free_port()
    with connecting(port=port) as broker:
        says(broker, "nothing listens there")
        with socket.create_server(("127.0.0.1", port)) as server:
            says(broker, "no answer of a broker; check [mqtt] host and port; does it want tls = true?")
            server.settimeout(60.0)

            def hangs_up() -> bool:
                server.accept()[0].close()
                return "it ended the connection before it answered" in broker.problem

            until(hangs_up, 60.0, "what is wrong now")


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """ca.pem and server.pem, key.pem for 127.0.0.1, and other.pem, an authority that signed neither."""
    folder = tmp_path_factory.mktemp("certificates")
    made = "-x509 -newkey rsa:2048 -nodes -days 2"
    for name, host in (("server", "127.0.0.1"), ("other", "127.0.0.2")):
        command = (
            f"openssl req {made} -keyout {name}.key -out {name}.pem -subj /CN={host} -addext subjectAltName=IP:{host}"
        )
        subprocess.run(command.split(), cwd=folder, check=True, capture_output=True)
    for key in folder.glob("*.key"):
        key.chmod(0o644)
    return folder


@needs_mosquitto
def test_users_and_passwords(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    users = tmp_path / "users"
    users.touch(mode=0o600)
    subprocess.run(["mosquitto_passwd", "-b", users, "twinface", "s3cret"], check=True, capture_output=True)
    (tmp_path / "password").write_text("s3cret\n")
    with Mosquitto(tmp_path, f"password_file {users}", anonymous=False) as mosquitto:
        with connecting(port=mosquitto.port) as broker:
            says(broker, "it refuses a box without a user")
        monkeypatch.setenv("BROKER_PASSWORD", "wr0ng")
        with connecting(port=mosquitto.port, user="twinface", password="${BROKER_PASSWORD}") as broker:
            assert "wr0ng" not in says(broker, "it refuses user 'twinface'")
        with connecting(port=mosquitto.port, user="twinface", password=f"${{file:{tmp_path}/password}}") as broker:
            until(lambda: not broker.problem, 60.0, "the right password of the file")
        monkeypatch.setenv("BROKER_PASSWORD", "s3cret")
        with connecting(port=mosquitto.port, user="twinface", password="${BROKER_PASSWORD}") as broker:
            until(lambda: not broker.problem, 60.0, "the right password of the environment")


@leaves_sockets
@needs_mosquitto
def test_tls(tmp_path: Path, certificates: Path) -> None:
    lines = (f"certfile {certificates}/server.pem", f"keyfile {certificates}/server.key")
    with Mosquitto(tmp_path, *lines) as mosquitto:
        with connecting(port=mosquitto.port, tls=True) as broker:
            assert "set [mqtt] ca" in says(broker, "its certificate is not trusted")
        with connecting(port=mosquitto.port, tls=True, ca=certificates / "other.pem") as broker:
            says(broker, "its certificate is not trusted")
        with connecting(port=mosquitto.port) as broker:
            says(broker, "does it want tls = true?")
        with connecting(port=mosquitto.port, tls=True, ca=certificates / "server.pem") as broker:
            until(lambda: not broker.problem, 60.0, "TLS")
            assert Connected() in broker.take()


@leaves_sockets
@needs_mosquitto
def test_tls_where_there_is_none(tmp_path: Path) -> None:
    with Mosquitto(tmp_path) as mosquitto, connecting(port=mosquitto.port, tls=True) as broker:
        says(broker, "127.0.0.1:")
        until(lambda: "connecting to" not in broker.problem, 60.0, "an answer that is no TLS")


@pytest.mark.parametrize(
    ("setting", "more"),
    [
        ("ca", {"tls": True}),
        ("certificate", {"tls": True, "key": Path("/no/key.pem")}),
    ],
)
def test_a_file_that_is_not_there_is_said(setting: str, more: dict[str, object]) -> None:
    given = {"host": "127.0.0.1", setting: Path("/no/such.pem"), **more}
    with pytest.raises(SettingsError, match=rf"\[mqtt\] {setting}.* /no/such.pem: cannot be used"):
        Broker(MqttSettings.model_validate(given), TOPICS, lambda: None)


def test_a_password_in_clear_is_refused_and_not_shown() -> None:
    with pytest.raises(ValidationError, match="write it elsewhere") as refused:
        MqttSettings(host="broker", user="twinface", password="s3cret")
    assert "s3cret" not in refused.value.errors(include_input=False)[0]["msg"]
    with pytest.raises(InputError, match=r"\$\{NO_SUCH\} is not set in the environment"):
        Broker(MqttSettings(host="broker", user="twinface", password="${NO_SUCH}"), TOPICS, lambda: None)


def test_time_is_said_to_have_run_out() -> None:
    assert explain(TimeoutError(), tls=True).startswith("no answer, be it a connection or TLS; check")

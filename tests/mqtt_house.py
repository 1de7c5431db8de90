"""A real broker, somebody who listens to it, and the real mqtt process over stand-ins for the box's others."""

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from fake_box import FakeMatcher, FakeProcess, short_run_directory
from harness import until
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from twinface.bus.pubsub import latest_heartbeats
from twinface.bus.rundir import RunDirectory
from twinface.events import Event, EventStore, Kind, Subject
from twinface.gallery import Gallery
from twinface.messages.schema import Heartbeat
from twinface.types import State

NETWORK = "7" * 64
MOSQUITTO = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
needs_mosquitto = pytest.mark.skipif(MOSQUITTO is None, reason="needs the broker mosquitto: apt-get install mosquitto")


def free_port() -> int:
    """Below those that connections get, so that nobody has it while a broker is away, not even who looks for it."""
    while True:
        port = secrets.choice(range(20_000, 32_000))
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


class Mosquitto:
    """A broker in a folder on a port of its own, which keeps what is retained over restarts; a context manager."""

    def __init__(self, folder: Path, *lines: str, anonymous: bool = True) -> None:
        self.port = free_port()
        self._conf = folder / "mosquitto.conf"
        kept = (
            "persistence true",
            f"persistence_location {folder}/",
            "autosave_on_changes true",
            "autosave_interval 1",
        )
        base = (f"listener {self.port} 127.0.0.1", f"allow_anonymous {str(anonymous).lower()}", "user root", *kept)
        self._conf.write_text("\n".join([*base, *lines]) + "\n")
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "Mosquitto":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self) -> None:
        log = self._conf.with_suffix(".log").open("ab")
        self._process = subprocess.Popen([str(MOSQUITTO), "-c", str(self._conf)], stdout=log, stderr=log)
        log.close()

        def answers() -> bool:
            with socket.socket() as connection:
                return connection.connect_ex(("127.0.0.1", self.port)) == 0

        until(answers, 60.0, "mosquitto")

    def send(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def kill(self, number: signal.Signals = signal.SIGKILL) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)
        self._process.send_signal(number)
        self._process.wait(60.0)


class Heard(NamedTuple):
    topic: str
    payload: str
    retained: bool
    at_s: float


class Listener:
    """Everything that is published on a broker, as a subscriber that the broker remembers sees it."""

    def __init__(self, port: int, name: str = "listener", topic: str = "#") -> None:
        self.heard: list[Heard] = []
        self._client = Client(
            CallbackAPIVersion.VERSION2, name, protocol=MQTTProtocolVersion.MQTTv311, clean_session=False
        )
        self._client.on_message = self._hear
        self._subscribed = threading.Event()
        self._client.on_connect = lambda client, *_: client.subscribe(topic, qos=1)
        self._client.on_subscribe = lambda *_: self._subscribed.set()
        self._client.reconnect_delay_set(1, 1)
        self._client.connect("127.0.0.1", port, keepalive=5)
        self._client.loop_start()
        assert self._subscribed.wait(60.0)

    def _hear(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        self.heard.append(Heard(message.topic, bytes(message.payload).decode(), message.retain, time.monotonic()))

    def publish(self, topic: str, payload: str, *, retain: bool = False) -> None:
        self._client.publish(topic, payload, qos=1, retain=retain).wait_for_publish(60.0)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def of(self, topic: str) -> list[Heard]:
        return [one for one in list(self.heard) if one.topic == topic]

    def last(self, topic: str) -> str | None:
        found = self.of(topic)
        return found[-1].payload if found else None

    def json(self, topic: str) -> Any:
        """The newest message of a topic; None where there is none, or an empty one."""
        return json.loads(self.last(topic) or "null")


@dataclass
class House:
    """A box called `box`, of which only the mqtt process is real."""

    folder: Path
    run: RunDirectory
    config: Path
    matcher: FakeMatcher
    store: EventStore
    process: "subprocess.Popen[str] | None" = None

    def start(self) -> None:
        alone = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}  # as under supervisord
        environment = {**os.environ, **alone, "TWINFACE_CONFIG": str(self.config)}
        log = (self.folder / "mqtt.log").open("a")
        command = [sys.executable, "-P", "-m", "services.mqtt"]
        self.process = subprocess.Popen(command, env=environment, stderr=log, text=True)
        log.close()

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def kill(self, number: signal.Signals = signal.SIGKILL) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(60.0)

    @property
    def log(self) -> str:
        return (self.folder / "mqtt.log").read_text()

    def enrol(self, *names: str) -> None:
        gallery = Gallery.open(self.folder / "gallery", network=NETWORK, create=True)
        for name in names:
            vector = np.random.default_rng([*name.encode()]).normal(size=(1, 16)).astype(np.float32)
            gallery.add(name, (f"{name}.jpg".replace("/", "-"),), vector, np.ones(1, np.float32))

    def heartbeat(self) -> Heartbeat | None:
        return latest_heartbeats(self.run, ["mqtt"], timeout_s=3.0).get("mqtt")

    def waits_for(self, words: str) -> Heartbeat:
        """Until the process says so in words; its heartbeat."""

        def said() -> Heartbeat | None:
            beat = self.heartbeat()
            return beat if beat is not None and words in f"{beat.state}: {beat.detail}" else None

        found: Heartbeat = until(said, 60.0, f"mqtt to say {words!r}")
        return found

    def happens(self, *events: Event) -> None:
        """Store events, as the matcher does, and wake whoever listens to it."""
        self.store.append(events)
        self.matcher.event("match")


@contextmanager
def house(folder: Path, *mqtt: str, cameras: Sequence[str] = ("door",), start: bool = True) -> Iterator[House]:
    """A house whose `[mqtt]` table has these lines."""
    with short_run_directory() as run, ExitStack() as stack:
        config = folder / "pipeline.toml"
        tables = "".join(f'[[camera]]\nname = "{name}"\nsource = "0"\n' for name in cameras)
        lines = "\n".join(('host = "127.0.0.1"', *mqtt))
        top = f'box = "box"\ngallery = "{folder}/gallery"\nrun_directory = "{run.path}"\n'
        config.write_text(f"{top}{tables}[extractor]\ncount = 1\n[mqtt]\n{lines}\n")
        for name in ("extractor.0", "web", "sentinel", *(f"camera.{one}" for one in cameras)):
            stack.enter_context(FakeProcess(run, name))
        matcher = stack.enter_context(FakeMatcher(run))
        one = House(folder, run, config, matcher, stack.enter_context(EventStore(folder / "events.sqlite")))
        if start:
            one.start()
        try:
            yield one
        finally:
            if one.process is not None and one.process.poll() is None:
                one.kill()


def track(kind: Kind, number: int = 1, name: str | None = None, *, camera: str = "door", **more: Any) -> Event:
    """An event of a face that entered at a whole second."""
    state = State.PENDING if kind is Kind.ENTER else State.UNKNOWN if name is None else State.KNOWN
    at_ns = 1_800_000_000_000_000_000 + number * 10**9
    given = {"state": str(state), "score": 0.9, "at_ns": at_ns, "since_ns": at_ns, "duration_s": 0.5, **more}
    return Event(kind, Subject.TRACK, camera, 7, number, name, media_ms=0.0, frame=number, **given)


def visit(kind: Kind, name: str, number: int = 1, *, camera: str = "door") -> Event:
    """An event of a person, by the face with the number."""
    at_ns = 1_800_000_000_000_000_000 + number * 10**9
    times = {"at_ns": at_ns, "since_ns": at_ns, "duration_s": 0.5, "media_ms": 0.0}
    return Event(kind, Subject.PERSON, camera, 7, number, name, "known", 0.9, frame=number, **times)

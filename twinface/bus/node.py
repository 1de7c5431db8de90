"""A process on the bus: its identity, run directory, books, loop, meters and heartbeat. What every main starts from."""

import logging
import os
import time
from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import psutil
import zmq

from twinface.bus.books import Books, link_name, read_books
from twinface.bus.control import ControlServer, Handler
from twinface.bus.far import FarSender
from twinface.bus.loop import Loop
from twinface.bus.peer_keys import KeyFolder
from twinface.bus.pubsub import Publisher, Subscriber
from twinface.bus.reader import Delivery, WorkReader
from twinface.bus.relay import Offers, Relay
from twinface.bus.rundir import RunDirectory
from twinface.bus.sender import WorkSender
from twinface.errors import ArtefactError, ServiceError, WireError
from twinface.files import NO_ROOM
from twinface.messages.schema import DURATION_BOUNDS_MS, Durations, Heartbeat, Message
from twinface.messages.topics import CONTROL, HEALTH, Topic
from twinface.native_libraries import trim_heap
from twinface.types import Captured

_KEPT = 512
"""Latest values a latency's percentiles are taken over."""

log = logging.getLogger(__name__)

_TICK_S = 0.1
_HEARTBEAT_S = 1.0
_TRIM_S = 10.0
_REFUSAL_TOLD_S = 10.0
_AT_ONCE = 32
"""Messages that a subscriber takes before it is somebody else's turn."""
_WORKING = {"running", "idle"}


class Meters:
    """What a process counts and measures; `read` gives it all as plain numbers."""

    def __init__(self) -> None:
        self._counters: dict[str, int] = {}
        self._gauges: dict[str, float] = {}
        self._latencies: dict[str, deque[float]] = {}
        self._totals_ms: dict[str, float] = {}
        self._counts: dict[str, list[int]] = {}

    def count(self, name: str, number: int = 1) -> None:
        """Add to a counter that only grows."""
        self._counters[name] = self._counters.get(name, 0) + number

    def gauge(self, name: str, value: float) -> None:
        """Set a value as it is now."""
        self._gauges[name] = value

    def latency(self, name: str, milliseconds: float) -> None:
        """Record a duration."""
        if name not in self._latencies:
            self._latencies[name] = deque(maxlen=_KEPT)
            self._totals_ms[name], self._counts[name] = 0.0, [0] * (len(DURATION_BOUNDS_MS) + 1)
        self._latencies[name].append(milliseconds)
        self._totals_ms[name] += milliseconds
        self._counts[name][bisect_left(DURATION_BOUNDS_MS, milliseconds)] += 1

    def durations(self) -> dict[str, Durations]:
        """All durations since the start, by name."""
        return {name: Durations(self._totals_ms[name], tuple(counts)) for name, counts in self._counts.items()}

    def read(self) -> tuple[dict[str, int], dict[str, float], dict[str, tuple[float, float]]]:
        """Counters, gauges, and p50 and p95 of each latency over its latest values, in ms."""
        percentiles = {}
        for name, values in self._latencies.items():
            p50, p95 = np.percentile(np.fromiter(values, float), (50, 95))
            percentiles[name] = (float(p50), float(p95))
        return dict(self._counters), dict(self._gauges), percentiles


class Node:
    """One process, as a context manager: everything it opened is closed in reverse order.

    `name` is "camera.front", "extractor.0", "matcher". Raises ServiceError when a process of that name is running.
    """

    def __init__(self, name: str, run: RunDirectory) -> None:
        self.name = name
        self.loop = Loop()
        self.meters = Meters()
        self.state = "starting"
        self.detail = ""
        self._checks: list[Callable[[], str]] = [self._refusals]
        self._refused: tuple[float, str] = (float("-inf"), "")
        self.run = run
        self._started_at_s = time.monotonic()
        self._process = psutil.Process()
        self._closing = ExitStack()
        try:
            self._lock = run.lock(name)
            self._closing.callback(os.close, self._lock)
            self.epoch = run.next_epoch(name)
            self._closing.callback(self.loop.close)
            self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
            self._closing.callback(self._context.term)
            self._sockets: list[Path] = []
            self._health = self.publisher(HEALTH)
            self._books = self._open_books()
            self._closing.callback(self._books.close)
            self._clear_outdated_books()
        except BaseException:
            self._closing.close()
            raise
        self.loop.every(_HEARTBEAT_S, self.beat)
        self.loop.every(_HEARTBEAT_S, self._look_for_sockets)
        self.loop.every(_TRIM_S, trim_heap)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.close()

    def sender(self, topic: Topic, peer: str = "") -> WorkSender:
        """The sending end of a work link, bound under this process's name, and beside it copies for who watches.

        With a `peer` only that box reads it, through the relay of this one.
        """
        copies = self._publish(topic, self.run.copies_of(topic, f"{self.name}.{peer}" if peer else self.name))
        sender = WorkSender(
            self._context,
            self._bind(topic, peer),
            topic,
            origin=self.name,
            epoch=self.epoch,
            account=self._books.account(f"out {link_name(topic, peer)}", lasting=True),
            refuse=partial(self._refuse, topic),
            copy=copies.copy,
        )
        self._closing.callback(sender.close)
        self.loop.add(sender.socket, sender.on_readable)
        self.loop.every(_TICK_S, sender.tick)
        self._checks.append(sender.problem)
        return sender

    def reader(
        self, topic: Topic, origins: Sequence[str], handle: Callable[[Delivery], None], far: Sequence[FarSender] = ()
    ) -> WorkReader:
        """The reading end of a work link to all `origins`, and to `far` ones on other machines; `handle` is called with
        every message, in turns.
        """
        endpoints = [self.run.endpoint(topic, origin) for origin in origins]
        reader = WorkReader(
            self._context,
            endpoints,
            topic,
            origin=self.name,
            epoch=self.epoch,
            books=self._books,
            refuse=partial(self._refuse, topic),
            far=far,
        )
        self._checks.append(reader.problem)
        self._closing.callback(reader.close)

        def on_readable() -> None:
            delivery = reader.receive()
            if delivery is not None:
                handle(delivery)
                reader.rest()

        for socket in reader.sockets:
            self.loop.add(socket, on_readable)
        self.loop.every(_TICK_S, reader.tick)
        reader.tick()
        return reader

    def relay(self, address: str, keys: KeyFolder, offers: Offers) -> Relay:
        """The door of this box at `address` to others that `keys` let in: they may read what it `offers`."""
        relay = Relay(
            self._context,
            address,
            keys=keys,
            run=self.run,
            offers=offers,
            books=self._books,
            epoch=self.epoch,
            loop=self.loop,
            count=self.meters.count,
        )
        self._closing.callback(relay.close)
        return relay

    def publisher(self, topic: Topic) -> Publisher:
        """Publishes `topic` under this process's name."""
        return self._publish(topic, self._bind(topic))

    def _publish(self, topic: Topic, endpoint: str) -> Publisher:
        publisher = Publisher(self._context, endpoint, topic, origin=self.name, epoch=self.epoch)
        self._closing.callback(publisher.close)
        return publisher

    def subscriber(
        self, topic: Topic, origins: Sequence[str], handle: Callable[[Message], None], *, listening: bool = True
    ) -> Subscriber:
        """Listens to `topic` of all `origins`; bytes that are no message are counted and dropped with a warning."""
        endpoints = [self.run.endpoint(topic, origin) for origin in origins]
        subscriber = Subscriber(self._context, endpoints, topic, listening=listening)
        self._closing.callback(subscriber.close)

        def on_readable() -> None:
            for _ in range(_AT_ONCE):
                try:
                    message = subscriber.receive()
                except WireError as error:
                    self._refuse(topic, error)
                    return
                if message is None:
                    return
                handle(message)

        self.loop.add(subscriber.socket, on_readable)
        return subscriber

    def answer(self, handler: Handler) -> ControlServer:
        """Answers control requests with `handler`."""
        server = ControlServer(
            self._context,
            self._bind(CONTROL),
            origin=self.name,
            epoch=self.epoch,
            handler=handler,
            refuse=partial(self._refuse, CONTROL),
        )
        self._closing.callback(server.close)
        self.loop.add(server.socket, server.on_readable)
        return server

    def beat(self) -> None:
        """Publish a heartbeat now; the loop does it once a second.

        A process that works is `degraded` where one of its links does not move, or bytes came that are no message.
        """
        state, detail = self.state, self.detail
        problem = next(filter(None, (check() for check in self._checks)), "") if state in _WORKING else ""
        if problem:
            state, detail = "degraded", problem
        times = self._process.cpu_times()
        counters, gauges, latency_ms = self.meters.read()
        heartbeat = Heartbeat(
            process=self.name,
            pid=os.getpid(),
            state=state,
            detail=detail,
            uptime_s=time.monotonic() - self._started_at_s,
            cpu_s=times.user + times.system,
            memory_mb=self._process.memory_info().rss / 1e6,
            counters=counters,
            gauges=gauges,
            latency_ms=latency_ms,
            durations=self.meters.durations(),
        )
        self._health.publish(heartbeat, Captured.now())

    def _open_books(self) -> Books:
        """The books of this start; on a full disk there is no working without them, so room is waited for."""
        while True:
            try:
                return Books(self.run.books_path(self.name, self.epoch))
            except OSError as error:
                if error.errno not in NO_ROOM:
                    raise
                self.set_state("waiting", f"{self.run.path}: {error.strerror}; free some, and it goes on")
            time.sleep(_HEARTBEAT_S)
            self.beat()

    def _bind(self, topic: Topic, peer: str = "") -> str:
        """The endpoint to bind for a topic; its socket has to stay where others look for it."""
        self._sockets.append(self.run.socket_of(topic, self.name, peer))
        return self.run.endpoint(topic, self.name, peer)

    def _look_for_sockets(self) -> None:
        """Raise ServiceError where somebody has removed them: a new start makes them again, and nothing else can."""
        if not self.run.holds(self._lock, self.name) or not all(map(os.path.lexists, self._sockets)):
            raise ServiceError(f"{self.run.path}: its files there were removed; it starts again")

    def _clear_outdated_books(self) -> None:
        # What earlier starts acknowledged still counts for senders whose own books are kept.
        kept = {f"{origin}@{epoch}" for origin, epoch, _ in self.run.list_books()}
        for path in self.run.outdated_books(self.name):
            with suppress(ArtefactError):
                accounts = read_books(path)
                self._books.inherit({name: accounts[name] for name in accounts if name.rpartition(" ")[2] in kept})
            path.unlink()

    def _refuse(self, topic: Topic, error: WireError) -> None:
        self.meters.count("refused_messages")
        self._refused = (time.monotonic(), f"{topic.name}: what came is refused: {error}")
        log.warning("message refused", extra={"topic": topic.name, "error": str(error)})

    def _refusals(self) -> str:
        at_s, problem = self._refused
        return problem if time.monotonic() - at_s < _REFUSAL_TOLD_S else ""

    def set_state(self, state: str, detail: str = "") -> None:
        """Change what the heartbeat says of this process, and say it at once."""
        if (state, detail) != (self.state, self.detail):
            self.state, self.detail = state, detail
            log.info("state", extra={"state": state, "detail": detail})
            self.beat()

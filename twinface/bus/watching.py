"""Looking on at topics, work links included, without a part in them: a copy is made only while somebody looks on."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import Self

import zmq

from twinface.bus.pubsub import Subscriber
from twinface.bus.rundir import RunDirectory
from twinface.messages.topics import Pattern, Topic


class Watcher:
    """Listens to `topics` of the processes `names` of each, which may come and go; a context manager.

    Who is slow misses messages, which shows in the gaps of their numbers; nobody waits for a watcher.
    """

    def __init__(self, run: RunDirectory, topics: Sequence[tuple[Topic, Sequence[str]]]) -> None:
        self._closing = ExitStack()
        context = self._closing.enter_context(zmq.Context())
        self._poller = zmq.Poller()
        for topic, names in topics:
            place = run.copies_of if topic.pattern is Pattern.WORK else run.endpoint
            subscriber = Subscriber(context, [place(topic, name) for name in names], topic)
            self._closing.callback(subscriber.close)
            self._poller.register(subscriber.socket, zmq.POLLIN)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.close()

    def receive(self, timeout_s: float) -> Iterator[list[bytes]]:
        """The frames of the next messages, one of each topic that has any; none where none came in time."""
        for socket, _ in self._poller.poll(int(timeout_s * 1000)):
            yield socket.recv_multipart()

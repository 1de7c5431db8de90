"""The messages of a box that runs, as they come: to look at, or into a file."""

import logging
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from twinface.box.supervision import UP_LOCK
from twinface.bus.rundir import RunDirectory
from twinface.bus.watching import Watcher
from twinface.errors import InputError, WireError
from twinface.files import PRIVATE_FILE
from twinface.messages.codec import decode
from twinface.messages.recording_file import Header, RecordingWriter
from twinface.messages.schema import Message
from twinface.messages.topics import CONTROL, CROPS, HEALTH, LOOKS, MATCHES, PREVIEW, TOPICS, TRACKS, VECTORS, Topic
from twinface.processes import find_process, heard_names
from twinface.settings import Settings

log = logging.getLogger(__name__)

WATCHED = tuple(name for name in TOPICS if name != CONTROL.name)
"""Questions and answers travel between two processes only; everything else can be watched."""

WITHOUT_PICTURES = (TRACKS, VECTORS, MATCHES, HEALTH)
WITH_PICTURES = (CROPS, LOOKS, PREVIEW)

_TURN_S = 0.25


def find_topics(names: Sequence[str]) -> tuple[Topic, ...]:
    """The topics of these names. Raises InputError where one cannot be watched."""
    for name in names:
        if name not in WATCHED:
            raise InputError(f"no topic {name!r} that can be watched; there are {', '.join(WATCHED)}")
    return tuple(TOPICS[name] for name in dict.fromkeys(names))


def watch(settings: Settings, run: RunDirectory, topics: Sequence[Topic]) -> Watcher:
    """Look on at topics of all processes that publish them; says in the log where no box runs yet."""
    if not run.is_locked(UP_LOCK):
        log.warning("no box runs in %s yet; what it sends is waited for", run.path)
    names = heard_names(settings)
    return Watcher(run, [(topic, [one for one in names if topic in find_process(one).publishes]) for topic in topics])


def messages(watcher: Watcher) -> Iterator[tuple[list[bytes], Message] | None]:
    """Each message with its frames, the first of which is its topic, as it comes; None, four times a second, for none.

    What is no message of ours is passed over: whoever reads the topic reports it.
    """
    while True:
        came = False
        for frames in watcher.receive(_TURN_S):
            with suppress(WireError):
                yield frames, decode(frames)
                came = True
        if not came:
            yield None


@dataclass(slots=True)
class Tally:
    """What was recorded: messages by topic, those that were `missed` by the gaps in their numbers, and the bytes."""

    messages: dict[str, int] = field(default_factory=dict)
    missed: int = 0
    written_bytes: int = 0
    _next: dict[tuple[str, str, int], int] = field(default_factory=dict)

    def take(self, topic: str, message: Message) -> None:
        """Count a message."""
        stamp = message.stamp
        self.messages[topic] = self.messages.get(topic, 0) + 1
        key = topic, stamp.origin, stamp.epoch
        self.missed += max(0, stamp.sequence - self._next.get(key, stamp.sequence))
        self._next[key] = stamp.sequence + 1


def record(
    settings: Settings,
    run: RunDirectory,
    path: Path,
    topics: Sequence[Topic],
    *,
    is_over: Callable[[Tally], bool],
) -> Tally:
    """Write what comes of `topics` to a new file, for its owner only, until `is_over`, or until Ctrl-C.

    Raises OSError where it cannot be written, FileExistsError where there is such a file.
    """
    tally = Tally()
    cameras = tuple(camera.name for camera in settings.camera)
    header = Header(tuple(topic.name for topic in topics), cameras, time.time_ns())
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, PRIVATE_FILE)
    with os.fdopen(descriptor, "wb") as stream, watch(settings, run, topics) as watcher, suppress(KeyboardInterrupt):
        writer = RecordingWriter(stream, header)
        for came in messages(watcher):
            if came is not None:
                frames, message = came
                writer.write(frames)
                tally.take(frames[0].decode(), message)
                tally.written_bytes = writer.written_bytes
            if is_over(tally):
                break
    return tally

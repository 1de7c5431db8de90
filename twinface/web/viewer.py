"""What waits for one page that follows everything: every event, the latest of what changes, the newest pictures."""

import asyncio
import json
import struct
from collections import deque
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass

from twinface.messages.schema import PreviewMeta

_EVENT_CAPACITY = 500
_WAITS_S = 0.3
"""A picture that has waited longer for its page is not sent: a newer one follows, or nobody looks."""

_LOOKS_S = 1.0
"""A page that has not taken a picture for so long does not look at its camera, until it takes it."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture of a camera as it goes over the socket, and when it came here, by a monotonic clock."""

    camera: str
    data: bytes
    came_at_s: float


def encode_picture(meta: PreviewMeta, captured_at_ns: int, jpeg: bytes) -> bytes:
    """n as uint32, big-endian; n bytes of JSON, which say what is seen where and when it was captured; the JPEG."""
    head = json.dumps({**asdict(meta), "captured_at_ns": captured_at_ns}).encode()
    return struct.pack("!I", len(head)) + head + jpeg


@dataclass(slots=True)
class _Sight:
    """A camera as one page sees it: the picture that waits, and since when one that was sent is not taken."""

    waiting: Picture | None = None
    owed_since_s: float | None = None


class Viewer:
    """Lives in the server's event loop. Times are those of one monotonic clock, in seconds.

    A page gets one picture of a camera at a time, and the next when it has taken that one: always the newest. So one
    that is slow, or hidden, sees fewer of them and none late.
    """

    def __init__(self, cameras: Collection[str]) -> None:
        self.closed = False
        self._cameras = cameras
        self._events: deque[str] = deque()
        self._latest: dict[str, str] = {}
        self._sights: dict[str, _Sight] = {}
        self._changed = asyncio.Event()

    def add(self, text: str) -> None:
        """An event, of which none may be missing: a page that is too slow for that is given up."""
        if len(self._events) == _EVENT_CAPACITY:
            self.close()
        else:
            self._events.append(text)
            self._changed.set()

    def replace(self, kind: str, text: str) -> None:
        """Something of which only the latest counts."""
        self._latest[kind] = text
        self._changed.set()

    def close(self) -> None:
        """End it; what is still waiting is not sent."""
        self.closed = True
        self._changed.set()

    def watch(self, cameras: Iterable[str]) -> list[str]:
        """Pictures of these cameras from now on, and of no other; those that do not exist are returned."""
        wanted = dict.fromkeys(cameras)
        self._sights = {one: self._sights.get(one) or _Sight() for one in wanted if one in self._cameras}
        return [one for one in wanted if one not in self._cameras]

    def take(self, camera: str) -> None:
        """The page has taken the picture of a camera."""
        if camera in self._sights:
            self._sights[camera].owed_since_s = None
            self._changed.set()

    def show(self, picture: Picture) -> None:
        """Send this one rather than what has waited so far, if the page watches its camera."""
        if picture.camera in self._sights:
            self._sights[picture.camera].waiting = picture
            self._changed.set()

    def looks_at(self, now_s: float) -> set[str]:
        """The cameras whose next picture it would draw."""
        sights = self._sights.items()
        return {one for one, sight in sights if now_s - (sight.owed_since_s or now_s) < _LOOKS_S}

    def next(self, now_s: float) -> str | bytes | None:
        """What to send now, if anything: events first."""
        if self._events:
            return self._events.popleft()
        for kind in self._latest:
            return self._latest.pop(kind)
        for camera, sight in self._sights.items():
            picture = sight.waiting
            if picture is None or sight.owed_since_s is not None:
                continue
            sight.waiting = None
            if now_s - picture.came_at_s <= _WAITS_S:
                sight.owed_since_s = now_s
                self._sights[camera] = self._sights.pop(camera)  # the others come first next time
                return picture.data
        return None

    async def wait(self) -> None:
        """Until something may be there to be sent."""
        await self._changed.wait()
        self._changed.clear()


def message(kind: str, fields: Mapping[str, object]) -> str:
    """A text message of the socket."""
    return json.dumps({"type": kind, **fields})

"""From the bus to the pages: what came is passed on to every client that is connected."""

import json
import time
from collections import deque
from collections.abc import Callable, Sequence

from twinface.box.health_board import HealthBoard
from twinface.events.event import TrackKey
from twinface.messages.schema import Heartbeat, MatchEvent, Message, PreviewMeta
from twinface.web.box_history import BoxHistory
from twinface.web.outlets import Outlet
from twinface.web.viewer import Picture, Viewer, encode_picture, message

_EVENT_CAPACITY = 500
_KEPT_NEWS = 100


class Hub:
    """Lives in the server's event loop. `on_watched` is called when `watched` has changed, and when somebody comes."""

    def __init__(self, health: HealthBoard, cameras: Sequence[str], on_watched: Callable[[], None]) -> None:
        self.health = health
        self.history = BoxHistory()
        self.watched: frozenset[str] = frozenset()
        self.closed = False
        self._on_watched = on_watched
        self._listeners: set[Outlet] = set()
        self._cameras = frozenset(cameras)
        self._viewers: set[Viewer] = set()
        self._news: deque[dict[str, object]] = deque(maxlen=_KEPT_NEWS)
        self._known_as: dict[tuple[str, int | None], tuple[str | None, str | None]] = {}

    @property
    def is_followed(self) -> bool:
        """Whether anybody is connected; from any thread."""
        return bool(self._viewers or self._listeners)

    def take(self, came: Message) -> None:
        """Pass on a message of the bus."""
        match came.body:
            case MatchEvent() as event:
                self._take_event(event)
            case Heartbeat() as heartbeat:
                self.health.take(heartbeat, came.stamp.epoch)
                self.history.take(heartbeat, time.monotonic())
            case PreviewMeta() as meta if came.array is not None:
                self._take_preview(meta, came.stamp.captured.at_ns, came.array.tobytes())

    def tick(self) -> None:
        """Once a second: tell every page how the processes are, and find out who looks at nothing any more."""
        if self._listeners or self._viewers:
            report = self.health.report()
            self._tell("health", report)
            for viewer in self._viewers:
                viewer.replace("health", message("health", report))
        self.note_watched()

    def join(self) -> Viewer:
        """A page that follows everything from now on, after the latest news so far and how the processes are."""
        viewer = Viewer(self._cameras)
        viewer.add(message("recent", {"events": list(self._news)}))
        viewer.replace("health", message("health", self.health.report()))
        self._viewers.add(viewer)
        self._on_watched()
        return viewer

    def part(self, viewer: Viewer) -> None:
        """Forget a page."""
        self._viewers.discard(viewer)
        self.note_watched()

    def listen(self) -> Outlet:
        """Events from now on, after the latest news so far and how the processes are."""
        outlet = Outlet(_EVENT_CAPACITY)
        outlet.put(_server_sent("recent", list(self._news)))
        outlet.put(_server_sent("health", self.health.report()))
        self._listeners.add(outlet)
        self._on_watched()
        return outlet

    def leave(self, outlet: Outlet) -> None:
        """Forget a client."""
        outlet.close()
        self._listeners.discard(outlet)

    def close(self) -> None:
        """End every stream."""
        self.closed = True
        for viewer in self._viewers:
            viewer.close()
        for outlet in self._listeners:
            outlet.close()

    def note_watched(self) -> None:
        """Find out which cameras somebody looks at."""
        now_s = time.monotonic()
        watched = frozenset(camera for viewer in self._viewers for camera in viewer.looks_at(now_s))
        if watched != self.watched:
            self.watched = watched
            self._on_watched()

    def _take_event(self, event: MatchEvent) -> None:
        key = None if event.track is None else str(TrackKey(event.camera, event.camera_epoch, event.track))
        shown = {**event.plain, "track_id": key, "news": self._is_news(event)}
        if shown["news"]:
            self._news.append(shown)
        self._tell("match", shown)
        text = message("match", {"event": shown}) if self._viewers else ""
        for viewer in self._viewers:
            viewer.add(text)

    def _is_news(self, event: MatchEvent) -> bool:
        """Whether this is more than another look at somebody of whom nothing new is known."""
        track, said = (event.camera, event.track), (event.name, event.state)
        if event.type == "exit":
            self._known_as.pop(track, None)
        elif event.type == "match":
            changed = self._known_as.get(track) != said
            self._known_as[track] = said
            return changed
        return True

    def _take_preview(self, meta: PreviewMeta, captured_at_ns: int, jpeg: bytes) -> None:
        if self._viewers:
            picture = Picture(meta.camera, encode_picture(meta, captured_at_ns, jpeg), time.monotonic())
            for viewer in self._viewers:
                viewer.show(picture)

    def _tell(self, kind: str, data: object) -> None:
        if not self._listeners:
            return
        chunk = _server_sent(kind, data)
        self._listeners = {outlet for outlet in self._listeners if outlet.put(chunk)}


def _server_sent(kind: str, data: object) -> bytes:
    return f"event: {kind}\ndata: {json.dumps(data)}\n\n".encode()

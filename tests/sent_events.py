"""A store of events, events for it, and webhooks that lead to this machine."""

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from web_receiver import Receiver

from twinface.delivery.webhook import WebhookTarget
from twinface.events import Event, EventStore, Kind, Subject
from twinface.settings import WebhookSettings

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()

Store = Callable[..., list[int]]
MakeWebhook = Callable[..., WebhookTarget]


def make_event(name: str | None = "Ada", kind: Kind = Kind.ENTER, **fields: Any) -> Event:
    """Somebody who comes to the door, but for what is said otherwise."""
    given: dict[str, Any] = {
        "subject": Subject.PERSON if name else Subject.TRACK,
        "camera": "door",
        "stream": 1_800_000_000_000_000_001,
        "track": 1,
        "name": name,
        "state": "known" if name else "unknown",
        "score": 0.9,
        "at_ns": 1_780_000_000_123_000_000,
        "since_ns": 1_780_000_000_000_000_000,
        "duration_s": 0.0,
        "media_ms": 40.0,
        "frame": 1,
    }
    return Event(kind, **{**given, **fields})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "events.sqlite"


@pytest.fixture
def store(path: Path) -> Store:
    """Stores events; their numbers."""

    def store(*events: Event) -> list[int]:
        with EventStore(path) as opened:
            opened.append(events)
            return list(range(opened.newest() - len(events) + 1, opened.newest() + 1))

    return store


def webhook(
    receiver: Receiver | str, *, delays_s: tuple[float, ...] = (), timeout_s: float = 15.0, **fields: Any
) -> WebhookTarget:
    """A webhook that leads to a receiver, or to any URL."""
    url = receiver if isinstance(receiver, str) else receiver.url
    settings = WebhookSettings(**{"name": "house", "url": url, "allow_local": not isinstance(receiver, str), **fields})
    return WebhookTarget(settings, "box", timeout_s)

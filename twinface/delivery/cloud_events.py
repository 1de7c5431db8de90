"""Events as CloudEvents 1.0 in JSON (structured mode, https://github.com/cloudevents/spec)."""

import datetime
from typing import Any

from twinface.events.event import Event, event_id

CONTENT_TYPE = "application/cloudevents+json; charset=utf-8"


def cloud_event(event: Event, box: str) -> dict[str, Any]:
    """An event of a box as it is sent; `data` is what `twinface events --json` prints of it."""
    kind = f"twinface.{event.subject}.{event.kind}"
    about = {"id": event_id(event, box), "type": kind, "subject": event.camera}
    return _cloud_event(box, about, event.at_ns, event.plain)


def trial_event(target: str, box: str, now_ns: int) -> dict[str, Any]:
    """What is sent to try a target, at a time of the wall clock."""
    about = {"id": f"{box}-test-{now_ns}", "type": "twinface.test", "subject": target}
    return _cloud_event(box, about, now_ns, {"message": "twinface reaches you"})


def _cloud_event(box: str, about: dict[str, str], at_ns: int, data: dict[str, Any]) -> dict[str, Any]:
    at = datetime.datetime.fromtimestamp(at_ns / 1e9, tz=datetime.UTC)
    return {
        "specversion": "1.0",
        "source": f"urn:twinface:{box}",
        **about,
        "time": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "datacontenttype": "application/json",
        "data": data,
    }

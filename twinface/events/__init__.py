"""What happened: visits of faces and people as numbered events in one SQLite file, and the looks that they rest on."""

from twinface.events.event import Event, Kind, LookRecord, Moment, Opinion, Past, Subject, TrackKey, event_id
from twinface.events.event_queries import EventQuery, newest_number, read_events
from twinface.events.event_store import EventStore
from twinface.events.look_queries import find_event, find_track, mark_enrolled, read_looks
from twinface.events.outbox import Backlog, Outbox
from twinface.events.upkeep import Upkeep
from twinface.events.visits import Visits
from twinface.events.writer import EventWriter

__all__ = [
    "Backlog",
    "Event",
    "EventQuery",
    "EventStore",
    "EventWriter",
    "Kind",
    "LookRecord",
    "Moment",
    "Opinion",
    "Outbox",
    "Past",
    "Subject",
    "TrackKey",
    "Upkeep",
    "Visits",
    "event_id",
    "find_event",
    "find_track",
    "mark_enrolled",
    "newest_number",
    "read_events",
    "read_looks",
]

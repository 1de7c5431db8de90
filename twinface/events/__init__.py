"""What happened: visits of faces and people as numbered events in one SQLite file. No pictures, no vectors."""

from twinface.events.event import Event, Kind, Moment, Opinion, Past, Subject, TrackKey
from twinface.events.reader import EventQuery, newest_number, read_events
from twinface.events.store import EventStore
from twinface.events.visits import Visits
from twinface.events.writer import EventWriter

__all__ = [
    "Event",
    "EventQuery",
    "EventStore",
    "EventWriter",
    "Kind",
    "Moment",
    "Opinion",
    "Past",
    "Subject",
    "TrackKey",
    "Visits",
    "newest_number",
    "read_events",
]

"""What a notification says, and when none is sent. No clock and no files."""

import datetime
from dataclasses import dataclass

from twinface.events.event import Event, Kind
from twinface.text import printable


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From one time of the day to another, which may be past midnight; the same twice is never."""

    begin: datetime.time
    end: datetime.time

    @classmethod
    def of(cls, written: str) -> "QuietHours":
        """`22:00-07:00`, as settings have it; empty for none."""
        begin, _, end = (written or "00:00-00:00").partition("-")
        return cls(datetime.time.fromisoformat(begin), datetime.time.fromisoformat(end))

    def holds(self, at: datetime.datetime) -> bool:
        """Whether a moment is within them, by the clock on the wall there."""
        now = at.time()
        if self.begin <= self.end:
            return self.begin <= now < self.end
        return now >= self.begin or now < self.end


def local_time(at_ns: int) -> datetime.datetime:
    """A moment of the wall clock, where the box stands."""
    return datetime.datetime.fromtimestamp(at_ns / 1e9).astimezone()


def midnight_ns(at_ns: int) -> int:
    """When the day of a moment began, where the box stands."""
    day = local_time(at_ns).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    return int(day.astimezone().timestamp() * 1e9)


def notice(event: Event, *, is_first_today: bool) -> str:
    """An event in a sentence; a name is on one line of it, whatever it has in it."""
    who = printable(event.name) if event.name else "Somebody unknown"
    stayed = duration_in_words(event.duration_s)
    first = ", first time today" if is_first_today else ""
    match event.kind:
        case Kind.ENTER:
            return f"{who} at {event.camera}{first}"
        case Kind.EXIT:
            return f"{who} left {event.camera}, after {stayed}"
        case Kind.STAYED:
            return f"{who} at {event.camera} for {stayed}"
        case Kind.TWO_CAMERAS:
            return f"{who} at {' and '.join((event.details or {})['cameras'])} at once"
        case Kind.UPDATE:
            return f"{who} at {event.camera} is somebody else"


def duration_in_words(seconds: float) -> str:
    """Such as "30 s", "12 min", "3 h"."""
    if seconds < 120.0:
        return f"{seconds:.0f} s"
    return f"{seconds / 60.0:.0f} min" if seconds < 7200.0 else f"{seconds / 3600.0:.0f} h"

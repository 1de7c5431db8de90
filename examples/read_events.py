"""Who came in the last hours, from the database of events; nothing need run. python examples/read_events.py [HOURS]"""

import sys
import time
from datetime import datetime

import twinface
from twinface.events import EventQuery, Kind, Subject, read_events


def main(hours: float) -> None:
    since_ns = time.time_ns() - int(hours * 3600e9)
    query = EventQuery(since_ns=since_ns, subject=Subject.PERSON, kind=Kind.ENTER)
    for event in read_events(twinface.load_settings().events_path, query):
        at = datetime.fromtimestamp(event.at_ns / 1e9).astimezone()
        print(f"{event.sequence} {at:%Y-%m-%d %H:%M:%S} {event.camera} {event.name} {event.score or 0.0:.2f}")


if __name__ == "__main__":
    try:
        main(float(sys.argv[1]) if len(sys.argv) > 1 else 24.0)
    except twinface.TwinfaceError as error:
        sys.exit(str(error))

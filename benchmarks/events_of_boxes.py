"""One PostgreSQL for the events of many boxes: how late they are there, and how long the page's questions take.

    .venv/bin/python benchmarks/events_of_boxes.py stream --boxes 1000 --seconds 120
    .venv/bin/python benchmarks/events_of_boxes.py ask --events 10000000

Both start a server of their own, with the settings that PostgreSQL has by itself but for the number of connections.
`stream` has a store, a forwarder and a connection for each box, in some processes beside the server, each box with an
event every six seconds, one in four the end of a track with four looks of 128 numbers. The lag is from the event's own
time to when the server stores it, by one clock. `ask` makes the events inside the server, 30 days of 1,000 boxes.
"""

import argparse
import json
import multiprocessing
import os
import random
import shutil
import sys
import tempfile
import time
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from postgres_server import PostgresServer, make_server
from seen_by_boxes import a_look, a_track_that_ends, an_event

from twinface.events import EventQuery, EventStore, Kind
from twinface.events.event import NameSpan
from twinface.postgres.connecting import connect
from twinface.postgres.migrations import migrate
from twinface.sharing.box_events import read_all_events
from twinface.sharing.forwarding import Forwarder

_EVERY_S = 6.0
_TURN_S = 0.5
_DAY_NS = 86_400 * 10**9
_DAYS = 30
_PEOPLE = 5000
_MAKE = """
    INSERT INTO events (box, sequence, kind, subject, camera, stream, track, name, state, score, at_ns, since_ns,
                        duration_s, media_ms, frame, gallery_version, head, reason, details)
    SELECT 'box-' || box, i, CASE i % 4 WHEN 0 THEN 'enter' WHEN 1 THEN 'exit' WHEN 2 THEN 'enter' ELSE 'exit' END,
        CASE WHEN i % 4 < 2 THEN 'person' ELSE 'track' END, 'camera-' || box % 3, 1, i / 4,
        CASE WHEN i % 4 < 2 THEN 'person-' || who END, 'known', 0.9, at_ns,
        CASE WHEN i % 2 = 0 THEN at_ns ELSE at_ns - 20000000000 END, 20, 40, 1, 7, 'abcdef0123456789', NULL, NULL
    FROM (SELECT i, hashint8(i / 2)::bigint & 1023 AS box,
            (hashint8(i / 2 + 7)::bigint & 2147483647) % %(people)s AS who,
            %(begin)s + i * %(step)s + (i % 2) * 20000000000 AS at_ns
          FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS i) AS made
"""


_MAKE_BOXES = """
    INSERT INTO boxes SELECT 'box-' || i, 'box-' || i, '', '', '', now(), now(), now(), 0, '', true, 0, 0, ''
    FROM generate_series(0, 1023) AS i
"""
_SIZE = "SELECT sum(pg_total_relation_size(inhrelid)) FROM pg_inherits WHERE inhparent = 'events'::regclass"
_TIMES = 20


def server_for(boxes: int) -> PostgresServer:
    """A new server with room for so many connections; it writes to the disk as one in use does."""
    server = make_server()
    with (server.folder / "data/postgresql.conf").open("a") as conf:
        conf.write(f"max_connections = {boxes + 20}\nfsync = on\nshared_buffers = 128MB\n")
    server.start()
    return server


def percentiles(values_ms: "np.ndarray[Any, Any]") -> dict[str, float]:
    """Of times, by the share that is not above them."""
    return {f"p{share}": round(float(np.percentile(values_ms, share)), 1) for share in (50, 95, 99, 100)}


def stream_boxes(url: str, folder: Path, boxes: range, seconds: float) -> None:
    """Be these boxes for so long, then forward what is left."""
    rng = random.Random(boxes.start)
    with ExitStack() as stack:
        stores = {box: stack.enter_context(EventStore(folder / f"{box}.sqlite")) for box in boxes}
        forwarders = {
            box: stack.enter_context(closing(Forwarder(folder / f"{box}.sqlite", f"box-{box}"))) for box in boxes
        }
        links = {box: stack.enter_context(connect(url, "bench")) for box in boxes}
        begun_s = time.monotonic()
        due = {box: rng.uniform(0, _EVERY_S) for box in boxes}
        turn = {box: rng.uniform(0, _TURN_S) for box in boxes}
        made = 0
        while (now_s := time.monotonic() - begun_s) < seconds:
            for box in boxes:
                now_s = time.monotonic() - begun_s
                if now_s >= due[box]:
                    due[box] += _EVERY_S
                    made += 1
                    store_one(stores[box], made)
                if now_s >= turn[box]:
                    turn[box] = max(turn[box] + _TURN_S, now_s)
                    forwarders[box].turn(links[box])
            time.sleep(0.002)
        for box in boxes:
            while forwarders[box].turn(links[box]):
                pass


def store_one(store: EventStore, number: int) -> None:
    """Store the event of a box with a `number`: of somebody who enters, or the end of a track with its looks."""
    at_ns = time.time_ns()
    if number % 4:
        store.append([an_event(Kind.ENTER, name=f"person-{number % _PEOPLE}", at_ns=at_ns)])
        return
    vectors = np.random.default_rng(number).normal(size=(4, 128)).astype(np.float32)
    looks = [replace(a_look(crop=crop, track=number), vector=vector) for crop, vector in enumerate(vectors)]
    store.append([a_track_that_ends(number, at_ns=at_ns)], looks)


def run_stream(boxes: int, seconds: float, processes: int) -> dict[str, Any]:
    """What became of the events of boxes."""
    server, folder = server_for(boxes), Path(tempfile.mkdtemp())
    try:
        url = server.url(server.create_database())
        with connect(url, "bench") as connection:
            migrate(connection)
        shares = [range(boxes * one // processes, boxes * (one + 1) // processes) for one in range(processes)]
        workers = [multiprocessing.Process(target=stream_boxes, args=(url, folder, one, seconds)) for one in shares]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        with connect(url, "bench") as connection:
            lags = [lag for (lag,) in connection.execute("SELECT (received_ns - at_ns) / 1e6::float8 FROM events")]
            expected = connection.execute("SELECT sum(through), sum(events), count(*) FROM forwarded").fetchone()
            looks = connection.execute("SELECT count(*) FROM looks").fetchone()
        return {
            "boxes": boxes,
            "seconds": seconds,
            "events": len(lags),
            "stored_by_boxes": int(expected[0]) if expected else 0,
            "looks": looks[0] if looks else 0,
            "events_a_second": round(len(lags) / seconds, 1),
            "lag_ms": percentiles(np.asarray(lags, float)),
            "load": os.getloadavg()[0],
        }
    finally:
        server.stop()
        shutil.rmtree(server.folder)
        shutil.rmtree(folder)


def make_events(connection: Any, events: int) -> int:
    """Make the events of 30 days inside the server; the first ns of today."""
    today = time.time_ns() // _DAY_NS
    begin_ns = (today - _DAYS) * _DAY_NS
    step_ns = (time.time_ns() - begin_ns) // events
    for day in range(today - _DAYS, today + 1):
        connection.execute("SELECT keep_day(%s)", [day])
    make = _MAKE.replace(" % ", " %% ").encode()
    for first in range(0, events, 1_000_000):
        last = min(first + 999_999, events - 1)
        connection.execute(make, {"begin": begin_ns, "step": step_ns, "people": _PEOPLE, "first": first, "last": last})
    connection.execute(_MAKE_BOXES)
    connection.execute("VACUUM ANALYZE events")
    return today * _DAY_NS


def questions(today_ns: int) -> dict[str, tuple[EventQuery, str | None]]:
    """What the page asks, and of which box."""
    of_one, a_week_ago_ns = (NameSpan("person-77"),), today_ns - 7 * _DAY_NS
    of_a_day = EventQuery(since_ns=a_week_ago_ns, until_ns=a_week_ago_ns + _DAY_NS, limit=1000)
    return {
        "newest 100 of all boxes": (EventQuery(limit=100, faces=False), None),
        "newest 100 with tracks": (EventQuery(limit=100), None),
        "newest 100 of one box": (EventQuery(limit=100, faces=False), "box-77"),
        "one person today": (EventQuery(since_ns=today_ns, names=of_one, limit=100), None),
        "one person in 30 days": (EventQuery(names=of_one, limit=100), None),
        "1000 of one day a week ago": (of_a_day, None),
        "a camera of one box": (EventQuery(camera="camera-2", limit=100), "box-77"),
        "a name that nobody has": (EventQuery(names=(NameSpan("nobody"),), limit=100), None),
    }


def run_ask(events: int) -> dict[str, Any]:
    """How long each question takes, twenty times, and how large the tables are."""
    server = server_for(20)
    try:
        with connect(server.url(server.create_database()), "bench") as connection:
            migrate(connection)
            begun_s = time.monotonic()
            today_ns = make_events(connection, events)
            made_s, took = time.monotonic() - begun_s, {}
            for words, (query, box) in questions(today_ns).items():
                times_ms = []
                for _ in range(_TIMES):
                    start_s = time.perf_counter()
                    found = read_all_events(connection, query, box)
                    times_ms.append((time.perf_counter() - start_s) * 1e3)
                took[words] = {"rows": len(found), **percentiles(np.asarray(times_ms))}
            (size,) = connection.execute(_SIZE).fetchone() or (0,)
            return {
                "events": events,
                "made_s": round(made_s),
                "bytes": int(size),
                "ms": took,
                "load": os.getloadavg()[0],
            }
    finally:
        server.stop()
        shutil.rmtree(server.folder)


def main() -> None:
    """Run what is asked for, and print what was measured as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["stream", "ask"])
    parser.add_argument("--boxes", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--events", type=int, default=10_000_000)
    chosen = parser.parse_args()
    if chosen.what == "stream":
        print(json.dumps(run_stream(chosen.boxes, chosen.seconds, chosen.processes), indent=2))
    else:
        print(json.dumps(run_ask(chosen.events), indent=2))


if __name__ == "__main__":
    main()

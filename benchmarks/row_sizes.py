"""What an event and a look take on a disk: in the store of a box, and in the database that boxes share.

benchmarks/row_sizes.py URL [--rows 100000], of a PostgreSQL whose user may make a database; it is removed again.
"""

import argparse
import os
import tempfile
from pathlib import Path

import numpy as np

from twinface.events import Event, EventStore, Kind, Subject
from twinface.postgres.connecting import connect
from twinface.postgres.migrations import migrate
from twinface.postgres.tables import Connection
from twinface.sharing.forwarding import Forwarder

_NAME = "twinface_row_sizes"
_DAY_NS = 86_400 * 10**9


def made_events(rows: int) -> list[Event]:
    """Visits of 500 people at four cameras, spread over a day that has just been."""
    begin_ns = 20_000 * _DAY_NS
    details = {"looks": 4, "quality": 0.71, "candidates": [["Ada Lovelace", 0.91], ["Grace Hopper", 0.12]]}
    return [
        Event(
            (Kind.ENTER, Kind.UPDATE, Kind.EXIT)[number % 3],
            Subject.TRACK,
            f"camera-{number % 4}",
            begin_ns,
            number // 3,
            f"Person Number {number // 3 % 500}" if number % 3 else None,
            "known" if number % 3 else "pending",
            0.91,
            at_ns=begin_ns + number * 10**9 % _DAY_NS,
            since_ns=begin_ns,
            duration_s=3.5,
            media_ms=0.0,
            frame=number,
            details=details,
        )
        for number in range(rows)
    ]


def size_of(connection: Connection, table: str) -> tuple[int, int]:
    """Bytes of a table with its partitions, and of their indexes."""
    row = connection.execute(
        "SELECT sum(pg_table_size(one)), sum(pg_indexes_size(one)) FROM"
        " (SELECT relid AS one FROM pg_partition_tree(%s) UNION SELECT %s::regclass) AS parts",
        [table, table],
    ).fetchone()
    return (int(row[0]), int(row[1])) if row else (0, 0)


def main() -> None:
    """Print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--rows", type=int, default=100_000)
    options = parser.parse_args()
    with connect(options.url, "sizes") as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {_NAME}".encode())
        connection.execute(f"CREATE DATABASE {_NAME}".encode())
    url = options.url.rpartition("/")[0] + f"/{_NAME}"
    with tempfile.TemporaryDirectory() as folder, connect(url, "sizes") as connection:
        connection.execute("CREATE EXTENSION vector")
        migrate(connection)
        path = Path(folder) / "events.sqlite"
        with EventStore(path) as store:
            store.append(made_events(options.rows))
        on_disk = sum(file.stat().st_size for file in path.parent.glob("events.sqlite*"))
        print(f"event, SQLite with its indexes: {on_disk / options.rows:.0f} bytes")
        forwarder, taken = Forwarder(path, "a" * 32), os.times()
        while forwarder.turn(connection):
            pass
        used = os.times()
        forwarder.close()
        spent_ms = 1e3 * (used.user + used.system - taken.user - taken.system) / options.rows
        connection.execute("VACUUM ANALYZE")
        table, indexes = size_of(connection, "events")
        per = options.rows
        print(f"event, PostgreSQL: {table / per:.0f} + {indexes / per:.0f} bytes of indexes; {spent_ms:.3f} ms of sync")
        for dimension in (128, 512):
            measure_looks(connection, dimension, options.rows // 5)
    with connect(options.url, "sizes") as connection:
        connection.execute(f"DROP DATABASE {_NAME}".encode())


def measure_looks(connection: Connection, dimension: int, rows: int) -> None:
    """Print what vectors of random directions take: exact bytes, half precision, and a graph to search them."""
    drawn = np.random.default_rng(0).normal(size=(rows, dimension)).astype(np.float32)
    drawn /= np.linalg.norm(drawn, axis=1, keepdims=True)
    connection.execute("DROP TABLE IF EXISTS measured")
    connection.execute(f"CREATE TABLE measured (vector bytea, search halfvec({dimension}))".encode())
    with connection.transaction(), connection.cursor() as cursor, cursor.copy("COPY measured FROM STDIN") as copy:
        for vector in drawn:
            copy.write_row((vector.tobytes(), f"[{','.join(f'{number:.6g}' for number in vector)}]"))
    connection.execute("CREATE INDEX ON measured USING hnsw (search halfvec_cosine_ops)")
    table, index = size_of(connection, "measured")
    print(f"{dimension} numbers: {table / rows:.0f} bytes, {index / rows:.0f} of HNSW ({rows} rows)")


if __name__ == "__main__":
    main()

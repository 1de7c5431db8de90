"""Large galleries: everybody scored by the exact head, beside proposals of pgvector that the head decides on.

    .venv/bin/python benchmarks/large_galleries.py [--people 100000] [--dimensions 128 512] [--no-database] [--json]

Made people of one vector each. The numbers of a vector differ in how much they spread (the n-th by n to the power of
-0.35), as those of networks for faces do; a genuine probe is another picture of somebody, with a cosine of 0.55 on the
average, and an impostor's is of nobody. "Exact" scores everybody and decides, with plain cosine, on one thread: wall
clock. "Proposed" is what the matcher does, `Known.decide`: of many people with long vectors it scores those who are
likely along the principal axes. The database is a server of its own on the same machine, asked over TCP: `halfvec`,
HNSW, the nearest 40 people, scored exactly. Agreement is the share of probes whose best person is that of scoring
everybody; of genuine ones, and of nobody's.
"""

import argparse
import json
import os
import shutil
import statistics
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

os.environ["OPENBLAS_NUM_THREADS"] = "1"
sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import numpy as np
import psutil
from known_people import People
from numpy.typing import NDArray
from postgres_server import make_server
from rich.console import Console
from rich.table import Table

from twinface.gallery import PersonVectors
from twinface.matching import decide, load_head
from twinface.postgres.connecting import connect
from twinface.recognition.known import Known
from twinface.settings import MatchingSettings

NETWORK = "b" * 64
"""No bundled head is for it, so the head is plain cosine."""

PROPOSED, SEARCHED = 40, (100, 200, 400)
COSINE = 0.55
Vectors = NDArray[np.float32]


def make_vectors(count: int, dimensions: int, probes: int) -> tuple[Vectors, Vectors, Vectors]:
    """Enrolled ones, genuine probes of the first of them, and probes of nobody; of length 1."""
    rng = np.random.default_rng(3)
    spread = np.arange(1, dimensions + 1) ** -0.35

    def unit(made: NDArray[np.float64]) -> Vectors:
        found: Vectors = (made / np.linalg.norm(made, axis=1, keepdims=True)).astype(np.float32)
        return found

    enrolled = np.concatenate(
        [unit(rng.normal(size=(min(20_000, count - at), dimensions)) * spread) for at in range(0, count, 20_000)]
    )
    noise = unit(rng.normal(size=(probes, dimensions)) * spread)
    genuine = unit(COSINE * enrolled[:probes] + np.sqrt(1 - COSINE**2) * noise)
    return enrolled, genuine, unit(rng.normal(size=(probes, dimensions)) * spread)


def clock_ms(work: Callable[[int], object], times: int) -> dict[str, float]:
    """Wall clock of some calls, each with its number."""
    taken = []
    for number in range(times):
        begun_s = time.perf_counter()
        work(number)
        taken.append(1e3 * (time.perf_counter() - begun_s))
    return {"p50_ms": statistics.median(taken), "p95_ms": float(np.percentile(taken, 95))}


def people_of(vectors: Vectors) -> dict[str, PersonVectors]:
    """As a gallery has them."""
    one = np.ones(1, np.float32)
    return {
        f"p{row:07}": PersonVectors(f"p{row:07}", ("1",), vector[np.newaxis], one, NETWORK)
        for row, vector in enumerate(vectors)
    }


def measure_exact(
    vectors: Vectors, genuine: Vectors, others: Vectors
) -> tuple[dict[str, float], list[str], list[str], Known]:
    """What scoring everybody takes, who is the best for each probe, genuine and of nobody, and who is known."""
    settings, head = MatchingSettings(threshold=0.5), load_head(None, NETWORK)
    before_mb = psutil.Process().memory_info().rss / 1e6
    begun_s = time.process_time()
    known = Known().updated(People(people_of(vectors)), head, settings)
    cold_s = time.process_time() - begun_s
    memory_mb = psutil.Process().memory_info().rss / 1e6 - before_mb
    best: list[str] = []

    def look(number: int) -> None:
        probe = (genuine if number < len(genuine) else others)[number % len(genuine)]
        (scores,) = known.score(probe[np.newaxis])
        decision = decide(scores, known.person_index, known.names, settings)
        best.append(decision.candidates[0].name)

    times = clock_ms(look, 2 * len(genuine))
    best, of_others = best[: len(genuine)], best[len(genuine) :]
    right = sum(name == f"p{row:07}" for row, name in enumerate(best)) / len(best)
    figures = {**times, "memory_mb": memory_mb, "genuine_first": right, "cold_s": cold_s}
    return figures, best, of_others, known


def measure_proposed(
    known: Known, genuine: Vectors, others: Vectors, best: list[str], of_others: list[str]
) -> dict[str, float]:
    """What a look takes by `Known.decide`, with people proposed where they are many and vectors are long."""
    settings, found = MatchingSettings(threshold=0.5), list[str]()
    probes = np.concatenate([genuine, others])

    def look(number: int) -> None:
        (decision,) = known.decide(probes[number][np.newaxis], settings)
        found.append(decision.candidates[0].name)

    times = clock_ms(look, len(probes))
    agreed = [one == other for one, other in zip(found, best + of_others, strict=True)]
    count = len(genuine)
    of_nobody = sum(agreed[count:]) / len(others)
    return {**times, "agreement": sum(agreed[:count]) / count, "agreement_of_nobody": of_nobody}


def measure_database(vectors: Vectors, genuine: Vectors, best: list[str], url: str) -> list[dict[str, float]]:
    """What proposals and the exact head on them take, by how far the index is searched."""
    dimensions = vectors.shape[1]
    with closing(connect(url, "bench")) as connection:
        connection.execute(f"CREATE TABLE vectors (place integer, search halfvec({dimensions}))".encode())
        with connection.cursor() as cursor, cursor.copy("COPY vectors FROM STDIN") as copy:
            for place, vector in enumerate(vectors.tolist()):
                copy.write_row((place, as_text(vector)))
        connection.execute("SET maintenance_work_mem = '1GB'; SET max_parallel_maintenance_workers = 0")
        begun_s = time.perf_counter()
        connection.execute("CREATE INDEX alike ON vectors USING hnsw (search halfvec_cosine_ops)")
        built_s = time.perf_counter() - begun_s
        row: Any = connection.execute("SELECT pg_relation_size('alike')").fetchone()
        found = []
        for searched in SEARCHED:
            connection.execute(f"SET hnsw.ef_search = {searched}".encode())
            agreed: list[bool] = []

            def propose(number: int, agreed: list[bool] = agreed) -> None:
                probe = genuine[number]
                rows: Any = connection.execute(
                    "SELECT place FROM vectors ORDER BY search <=> %s::halfvec LIMIT %s",
                    [as_text(probe.tolist()), PROPOSED],
                ).fetchall()
                places = [place for (place,) in rows]
                scores = vectors[places] @ probe
                agreed.append(f"p{places[int(np.argmax(scores))]:07}" == best[number])

            times = clock_ms(propose, len(genuine))
            index = {"built_s": built_s, "index_mb": row[0] / 1e6}
            found.append({"searched": searched, **times, "agreement": sum(agreed) / len(agreed), **index})
    return found


def as_text(vector: list[float]) -> str:
    """As pgvector reads it."""
    return f"[{','.join(f'{number:.5g}' for number in vector)}]"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, nargs="+", default=[100_000])
    parser.add_argument("--dimensions", type=int, nargs="+", default=[128, 512])
    parser.add_argument("--probes", type=int, default=400)
    parser.add_argument("--no-database", action="store_true", help="the exact head only")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    arguments = parser.parse_args()
    rows: list[dict[str, Any]] = []
    server = None if arguments.no_database else make_server()
    if server:
        server.start()
    try:
        for count in arguments.people:
            for dimensions in arguments.dimensions:
                vectors, genuine, others = make_vectors(count, dimensions, arguments.probes)
                exact, best, of_others, known = measure_exact(vectors, genuine, others)
                size = {"people": count, "dimensions": dimensions}
                rows.append({**size, "by": "exact", **exact})
                rows.append({**size, "by": "proposed", **measure_proposed(known, genuine, others, best, of_others)})
                if server:
                    url = server.url(server.create_database())
                    rows += [{**size, "by": "pgvector", **one} for one in measure_database(vectors, genuine, best, url)]
    finally:
        if server:
            server.stop()
            shutil.rmtree(server.folder)
    if arguments.json:
        print(json.dumps({"figures": rows}))
        return
    names = list(dict.fromkeys(name for row in rows for name in row))
    table = Table(*names, box=None)
    for row in rows:
        shown = (row.get(name, "") for name in names)
        table.add_row(*(one if isinstance(one, str) else f"{one:,.4g}" for one in shown))
    Console(width=160).print(table)


if __name__ == "__main__":
    main()

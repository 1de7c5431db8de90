"""What a look costs the matcher by how many people are known, beside one pass over their vectors.

    .venv/bin/python benchmarks/known_people.py [--people 100 1000 10000 100000] [--repeats 9] [--json]

People of one random vector each, of 128 numbers, are known by the bundled head of SFace, with its cohort, and by plain
cosine. "A pass" is `matrix @ probe` over the same numbers, "a look" scores one probe and decides, "nine looks" score
and decide on nine probes at once; the cohort's side of a probe is found before, since it is found once a face. "New"
includes it. "A change" is one person who has another vector, "cold" everybody at once; the threshold is set, so no
strangers come. Medians of processor time with one thread, so that what else runs costs it little; microseconds, and
milliseconds for changes and cold starts. The head with a cohort is left out above 10,000 people.
"""

import argparse
import json
import os
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

os.environ["OPENBLAS_NUM_THREADS"] = "1"

import numpy as np
from rich.console import Console
from rich.table import Table

from twinface.gallery import PersonVectors
from twinface.matching import Head, decide, load_head
from twinface.networks import find_recipe
from twinface.recognition.known import Known
from twinface.settings import MatchingSettings

DIMENSION = 128
LOOKS = 9
MOST_WITH_COHORT = 10_000
NEWCOMERS = 16


@dataclass(frozen=True)
class People:
    """What `Known` takes of a gallery."""

    people: dict[str, PersonVectors]
    version: int = 1


def make_people(count: int, network: str, length: float) -> People:
    """People of one vector each, of nearly one `length`."""
    vectors = np.random.default_rng(0).normal(size=(count, DIMENSION)).astype(np.float32)
    vectors *= length / np.linalg.norm(vectors, axis=1, keepdims=True)
    people = [
        PersonVectors(f"person {number:06}", ("1",), vector[np.newaxis], np.ones(1, np.float32), network)
        for number, vector in enumerate(vectors)
    ]
    return People({one.name: one for one in people})


def clock_us(work: Callable[[], object], repeats: int, at_once: int = 1) -> float:
    """The median of the processor time that something takes."""
    times = []
    for _ in range(repeats):
        before = time.process_time()
        for _ in range(at_once):
            work()
        times.append(1e6 * (time.process_time() - before) / at_once)
    return statistics.median(times)


def measure(count: int, head: Head, network: str, repeats: int) -> dict[str, float]:
    """All figures of so many people and a head."""
    settings, gallery = MatchingSettings(threshold=0.5), make_people(count + NEWCOMERS, network, 12.0)
    everybody = list(gallery.people.values())
    known_people = People({one.name: one for one in everybody[:count]})
    newcomers = everybody[count:]
    head.prepare_probes(newcomers[0].vectors)  # what is found at the first probe is found
    before = time.process_time()
    known = Known().updated(known_people, head, settings)
    cold_ms = 1e3 * (time.process_time() - before)
    matrix = np.concatenate([one.vectors for one in everybody[:count]])
    probe, nine = newcomers[0].vectors, np.concatenate([one.vectors for one in newcomers[:LOOKS]])
    fresh = iter(np.random.default_rng(1).normal(size=(100_000, 1, DIMENSION)).astype(np.float32))

    def look(probes: np.ndarray) -> None:
        for scores in known.score(probes):
            decide(scores, known.person_index, known.names, settings)

    def change(number: int) -> None:
        name, other = f"person {number * count // repeats:06}", newcomers[number % NEWCOMERS]
        changed = PersonVectors(name, other.files, other.vectors, other.quality, network)
        people = People(known_people.people | {name: changed}, 2 + number)
        before = time.process_time()
        known.updated(people, head, settings)
        changes.append(1e3 * (time.process_time() - before))

    changes: list[float] = []
    for number in range(repeats):
        change(number)
    at_once = max(2, min(200, 200_000 // count))
    return {
        "pass_us": clock_us(lambda: matrix @ probe[0], repeats, at_once),
        "look_us": clock_us(lambda: look(probe), repeats, at_once),
        "nine_looks_us": clock_us(lambda: look(nine), repeats, max(2, at_once // LOOKS)),
        "new_look_us": clock_us(lambda: look(next(fresh)), repeats, min(at_once, 50)),
        "change_ms": statistics.median(changes),
        "cold_ms": cold_ms,
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, nargs="+", default=[100, 1000, 10_000, 100_000])
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    arguments = parser.parse_args()
    sface = find_recipe("sface").fingerprint
    rows: list[dict[str, float | str]] = []
    for count in arguments.people:
        for what, network in (("cohort", sface), ("cosine", "b" * 64)):
            if what == "cosine" or count <= MOST_WITH_COHORT:
                found = measure(count, load_head(None, network), network, arguments.repeats)
                rows.append({"people": count, "head": what, **found})
    if arguments.json:
        print(json.dumps({"repeats": arguments.repeats, "figures": rows}))
        return
    table = Table(*(name.replace("_", " ") for name in rows[0]), box=None)
    for row in rows:
        table.add_row(*(value if isinstance(value, str) else f"{value:,.4g}" for value in row.values()))
    Console().print(table)


if __name__ == "__main__":
    main()

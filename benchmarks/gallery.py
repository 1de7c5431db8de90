"""How long a change of the gallery keeps the matcher, how long it takes to start with a large one, and to make one.

    .venv/bin/python benchmarks/gallery.py [--people 1000] [--pictures 10] [--dimension 2048] [--repeats 7] [--json]

A gallery of random vectors is made in a temporary folder. A cold start is that of a new process: until everybody is
read, every signature checked and the head's scorer ready; the time to import is not counted, and the files are in the
system's cache, having just been written. Then one person at a time is changed by another open gallery, as by another
process, and the time is taken that `Naming.refresh` needs to take it up, scorer included: so long does the matcher's
loop stand still. "Anew" is what it would cost to prepare the scorer from everybody's vectors. Medians and worst.

"Added one by one" makes an empty gallery that large with `Gallery.add`, a change a person as commands do it, and holds
the time of the last tenth against that of the first: 1 where adding somebody costs the same however many there are.
"Enrolled" does so with `enrol_people`, as `gallery add --people` does with features: past the gate, which compares each
with all who came before, under the head in the box.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from rich.console import Console
from rich.table import Table

from twinface.enrolment.applicants import Applicant
from twinface.enrolment.many_people import enrol_people
from twinface.enrolment.open_likeness import open_likeness_gate
from twinface.gallery import Gallery, PersonVectors
from twinface.gallery.keys import KEY_VARIABLE
from twinface.matching import load_head
from twinface.networks import NetworkRecipe, find_recipe
from twinface.recognition.naming import Naming
from twinface.settings import MatchingSettings, Settings

T = TypeVar("T")


def make_recipe(dimension: int) -> NetworkRecipe:
    """That of a network which is not there, with plain cosine: only its vectors are needed."""
    return replace(find_recipe("sface"), name="bench", dimension=dimension, fingerprint="b" * 64)


def make_person(number: int, pictures: int, dimension: int, network: str) -> PersonVectors:
    """Somebody with random vectors."""
    random = np.random.default_rng(number)
    files = tuple(f"/pictures/{number:05}/{picture}.jpg" for picture in range(pictures))
    vectors = random.normal(size=(pictures, dimension)).astype(np.float32)
    return PersonVectors(f"person {number:05}", files, vectors, np.ones(pictures, np.float32), network)


def fill(folder: Path, people: int, pictures: int, dimension: int) -> None:
    """Make the gallery."""
    recipe = make_recipe(dimension)
    gallery = Gallery.open(folder, network=recipe.fingerprint, network_name=recipe.name, create=True)
    with gallery.replacing(recipe.fingerprint, recipe.name) as put:
        for number in range(people):
            put(make_person(number, pictures, dimension, recipe.fingerprint), {})


def clock_ms(work: Callable[[], object]) -> float:
    """How long something takes."""
    before = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - before)


def start_cold(folder: Path, dimension: int) -> dict[str, float]:
    """What a new process needs: in this one."""
    recipe = make_recipe(dimension)
    start_ms = clock_ms(lambda: Naming(folder, None, recipe, MatchingSettings()))
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    read_ms = clock_ms(lambda: Gallery.open(folder, network=recipe.fingerprint))
    return {"cold_start_ms": start_ms, "of_it_read_and_check_ms": read_ms, "peak_mb": peak_mb}


def measure_cold(folder: Path, dimension: int, repeats: int) -> dict[str, list[float]]:
    """`start_cold` in processes of their own."""
    command = [sys.executable, __file__, "--cold", str(folder), "--dimension", str(dimension)]
    runs = [json.loads(subprocess.run(command, capture_output=True, check=True).stdout) for _ in range(repeats)]
    return {what: [run[what] for run in runs] for what in runs[0]}


def measure_changes(folder: Path, people: int, dimension: int, repeats: int) -> dict[str, list[float]]:
    """Times in ms to take up one change of each kind."""
    recipe = make_recipe(dimension)
    naming = Naming(folder, None, recipe, MatchingSettings())
    writer = Gallery.open(folder)
    head = load_head(None, recipe.fingerprint)
    taken: dict[str, list[float]] = {}

    def take_up(what: str) -> None:
        version = naming.gallery_version
        taken.setdefault(what, []).append(clock_ms(naming.refresh))
        if what != "nothing changed" and naming.gallery_version <= version:
            raise RuntimeError(f"not taken up: {what}; {naming.problem}")

    for repeat in range(repeats):
        known, newcomer = f"person {repeat * people // repeats:05}", make_person(people + repeat, 10, dimension, "")
        one = slice(0, 1)
        writer.add(known, newcomer.files[one], newcomer.vectors[one], newcomer.quality[one])
        take_up("a picture added")
        writer.add(newcomer.name, newcomer.files, newcomer.vectors, newcomer.quality)
        take_up("a person added")
        writer.rename(newcomer.name, f"Person {repeat}")
        take_up("a person renamed")
        writer.remove(f"Person {repeat}")
        take_up("a person removed")
        take_up("nothing changed")
        vectors = np.concatenate([person.vectors for person in writer.people.values()])
        taken.setdefault("scorer anew", []).append(clock_ms(lambda: head.prepare(vectors)))  # noqa: B023
    return taken


def measure_adding(folder: Path, people: int, pictures: int, dimension: int) -> dict[str, list[float]]:
    """Times of making a gallery one person after the other, and the last tenth's over the first's."""
    recipe = make_recipe(dimension)
    everybody = [make_person(number, pictures, dimension, recipe.fingerprint) for number in range(people)]
    gallery = Gallery.open(folder, network=recipe.fingerprint, network_name=recipe.name, create=True)

    def add(some: list[PersonVectors]) -> None:
        for person in some:
            gallery.add(person.name, person.files, person.vectors, person.quality)

    return {f"added_one_by_one_{what}": [value] for what, value in clock_tenths(everybody, add).items()}


def measure_enrolling(folder: Path, people: int, pictures: int) -> dict[str, list[float]]:
    """The same past the gate, with vectors of the length that the head in the box is for."""
    recipe, settings = find_recipe("sface"), Settings(gallery=folder)
    random = np.random.default_rng(0)
    everybody = []
    for number in range(people):
        vectors = random.normal(size=recipe.dimension) + 0.3 * random.normal(size=(pictures, recipe.dimension))
        person = replace(make_person(number, pictures, 1, recipe.fingerprint), vectors=vectors.astype(np.float32))
        everybody.append(Applicant(person.name, person=person))
    gallery = Gallery.open(folder, network=recipe.fingerprint, network_name=recipe.name, create=True)
    gate = open_likeness_gate(gallery.snapshot(), recipe, settings)
    results = enrol_people(everybody, gallery, gate, settings, who="bench")

    def enrol(some: list[Applicant]) -> None:
        for _ in some:
            next(results)

    return {f"enrolled_{what}": [value] for what, value in clock_tenths(everybody, enrol).items()}


def clock_tenths(everybody: list[T], work: Callable[[list[T]], object]) -> dict[str, float]:
    """How long it takes for all, a tenth at a time, and for the last tenth as a share of the first's time."""
    tenth = max(len(everybody) // 10, 1)
    parts = [everybody[start : start + tenth] for start in range(0, len(everybody), tenth)]
    times_ms = [clock_ms(partial(work, part)) for part in parts]
    return {"ms": sum(times_ms), "last_tenth_over_first": times_ms[-1] / times_ms[0]}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=1000)
    parser.add_argument("--pictures", type=int, default=10)
    parser.add_argument("--dimension", type=int, default=2048)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    parser.add_argument("--cold", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.cold:
        print(json.dumps(start_cold(arguments.cold, arguments.dimension)))
        return
    with tempfile.TemporaryDirectory(prefix="twinface-bench-") as name:
        os.environ[KEY_VARIABLE] = str(Path(name, "key"))
        folder = Path(name, "gallery")
        fill(folder, arguments.people, arguments.pictures, arguments.dimension)
        cold = measure_cold(folder, arguments.dimension, arguments.repeats)
        adding = measure_adding(Path(name, "added"), arguments.people, arguments.pictures, arguments.dimension)
        adding |= measure_enrolling(Path(name, "enrolled"), arguments.people, arguments.pictures)
        changes = measure_changes(folder, arguments.people, arguments.dimension, arguments.repeats)
    figures = {
        what: {"median": round(statistics.median(found), 1), "worst": round(max(found), 1)}
        for what, found in (
            cold | adding | {f"{what.replace(' ', '_')}_ms": found for what, found in changes.items()}
        ).items()
    }
    report(arguments, figures)


def report(arguments: argparse.Namespace, figures: dict[str, Any]) -> None:
    """Print them."""
    about = {"people": arguments.people, "pictures": arguments.pictures, "dimension": arguments.dimension}
    if arguments.json:
        print(json.dumps({**about, "repeats": arguments.repeats, "figures": figures}))
        return
    console = Console()
    console.print(f"{about['people']} people, {about['pictures']} pictures each, {about['dimension']} numbers a vector")
    table = Table("what", "median", "worst", box=None)
    for what, found in figures.items():
        table.add_row(what.replace("_", " "), f"{found['median']:.1f}", f"{found['worst']:.1f}")
    console.print(table)


if __name__ == "__main__":
    main()

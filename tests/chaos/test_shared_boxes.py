"""Two boxes, each in a network namespace, change people, corrections and events together, and are disturbed."""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from harness import until
from network_namespaces import linked_namespace
from postgres_server import PostgresServer, running_server
from retrained_box import make_people
from shared_boxes import SharedBox, shared_box

from twinface.corrections import read_corrections
from twinface.events.database import reading
from twinface.gallery import Gallery
from twinface.gallery.keys import KEY_VARIABLE
from twinface.postgres.connecting import connect
from twinface.sharing.identity import own_identity
from twinface.sharing.moving import checksum, move_to_database

pytestmark = [pytest.mark.long, pytest.mark.pipeline]

_DISTURBANCES = 20
_ROOT = Path(__file__).resolve().parents[1]
_EVENT = "sequence, kind, subject, camera, name, state, at_ns"


@dataclass
class Site:
    """A box in a network namespace, of the name of its link here, with somebody who works at it."""

    box: SharedBox
    namespace: str
    key: Path
    seed: int

    def act(self) -> SharedBox:
        os.environ[KEY_VARIABLE] = str(self.key)
        return self.box

    def start(self, name: str) -> None:
        """Within the namespace. The matcher has a store of events of its own: the worker is who sees visitors."""
        config, command = self.box.config, ["-P", "-m", f"services.{name}"]
        if name == "matcher":
            config = self.box.folder / "matcher.toml"
            config.write_text(f'{self.box.config.read_text()}[events]\npath = "{self.box.folder}/others.sqlite"\n')
        if name == "worker":
            self.seed += 2
            worker, counts = _ROOT / "sharing_worker.py", self.box.folder / "counts"
            command = [str(worker), str(config), str(self.seed), str(counts)]
        paths = {KEY_VARIABLE: str(self.key), "TWINFACE_CONFIG": str(config), "PYTHONPATH": str(_ROOT)}
        with (self.box.folder / f"{name}.log").open("a") as log:
            self.box.processes[name] = subprocess.Popen(
                ["ip", "netns", "exec", self.namespace, sys.executable, *command],
                env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", **paths},
                stderr=log,
                text=True,
            )

    def signal(self, name: str, number: signal.Signals) -> None:
        self.box.processes[name].send_signal(number)

    def link(self, state: str) -> None:
        subprocess.run(["ip", "link", "set", self.namespace, state], check=True)

    @property
    def people(self) -> tuple[int, str]:
        gallery = Gallery.open(self.act().settings.gallery)
        return len(gallery.people), checksum(gallery.people.values())

    @property
    def said(self) -> list[tuple[Any, ...]]:
        own = own_identity(self.act().settings).id
        found = read_corrections(self.box.settings.gallery)
        return [(one.at_ns, one.box or own, one.name, str(one.kind), one.vector.tobytes()) for one in found]

    @property
    def events(self) -> list[tuple[Any, ...]]:
        with reading(self.box.settings.events_path) as store:
            return [tuple(row) for row in store.execute(f"SELECT {_EVENT} FROM events ORDER BY sequence")]


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    with running_server() as server:
        yield server


@pytest.fixture
def sites(server: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Site]]:
    monkeypatch.setenv(KEY_VARIABLE, "")
    database = server.create_database()
    with ExitStack() as stack:
        found = []
        for number, name in enumerate(("gate", "door")):
            namespace = stack.enter_context(linked_namespace(f"tc{os.getpid()}x{number}", f"10.98.{number}"))
            url = server.url(database, f"10.98.{number}.1")
            box = stack.enter_context(shared_box(tmp_path / name, name, f'url = "{url}"'))
            found.append(Site(box, namespace, tmp_path / name / "key", 1000 + number))
        yield found


def _disturb(rng: random.Random, sites: list[Site], server: PostgresServer) -> str:
    site, pause_s = rng.choice(sites), rng.uniform(1.0, 7.0)
    what = rng.choice(["kill sync", "kill matcher", "kill worker", "kill database", "stop sync", "stop worker", "cut"])
    verb, _, process = what.partition(" ")
    if what == "kill database":
        server.stop("immediate")
        time.sleep(pause_s)
        server.start()
    elif verb == "kill":
        site.box.end(process)
        site.start(process)
    elif verb == "stop":
        site.signal(process, signal.SIGSTOP)
        time.sleep(pause_s)
        site.signal(process, signal.SIGCONT)
    else:
        site.link("down")
        time.sleep(pause_s)
        site.link("up")
    return f"{what}, {site.box.folder.name}, {pause_s:.1f} s"


def test_after_twenty_disturbances_both_boxes_and_the_database_have_the_same(
    sites: list[Site], server: PostgresServer
) -> None:
    gate, door = sites
    gallery = Gallery.open(gate.act().settings.gallery, network=make_people(1)[0].network, create=True)
    for person in make_people(4):
        gallery.add(person.name, person.files, person.vectors, person.quality)
    move_to_database(gate.box.settings)
    for site in sites:
        site.start("sync")
    until((door.box.settings.gallery / "gallery.json").exists, 60.0, "the door to join")
    for site in sites:
        site.start("matcher")
        site.start("worker")
    rng, begun_s = random.Random(25), time.monotonic()
    for number in range(_DISTURBANCES):
        time.sleep(rng.uniform(1.0, 3.0))
        print(f"{number + 1}: {_disturb(rng, sites, server)}", flush=True)
    for site in sites:
        site.box.end("worker", signal.SIGTERM)
    ended_s = time.monotonic()
    url = gate.box.settings.database.url.replace("10.98.0.1", "127.0.0.1")
    with connect(url, "test") as connection:

        def forwarded(site: Site) -> list[tuple[Any, ...]]:
            own = own_identity(site.act().settings).id
            found = connection.execute(f"SELECT {_EVENT} FROM events WHERE box = %s ORDER BY sequence".encode(), [own])
            return found.fetchall()

        def are_equal() -> bool:
            same = gate.people == door.people and gate.said == door.said
            return same and all(forwarded(site) == site.events for site in sites)

        until(are_equal, 60.0, "boxes and database to have the same")
        caught_up_s = time.monotonic() - ended_s
        people = connection.execute("SELECT count(*) FROM people").fetchone()
        said = connection.execute(
            "SELECT at_ns, box, name, kind, vector FROM corrections WHERE kind IS NOT NULL ORDER BY at_ns, digest"
        ).fetchall()
        changes = connection.execute("SELECT count(*) FROM gallery_changes").fetchone()
    assert people == (gate.people[0],)
    assert said == gate.said
    assert all(not Gallery.open(site.act().settings.gallery).verify() for site in sites)
    deeds = Counter(line for site in sites for line in (site.box.folder / "counts").read_text().splitlines())
    print(f"{ended_s - begun_s:.0f} s, equal {caught_up_s:.1f} s later, load {os.getloadavg()[0]:.1f}")
    print(f"{gate.people[0]} people {gate.people[1][:16]}, {len(said)} corrections, changes {changes}")
    print(f"events {[len(site.events) for site in sites]}, deeds {dict(deeds)}")
    assert deeds["said"] > _DISTURBANCES
    assert deeds["seen"] > _DISTURBANCES

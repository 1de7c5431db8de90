"""A box with a camera and no extractor, and one that lends it one, on machines of their own with a cable between them.

The clock of the second is an hour ahead of the first's.
"""

import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from cable import Cable
from harness import until
from two_machines import Machine, two_machines

from twinface.box.accounts import read_links
from twinface.bus.books import Column, read_books
from twinface.messages.topics import CROPS, VECTORS

pytestmark = pytest.mark.pipeline

_BUDGET_MS = 5000.0

Boxes = tuple[Machine, Machine, Cable]


PAGE = Path(__file__).parents[2] / "docs" / "workers.md"
"""What it has people write is what is tried here."""


def _configure(boxes: tuple[Machine, Machine], video: Path) -> None:
    """Both, as the page has them, but for the webcam."""
    for one, written in zip(boxes, re.findall("```toml\n(.*?)```", PAGE.read_text(), re.DOTALL), strict=True):
        body = written.replace('source = "0"', f'source = "{video}"\nloop = true')
        one.config.write_text(f'gallery = "gallery"\nrun_directory = "run"\n[web]\nport = 0\n{body}')


@pytest.fixture
def boxes(shared_data: Path) -> Iterator[Boxes]:
    """The box at the door, which knows two people, and the one in the cellar; each has let the other in."""
    with two_machines(ahead_s=3600) as (door, cellar, cable):
        _configure((door, cellar), shared_data / "video/two_named_people.mp4")
        cellar.command("assets", "sface")
        keys = {one.namespace: one.command("keys", "new").stdout.strip() for one in (door, cellar)}
        door.command("keys", "allow", "cellar", keys[cellar.namespace])
        cellar.command("keys", "allow", "door", keys[door.namespace])
        for person in sorted((shared_data / "video/people").iterdir()):
            door.enrol(person.name, *sorted(person.iterdir()))
        yield door, cellar, cable


def _names(door: Machine) -> int:
    """How many looks have got a name so far."""
    return sum(event["type"] == "match" and event["name"] is not None for event in door.events())


def _latencies_ms(door: Machine, since: int) -> list[float]:
    """From the capture to the name, of each look after so many of them."""
    return [event["latency_ms"] for event in door.events() if event["type"] == "match"][since:]


def _looks(door: Machine) -> int:
    return sum(event["type"] == "match" for event in door.events())


def _done_by(one: Machine, reader: str, link: str) -> int:
    """How many messages of a link all starts of a reader have acknowledged as done, by its own books."""
    ledgers = [read_books(path) for origin, _, path in one.run.list_books() if origin.startswith(reader)]
    accounts = [account for ledger in ledgers for name, account in ledger.items() if name.startswith(f"in {link} ")]
    return sum(account[Column.ANSWERED] for account in accounts)


def _check_books(door: Machine, cellar: Machine, cuts: int) -> None:
    """Of boxes that have stopped: every message is accounted for, by both ends, also of senders that were killed.

    The relay counts what the reader elsewhere did, but for acknowledgements that were on their way at a cut.
    """
    for one in (door, cellar):
        links = read_links(one.run)
        assert all(link.balanced for link in links), links
    crops = sum(link.answered for link in read_links(door.run) if link.topic == "crops")
    vectors = sum(link.answered for link in read_links(cellar.run) if link.peer == "door")
    assert crops > 0
    assert vectors > 0
    assert 0 <= _done_by(cellar, "extractor", "crops") - crops <= cuts * CROPS.window
    assert 0 <= _done_by(door, "matcher", "vectors") - vectors <= cuts * VECTORS.window


def _counter(one: Machine, name: str) -> float:
    (relay,) = [process for process in one.status()["processes"] if process["name"] == "relay"]
    return float(relay["health"]["counters"].get(name, 0)) if relay["health"] else 0.0


def test_faces_are_named_across_a_cut_a_bad_link_and_a_kill(boxes: Boxes) -> None:
    door, cellar, cable = boxes
    cellar.start()
    door.start()
    until(lambda: _names(door), 90.0, "a name")
    assert all(0.0 < one < _BUDGET_MS for one in _latencies_ms(door, 0)), "an hour between the clocks changes no age"

    cellar.cut()
    until(lambda: any("extractor" in problem for problem in door.status()["problems"]), 60.0, "the cut to be noticed")
    before = _names(door)
    cellar.plug_in()
    until(lambda: _names(door) > before, 60.0, "names after the cut")

    for number in (0, 1):
        os.kill(cellar.pid(f"extractor.{number}"), signal.SIGKILL)
    before = _names(door)
    until(lambda: _names(door) > before, 60.0, "names after the kill")

    cable.delay_s, cable.loss = 0.05, 0.01
    since = _looks(door)
    until(lambda: _looks(door) >= since + 40, 90.0, "looks over the bad link")
    ages = _latencies_ms(door, since)
    assert max(ages) < _BUDGET_MS
    assert cable.lost > 0
    half = len(ages) // 2
    assert sorted(ages[half:])[half // 2] < sorted(ages[:half])[half // 2] + 500.0, "ages do not grow"

    cellar.command("keys", "revoke", "door")
    until(lambda: _counter(cellar, "revoked_readers"), 10.0, "the revoked key to be cut off")
    assert (door.stop(), cellar.stop()) == (0, 0), door.logs() + cellar.logs()
    assert door.leftovers() + cellar.leftovers() == []
    _check_books(door, cellar, cuts=6)

"""Two boxes with real processes share a gallery: who is enrolled at one is known at the other, with and without the
database.
"""

import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from harness import TWINFACE, until
from postgres_server import PostgresServer, running_server
from shared_boxes import SharedBox, shared_box

from twinface.box.health_board import HealthBoard
from twinface.gallery import Gallery
from twinface.gallery.gallery_folder import has_people
from twinface.web.metrics import expose


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    with running_server() as server:
        yield server


@pytest.fixture
def boxes(server: PostgresServer, tmp_path: Path) -> Iterator[tuple[SharedBox, SharedBox]]:
    url = server.url(server.create_database())
    with ExitStack() as stack:
        yield tuple(  # type: ignore[misc]
            stack.enter_context(shared_box(tmp_path / name, name, f'url = "{url}"', "events = false"))
            for name in ("gate", "door")
        )


def run(box: SharedBox, *arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    command = [TWINFACE, *map(str, arguments), "--config", str(box.config)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)


def known(box: SharedBox) -> list[str]:
    return list(Gallery.open(box.settings.gallery).people) if has_people(box.settings.gallery) else []


def test_who_is_enrolled_at_one_box_is_known_at_the_other(
    boxes: tuple[SharedBox, SharedBox], server: PostgresServer, portraits: Path
) -> None:
    gate, door = boxes
    assert run(gate, "gallery", "add", "Ada", portraits / "person_a_1.jpg").returncode == 0
    refused = run(gate, "gallery", "move", "--to", "postgres")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "nothing was moved: use --yes" in refused.stderr
    moved = run(gate, "gallery", "move", "--to", "postgres", "--yes")
    assert moved.returncode == 0, moved.stderr
    assert moved.stdout.startswith("1 person, 1 vector, SHA-256 ")
    for box in boxes:
        box.start("sync")
    until(lambda: known(door) == ["Ada"], 60.0, "the door to join")
    door.says("sync", "running")

    assert run(door, "gallery", "add", "Bob", portraits / "person_b_1.jpg").returncode == 0
    stored_s = time.monotonic()
    until(lambda: known(gate) == ["Ada", "Bob"], 60.0, "the gate to hear of Bob")
    print(f"known at the other box after {time.monotonic() - stored_s:.2f} s")

    server.stop("immediate")
    refused = run(gate, "gallery", "add", "Cyd", portraits / "impostor_1.jpg")
    assert refused.returncode != 0
    assert "cannot be reached" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert known(gate) == known(door) == ["Ada", "Bob"]
    door.says("sync", "degraded: the database")
    board = HealthBoard(["sync"])
    board.take(gate.says("sync", "; 1 change refused so far"), 1)
    assert b"twinface_changes_refused_total 1.0\n" in expose(board.readings(), gate.run, gate.settings, "")[0]
    server.start()
    assert run(gate, "gallery", "add", "Cyd", portraits / "impostor_1.jpg").returncode == 0
    until(lambda: known(door) == ["Ada", "Bob", "Cyd"], 60.0, "the door to catch up")
    door.says("sync", "running")

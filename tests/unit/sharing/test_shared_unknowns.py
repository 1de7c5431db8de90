"""Unknown visitors of boxes with one database: one number each, also of who came while it was away."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from psycopg import Connection
from seen_by_boxes import a_look, a_track_that_ends, store

from twinface.settings import UnknownSettings
from twinface.sharing.shared_unknowns import SAY_S, SharedUnknowns
from twinface.types import Vectors
from twinface.unknowns import Unknowns, list_unknowns, remove_unknowns
from twinface.unknowns.numbers import share_numbers, shared_numbers

Meet = Callable[..., None]


def as_they_are(vectors: Vectors, _cameras: Sequence[str], _network: str) -> Vectors:
    return vectors


class Box:
    """A store, the visitors in it, and what shares them; its clock stands until it is put on."""

    def __init__(self, folder: Path, name: str) -> None:
        self.path, self.now_s, self._tracks = folder / f"{name}.sqlite", 0.0, 0
        self.shared = SharedUnknowns(self.path, name, as_they_are, lambda: self.now_s)

    def sees(self, *faces: int) -> None:
        """Have these strangers come, one after the other."""
        for face in faces:
            self._tracks += 1
            looks = tuple(a_look(face, self._tracks, crop) for crop in range(3))
            exit_ = a_track_that_ends(self._tracks)
            store(self.path, exit_, looks=looks)
            Unknowns(self.path, UnknownSettings(), lambda _look: True).take([exit_])

    def shares(self, connection: "Connection[Any]") -> dict[str, int | None]:
        """Let it have its turn a minute later; whom it remembers, and what their number was."""
        self.now_s += 2 * SAY_S
        self.shared.turn(connection)
        return {str(one): one.was for one in list_unknowns(self.path)}


@pytest.fixture
def gate(tmp_path: Path) -> Box:
    return Box(tmp_path, "gate")


@pytest.fixture
def door(tmp_path: Path) -> Box:
    return Box(tmp_path, "door")


def test_a_stranger_at_the_gate_has_the_same_number_at_the_door(
    connection: "Connection[Any]", gate: Box, door: Box
) -> None:
    gate.sees(1, 2, 3)
    assert gate.shares(connection) == {"unknown-1": None, "unknown-2": None, "unknown-3": None}
    door.sees(3, 4)
    assert door.shares(connection) == {"unknown-3": 1, "unknown-4": 2}
    assert door.shared.renumbered == 2
    gate.sees(4)
    assert gate.shares(connection)["unknown-4"] is None


def test_numbers_of_an_outage_are_put_right_afterwards_also_where_they_cross(
    connection: "Connection[Any]", gate: Box, door: Box
) -> None:
    gate.sees(1, 2)
    door.sees(2, 1, 5)
    gate.shares(connection)
    assert door.shares(connection) == {"unknown-1": 2, "unknown-2": 1, "unknown-3": None}
    tracks = {str(one): {key.track for key in one.tracks} for one in list_unknowns(door.path)}
    assert tracks == {"unknown-1": {2}, "unknown-2": {1}, "unknown-3": {3}}


def test_a_number_that_somebody_new_has_by_chance_is_left_to_whom_it_is_given(
    connection: "Connection[Any]", gate: Box, door: Box
) -> None:
    gate.sees(1, 2)
    gate.shares(connection)
    door.sees(2)
    door.shares(connection)
    door.sees(3)
    assert set(door.shares(connection)) == {"unknown-2", "unknown-3"}
    gate.sees(3)
    assert set(gate.shares(connection)) == {"unknown-1", "unknown-2", "unknown-3"}


def test_the_same_turn_twice_changes_nothing(connection: "Connection[Any]", gate: Box) -> None:
    gate.sees(1, 2)
    before = gate.shares(connection)
    assert gate.shares(connection) == before
    assert connection.execute("SELECT count(*) FROM unknowns").fetchone() == (2,)


def test_who_is_forgotten_at_every_box_goes_and_not_before(connection: "Connection[Any]", gate: Box, door: Box) -> None:
    for box in (gate, door):
        box.sees(1)
        box.shares(connection)
    remove_unknowns(gate.path, [1])
    gate.shares(connection)
    assert connection.execute("SELECT number FROM unknowns").fetchall() == [(1,)]
    remove_unknowns(door.path, [1])
    door.shares(connection)
    assert connection.execute("SELECT number FROM unknowns").fetchall() == []


def test_whom_an_old_backup_of_the_database_lacks_is_told_again(connection: "Connection[Any]", gate: Box) -> None:
    gate.sees(1, 2)
    gate.shares(connection)
    connection.execute("DELETE FROM unknowns WHERE number = 1")
    gate.shares(connection)
    assert set(gate.shares(connection)) == {"unknown-2", "unknown-3"}
    (row,) = connection.execute("SELECT vectors FROM unknowns WHERE number = 3").fetchall()
    assert np.frombuffer(row[0], "<f4").size == 3 * 8


def test_who_came_meanwhile_gives_way_to_whom_a_number_is_given(gate: Box) -> None:
    gate.sees(1, 2)
    share_numbers(gate.path, {1: 2})
    tracks = {str(one): ({key.track for key in one.tracks}, one.was) for one in list_unknowns(gate.path)}
    assert tracks == {"unknown-2": ({1}, 1), "unknown-3": ({2}, 2)}
    assert shared_numbers(gate.path) == [2]

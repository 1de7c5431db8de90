"""Unknown visitors in the database of events; who changes them, matcher or command, does it in one transaction.

Which one a face is: leader clustering, one pass, by the cosine of templates.
"""

import sqlite3
from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from twinface.errors import NotThereError
from twinface.events.database import ERASE_EMPTY_UNKNOWNS, STORED_NS, changing, is_there, reading
from twinface.events.event import Event, Kind, LookRecord, Subject, TrackKey
from twinface.events.look_queries import SELECT, select_looks, to_look
from twinface.events.retention import read_age_clock
from twinface.matching.vectors import fuse, normalised
from twinface.settings import UnknownSettings
from twinface.types import State, Vectors

SAME_UNKNOWN_COSINE = 0.5
"""Of the templates of two visits of one person, at least. What it mixes and splits: docs/decisions/unknowns.md."""

LEAST_GOOD_LOOKS = 2
"""A track has to give so many to be remembered."""

COMPARED_LOOKS = 8
"""Of each, the newest: people change, and none costs more than another."""

_PUT_BACK_NS = 86_400 * 10**9
"""Who is seen next was not seen earlier by so much, unless the clock was put back."""

_OF_NETWORK = "SELECT number FROM strangers WHERE network = ?"
_NEWEST_LOOKS = f"SELECT camera, vector FROM looks WHERE stranger = ? ORDER BY {STORED_NS} DESC LIMIT ?"  # noqa: S608
_SIGHTINGS = f"""
    SELECT stranger, network, camera, stream, track, min(at_ns), max(at_ns) FROM looks WHERE stranger IS NOT NULL
    GROUP BY stranger, network, camera, stream, track ORDER BY stranger, min({STORED_NS}), min(at_ns)
"""  # noqa: S608
_MARK = "UPDATE looks SET stranger = ? WHERE camera = ? AND stream = ? AND track = ? AND crop = ?"
# Of each visitor by the index of looks: a busy door has tens of thousands of them, of few visitors.
_LATEST_NS = f"(SELECT {STORED_NS} FROM looks WHERE stranger = number ORDER BY {STORED_NS} DESC LIMIT 1)"  # noqa: S608
_LET_GO_OLD = f"""
    UPDATE looks SET stranger = NULL WHERE stranger IN (SELECT number FROM strangers WHERE {_LATEST_NS} < ?)
"""  # noqa: S608
_LET_GO_MANY = f"""
    UPDATE looks SET stranger = NULL WHERE stranger IN
        (SELECT number FROM strangers ORDER BY {_LATEST_NS} DESC, number DESC LIMIT -1 OFFSET ?)
"""  # noqa: S608


def nearest_unknown(vectors: Vectors, unknowns: Mapping[int, Vectors]) -> int | None:
    """Which of the `unknowns`, by number their vectors (n, d), the `vectors` (m, d) of a track show; None for none."""
    if not unknowns:
        return None
    numbers = list(unknowns)
    templates = normalised(np.stack([fuse(unknowns[number]) for number in numbers]))
    cosines = templates @ normalised(fuse(vectors)[np.newaxis])[0]
    best = int(cosines.argmax())
    return numbers[best] if cosines[best] >= SAME_UNKNOWN_COSINE else None


@dataclass(frozen=True, slots=True)
class Unknown:
    """An unknown visitor. `visits` are apart by the cool-down of events; `camera` saw them last. `was` is their number
    here before all boxes gave them one.
    """

    number: int
    network: str
    visits: int
    since_ns: int
    until_ns: int
    camera: str
    tracks: tuple[TrackKey, ...]
    was: int | None = None

    def __str__(self) -> str:
        return unknown_id(self.number)


def unknown_id(number: int) -> str:
    """How an unknown visitor is printed and typed, `unknown-7`."""
    return f"unknown-{number}"


Centre = Callable[[Vectors, Sequence[str]], Vectors]
"""Takes off vectors (n, d) what each has of its camera, by the names of the cameras (n)."""


def as_they_are(vectors: Vectors, _cameras: Sequence[str]) -> Vectors:
    """The vectors (n, d), whatever the cameras."""
    return vectors


class Unknowns:
    """Takes events once they are stored, and finds out who it was of the tracks that ended unknown.

    `is_good` says which looks are fit to remember somebody by; they are compared as `centre` makes them.
    """

    def __init__(
        self,
        path: Path,
        settings: UnknownSettings,
        is_good: Callable[[LookRecord], bool],
        centre: Centre = as_they_are,
    ) -> None:
        self._path = path
        self._settings = settings
        self._is_good = is_good
        self._centre = centre

    def take(self, events: Sequence[Event]) -> None:
        """Take events in their order. Raises ArtefactError when the database cannot be written."""
        ended = [
            event.key
            for event in events
            if event.key and (event.subject, event.kind, event.state) == (Subject.TRACK, Kind.EXIT, State.UNKNOWN)
        ]
        if self._settings.count and ended:
            with changing(self._path, "unknown visitors cannot be remembered") as connection:
                for key in ended:
                    self._meet(connection, key)
                if (clock := read_age_clock(connection)) is not None:
                    connection.execute(_LET_GO_OLD, [clock.stored_before_ns(self._settings.keep_days)])
                connection.execute(_LET_GO_MANY, [self._settings.count])
                connection.execute(ERASE_EMPTY_UNKNOWNS)

    def _meet(self, connection: sqlite3.Connection, key: TrackKey) -> None:
        looks = select_looks(connection, [key])
        good = [look for look in looks if look.face == looks[-1].face and self._is_good(look)]
        if len(good) < LEAST_GOOD_LOOKS or any(look.unknown for look in looks):
            return
        network = good[0].network
        known = {
            number: self._centre(vectors, cameras) for number, (vectors, cameras) in _looks(connection, network).items()
        }
        seen = self._centre(np.stack([look.vector for look in good]), [look.key.camera for look in good])
        number = nearest_unknown(seen, known)
        if number is None:
            number = connection.execute("INSERT INTO strangers (network) VALUES (?)", [network]).lastrowid
        connection.executemany(_MARK, [(number, *look.key, look.crop) for look in good])


def list_unknowns(path: Path, cool_down_s: float = 0.0, *, without: Container[TrackKey] = ()) -> list[Unknown]:
    """Everybody who is remembered, in the order of their numbers; tracks with no more than `cool_down_s` between them
    are of one visit. Tracks in `without` are passed over, and who was seen in no other one.

    Raises ArtefactError as `read_events` does.
    """
    if not is_there(path):
        return []
    with reading(path) as connection:
        rows = connection.execute(_SIGHTINGS).fetchall()
        was = dict(connection.execute("SELECT number, was FROM strangers"))
    sightings: dict[tuple[int, str], list[tuple[TrackKey, int, int]]] = defaultdict(list)
    for number, network, camera, stream, track, since_ns, until_ns in rows:
        if (key := TrackKey(camera, stream, track)) not in without:
            sightings[number, network].append((key, since_ns, until_ns))
    found = [_unknown(*who, seen, int(cool_down_s * 1e9)) for who, seen in sightings.items()]
    return [replace(one, was=was.get(one.number)) for one in found]


def find_unknown(path: Path, text: str) -> Unknown:
    """The visitor who is written `unknown-7`. Raises NotThereError when there is none, ArtefactError as `reading`."""
    for one in list_unknowns(path):
        if str(one) == text:
            return one
    raise NotThereError(f"nobody is remembered as {text!r}; `twinface unknowns` lists who is")


def unknown_looks(path: Path, number: int) -> list[LookRecord]:
    """The good looks of an unknown visitor, in the order they were taken. Raises ArtefactError as `reading`."""
    with reading(path) as connection:
        return [to_look(row) for row in connection.execute(f"{SELECT} WHERE stranger = ? ORDER BY at_ns", [number])]


def remove_unknowns(path: Path, numbers: Iterable[int]) -> int:
    """Forget that tracks show one person; their events and looks stay. Returns how many visitors were known."""
    with changing(path, "unknown visitors cannot be removed") as connection:
        connection.executemany("UPDATE looks SET stranger = NULL WHERE stranger = ?", [[one] for one in numbers])
        return connection.execute(ERASE_EMPTY_UNKNOWNS).rowcount


def forget_unknowns_like(path: Path, vectors: Vectors, network: str, *, dry_run: bool = False) -> int:
    """Erase the unknown visitors who may be the person of the `vectors` (n, d), with their looks; returns how many.

    A dry run erases nobody.
    """
    if not is_there(path):
        return 0
    with changing(path, "unknown visitors cannot be erased", dry_run=dry_run) as connection:
        unit = normalised(vectors)
        alike = [
            [number]
            for number, (others, _) in _looks(connection, network).items()
            if (unit @ normalised(others).T).max() >= SAME_UNKNOWN_COSINE
        ]
        connection.executemany("DELETE FROM looks WHERE stranger = ?", alike)
        return connection.execute(ERASE_EMPTY_UNKNOWNS).rowcount


def _looks(connection: sqlite3.Connection, network: str) -> dict[int, tuple[Vectors, list[str]]]:
    """Of each unknown visitor the vectors (n, d) of the newest looks, and the camera of each."""
    numbers = [number for (number,) in connection.execute(_OF_NETWORK, [network]).fetchall()]
    found = {number: newest_looks(connection, number) for number in numbers}
    return {number: looks for number, looks in found.items() if looks is not None}


def newest_looks(connection: sqlite3.Connection, number: int) -> tuple[Vectors, list[str]] | None:
    """The vectors (n, d) of the newest looks of a visitor, and the camera of each; None where there are none."""
    looks = connection.execute(_NEWEST_LOOKS, [number, COMPARED_LOOKS]).fetchall()
    if not looks:
        return None
    return np.stack([np.frombuffer(vector, "<f4") for _, vector in looks]), [camera for camera, _ in looks]


def _unknown(number: int, network: str, seen: list[tuple[TrackKey, int, int]], cool_down_ns: int) -> Unknown:
    visits, until_ns = 0, 0
    for _, since_ns, last_ns in seen:
        gap_ns = since_ns - until_ns
        if not visits or gap_ns > cool_down_ns or gap_ns < -_PUT_BACK_NS:
            visits, until_ns = visits + 1, last_ns
        until_ns = max(until_ns, last_ns)
    latest, _, last_ns = seen[-1]
    return Unknown(number, network, visits, seen[0][1], last_ns, latest.camera, tuple(key for key, *_ in seen))

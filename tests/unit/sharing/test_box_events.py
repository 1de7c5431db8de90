"""What happened at all boxes, in one real database: order, filters, and people who are at two boxes at once."""

from pathlib import Path
from typing import Any

import pytest
from psycopg import Connection
from seen_by_boxes import NOW_NS, a_look, a_track_that_ends, an_event, forward, join

from twinface.errors import InputError
from twinface.events import EventQuery, Kind
from twinface.events.event import NameSpan
from twinface.sharing.box_events import read_all_events
from twinface.sharing.face_search import search_face

SECOND_NS = 10**9

EVERYTHING = EventQuery()
Rows = list[tuple[Any, ...]]


def seen(
    connection: "Connection[Any]", query: EventQuery = EVERYTHING, box: str | None = None
) -> list[tuple[Any, ...]]:
    found = read_all_events(connection, query, box)
    return [(one.box_name, one.event.name, one.event.kind, *one.also_at) for one in found]


def test_events_of_all_boxes_are_in_the_order_of_time_and_of_one_on_request(
    connection: "Connection[Any]", tmp_path: Path
) -> None:
    join(connection, gate="g", door="d")
    forward(connection, tmp_path, "d", an_event(at_ns=NOW_NS + 1), an_event(at_ns=NOW_NS + 3, name="Bo"))
    forward(connection, tmp_path, "g", an_event(at_ns=NOW_NS + 2, name="Cy"))
    everything = [("door", "Anna", Kind.ENTER), ("gate", "Cy", Kind.ENTER), ("door", "Bo", Kind.ENTER)]
    assert seen(connection) == everything
    assert seen(connection, EventQuery(limit=1)) == everything[2:]
    assert seen(connection, box="gate") == seen(connection, box="g") == everything[1:2]
    with pytest.raises(InputError, match="no box is called 'yard'; there are door, gate"):
        seen(connection, box="yard")
    with pytest.raises(InputError, match="--since"):
        seen(connection, EventQuery(after=1))


def test_filters_are_those_of_one_box(connection: "Connection[Any]", tmp_path: Path) -> None:
    anna, bo = an_event(), an_event(Kind.EXIT, name="Bo", camera="yard", at_ns=NOW_NS + 5)
    forward(connection, tmp_path, "a", anna, bo, a_track_that_ends())
    queries = {
        "anna": EventQuery(names=(NameSpan("Anna"),)),
        "nobody": EventQuery(names=()),
        "yard": EventQuery(camera="yard"),
        "exit": EventQuery(kind=Kind.EXIT, faces=False),
        "late": EventQuery(since_ns=NOW_NS + 1),
        "track": EventQuery(track=a_look().key),
        "once Anna": EventQuery(names=(NameSpan("Anna", until_ns=NOW_NS),)),
    }
    found = {word: [one[1] for one in seen(connection, query)] for word, query in queries.items()}
    assert found == {
        "anna": ["Anna"],
        "nobody": [],
        "yard": ["Bo"],
        "exit": ["Bo"],
        "late": ["Bo"],
        "track": [None],
        "once Anna": [],
    }


def test_who_is_at_two_boxes_at_once_is_flagged_until_one_of_the_visits_ends(
    connection: "Connection[Any]", tmp_path: Path
) -> None:
    join(connection, gate="g", door="d")
    begun, ended = NOW_NS, NOW_NS + 20 * SECOND_NS
    forward(connection, tmp_path, "g", an_event(at_ns=begun), an_event(Kind.EXIT, at_ns=ended, since_ns=begun))
    forward(connection, tmp_path, "d", an_event(at_ns=begun + SECOND_NS), an_event(name="Bo", at_ns=begun + SECOND_NS))
    forward(connection, tmp_path, "d", an_event(at_ns=ended + SECOND_NS))
    assert [one[0::3] for one in seen(connection, EventQuery(names=(NameSpan("Anna"),)))] == [
        ("gate",),
        ("door", "gate"),
        ("gate",),
        ("door",),
    ]
    assert ("door", "Bo", Kind.ENTER) in seen(connection)


@pytest.mark.parametrize(("ahead_s", "flagged"), [(0, False), (3600, True)])
def test_clocks_that_are_an_hour_apart_are_put_right_first(
    connection: "Connection[Any]", tmp_path: Path, ahead_s: int, flagged: bool
) -> None:
    join(connection, gate="g", door="d")
    connection.execute("UPDATE boxes SET clock_ahead_s = %s WHERE id = 'd'", [ahead_s])
    hour_ns = 3600 * SECOND_NS
    forward(connection, tmp_path, "g", an_event(), an_event(Kind.EXIT, at_ns=NOW_NS + 20 * SECOND_NS, since_ns=NOW_NS))
    forward(connection, tmp_path, "d", an_event(at_ns=NOW_NS + hour_ns + SECOND_NS))
    assert (("door", "Anna", Kind.ENTER, "gate") in seen(connection)) == flagged


def test_a_face_is_found_at_every_box_that_saw_it(connection: "Connection[Any]", tmp_path: Path) -> None:
    join(connection, gate="g", door="d")
    for box, seed in (("g", 1), ("d", 1), ("x", 2)):
        looks = tuple(a_look(seed, crop=crop) for crop in range(3))
        forward(connection, tmp_path, box, a_track_that_ends(), looks=looks)
    probe = a_look(1, track=9).vector[None]
    found = search_face(connection, probe, "a" * 64)
    assert [one.box for one in found][:2] in (["gate", "door"], ["door", "gate"])
    assert found[1].cosine > 0.9 > found[2].cosine
    assert len(search_face(connection, probe, "a" * 64, limit=1)) == 1
    assert search_face(connection, probe, "b" * 64) == search_face(connection, probe, "a" * 64, until_ns=NOW_NS) == []
    plan = connection.execute("SELECT indexdef FROM pg_indexes WHERE indexname LIKE 'looks_alike%'").fetchall()
    assert len(plan) == 1

"""Who is where, by events alone."""

import pytest
from mqtt_house import track, visit

from twinface.events import Event, Kind
from twinface.gallery.person import slug_of
from twinface.mqtt.whereabouts import LastSeen, Presence


def after(*events: Event, presence: Presence | None = None) -> Presence:
    presence = presence or Presence()
    for event in events:
        presence.take(event)
    return presence


def test_a_camera_without_faces_says_nobody() -> None:
    nothing = {"who": "nobody", "people": [], "count": 0, "unknown": False, "last": None}
    assert Presence().camera("door") == nothing


def test_faces_in_sight_are_counted_and_named() -> None:
    presence = after(
        track(Kind.ENTER, 1),
        track(Kind.ENTER, 2),
        track(Kind.ENTER, 3),
        track(Kind.UPDATE, 1, "Bob"),
        track(Kind.UPDATE, 2, "Ada"),
        track(Kind.UPDATE, 3),
        track(Kind.ENTER, 1, camera="hall"),
    )
    state = presence.camera("door")
    assert (state["who"], state["count"], state["unknown"]) == ("Ada, Bob", 3, True)
    assert [one["id"] for one in state["people"]] == [slug_of("Ada"), slug_of("Bob")]
    presence.take(track(Kind.EXIT, 3))
    presence.take(track(Kind.EXIT, 2, "Ada"))
    state = presence.camera("door")
    assert (state["who"], state["count"], state["unknown"]) == ("Bob", 1, False)


def test_somebody_is_present_as_long_as_a_visit_anywhere_goes_on() -> None:
    presence = after(visit(Kind.ENTER, "Ada", 1), visit(Kind.ENTER, "Ada", 2, camera="hall"))
    presence.take(visit(Kind.EXIT, "Ada", 3))
    state = presence.person("Ada")
    assert (state["present"], state["cameras"], state["camera"]) == (True, ["hall"], "door")
    assert state["last_seen"] == "2027-01-15T08:00:03.000+00:00"
    presence.take(visit(Kind.EXIT, "Ada", 4, camera="hall"))
    assert presence.person("Ada")["present"] is False


def test_who_was_never_seen_is_nowhere() -> None:
    state = Presence().person("日本")
    assert (state["present"], state["camera"], state["last_seen"]) == (False, None, None)


def test_what_is_known_already_changes_nothing() -> None:
    numbered = [Event(**{**vars_of(track(Kind.ENTER)), "sequence": 3}), visit(Kind.ENTER, "Ada")]
    presence = Presence.of(numbered, 5, {"Bob": LastSeen(1, "hall")})
    presence.changed_cameras.clear()
    presence.take(Event(**{**vars_of(track(Kind.EXIT)), "sequence": 4}))
    assert presence.camera("door")["count"] == 1
    assert presence.changed_cameras == set()
    presence.take(Event(**{**vars_of(track(Kind.EXIT)), "sequence": 6}))
    assert (presence.camera("door")["count"], presence.changed_cameras) == (0, {"door"})


def test_an_older_sighting_does_not_replace_a_newer_one() -> None:
    presence = after(track(Kind.UPDATE, 9, "Ada"), track(Kind.UPDATE, 2, "Ada", camera="hall"))
    assert presence.person("Ada")["camera"] == "door"
    presence.forget(["Bob"])
    assert presence.person("Ada")["last_seen"] is None


@pytest.mark.parametrize("people", [60])
def test_a_state_is_not_longer_than_home_assistant_takes(people: int) -> None:
    presence = after(*(track(Kind.UPDATE, number, f"person {number:03}") for number in range(people)))
    assert len(presence.camera("door")["who"]) == 255
    assert len(presence.camera("door")["people"]) == people


def vars_of(event: Event) -> dict[str, object]:
    return {name: getattr(event, name) for name in event.__slots__}

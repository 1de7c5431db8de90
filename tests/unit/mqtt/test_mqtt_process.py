"""The real process on a real broker: what arrives, what stands there, and what holds when either is stopped."""

import json
import signal
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness import until
from mqtt_house import House, Listener, Mosquitto, house, needs_mosquitto, track, visit

from twinface.events import Kind
from twinface.gallery import Gallery
from twinface.gallery.person import slug_of
from twinface.gallery.person_files import crop_key

pytestmark = needs_mosquitto

EVENTS, STATUS, DOOR = "twinface/box/events", "twinface/box/status", "twinface/box/camera/door/state"
BOTH = ("double_take = true", "frigate = true")


def person(name: str) -> str:
    return f"twinface/box/person/{slug_of(name)}/state"


def numbers(listener: Listener) -> list[int]:
    """Of the events in the order in which they came; each has one id, however often it comes."""
    events = [json.loads(one.payload) for one in listener.of(EVENTS)]
    assert len({one["id"] for one in events}) == len({one["number"] for one in events})
    return [one["number"] for one in events]


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path) as broker:
        yield broker


@pytest.fixture
def listener(broker: Mosquitto) -> Iterator[Listener]:
    listener = Listener(broker.port)
    yield listener
    listener.close()


@pytest.fixture
def box(tmp_path: Path, broker: Mosquitto, listener: Listener) -> Iterator[House]:
    """Ada is enrolled, and the broker has heard of the box."""
    with house(tmp_path, f"port = {broker.port}", *BOTH, start=False) as box:
        box.enrol("Ada")
        box.start()
        until(lambda: listener.last(person("Ada")), 60.0, "Ada's state")
        yield box


def test_what_happens_arrives_and_stands_as_it_is_now_for_whoever_comes_later(
    box: House, broker: Mosquitto, listener: Listener
) -> None:
    assert listener.last(STATUS) == "online"
    assert listener.json(DOOR)["who"] == "nobody"
    assert listener.json(person("Ada"))["present"] is False
    box.happens(track(Kind.ENTER, 1), track(Kind.ENTER, 2))
    box.happens(track(Kind.UPDATE, 1, "Ada"), visit(Kind.ENTER, "Ada", 1), track(Kind.UPDATE, 2))
    until(lambda: len(listener.of(EVENTS)) == 5, 60.0, "the events")
    until(lambda: listener.json(DOOR)["unknown"], 60.0, "the states")
    assert numbers(listener) == [1, 2, 3, 4, 5]
    assert (listener.json(DOOR)["who"], listener.json(DOOR)["count"]) == ("Ada", 2)
    until(lambda: listener.json(person("Ada"))["present"], 60.0, "Ada to be present")
    assert listener.json("double-take/matches/Ada")["match"]["name"] == "Ada"
    assert [json.loads(one.payload)["name"] for one in listener.of("frigate/tracked_object_update")] == ["Ada", None]
    entity = "homeassistant/sensor/twinface_box/camera_door_who/config"
    assert listener.json(entity)["state_topic"] == DOOR
    before = len(listener.of(entity))
    listener.publish("homeassistant/status", "online")
    until(lambda: len(listener.of(entity)) > before, 60.0, "the entity again")
    later = Listener(broker.port, "later", "twinface/#")
    until(lambda: later.last(DOOR) and later.last(person("Ada")), 60.0, "what is retained")
    until(lambda: later.last(STATUS), 60.0, "the status")
    assert [later.of(topic)[0].retained for topic in (STATUS, DOOR, person("Ada"))] == [True, True, True]
    assert later.of(EVENTS) == []
    later.close()


def test_a_killed_process_is_offline_within_a_second_and_goes_on_where_it_was(
    box: House, broker: Mosquitto, listener: Listener
) -> None:
    box.happens(track(Kind.ENTER, 1), track(Kind.UPDATE, 1, "Ada"), visit(Kind.ENTER, "Ada"))
    until(lambda: len(listener.of(EVENTS)) == 3, 60.0, "the events")
    until(lambda: listener.json(person("Ada"))["present"], 60.0, "Ada to be present")
    killed_s = time.monotonic()
    box.kill()
    until(lambda: listener.last(STATUS) == "offline", 60.0, "the will")
    assert listener.of(STATUS)[-1].at_s - killed_s < 1.0
    box.happens(track(Kind.ENTER, 2), track(Kind.EXIT, 1, "Ada"))
    box.start()
    until(lambda: len({*numbers(listener)}) == 5, 60.0, "what happened meanwhile")
    until(lambda: listener.json(DOOR)["who"] == "nobody", 60.0, "the door's state")
    assert listener.json(DOOR)["count"] == 1
    assert listener.json(person("Ada"))["present"] is True
    broker.send(signal.SIGSTOP)
    box.happens(track(Kind.EXIT, 2))
    until(lambda: (beat := box.heartbeat()) and beat.gauges.get("events_waiting") == 1, 60.0, "what was sent to wait")
    box.kill()
    broker.kill()
    broker.start()
    started_s = time.monotonic()
    box.start()
    until(lambda: len({*numbers(listener)}) == 6, 60.0, "what neither side had acknowledged")
    online = "the box to be online again"
    until(lambda: (last := listener.of(STATUS)[-1]).payload == "online" and last.at_s > started_s, 60.0, online)
    assert box.kill(signal.SIGTERM) == 0
    until(lambda: listener.last(STATUS) == "offline", 60.0, "a box that was stopped to be offline")


def test_nothing_is_lost_or_sent_for_good_twice_while_the_broker_is_paused_and_killed(
    box: House, broker: Mosquitto, listener: Listener
) -> None:
    number = 0

    def more(count: int) -> None:
        nonlocal number
        for _ in range(count):
            number += 1
            box.happens(track(Kind.ENTER, number))

    more(40)
    broker.send(signal.SIGSTOP)
    more(150)
    broker.send(signal.SIGCONT)
    more(40)
    broker.kill()
    more(150)
    box.waits_for("nothing listens there; check [mqtt] host and port")
    broker.start()
    more(40)
    wanted = {*range(1, number + 1)}
    until(lambda: {*numbers(listener)} >= wanted, 120.0, "all events")
    assert {*numbers(listener)} == wanted
    twice = [one for one, times in Counter(numbers(listener)).items() if times > 1]
    assert len(twice) <= 50, "only what was on its way when the broker was killed comes twice, under its id"
    until(lambda: (beat := box.heartbeat()) and beat.gauges.get("events_waiting") == 0, 60.0, "all to be acknowledged")
    assert box.waits_for("running").gauges["events_passed_over"] == 0


def test_who_is_renamed_or_forgotten_is_so_on_the_broker_too(box: House, broker: Mosquitto, listener: Listener) -> None:
    gallery = Gallery.open(box.folder / "gallery")
    key = crop_key(gallery.people["Ada"].vectors[0])
    entity = f"homeassistant/device_tracker/twinface_box/person_{key}_tracker/config"
    assert until(lambda: listener.json(entity), 60.0, "Ada's entity")["device"]["name"] == "Ada"
    gallery.rename("Ada", "日本")
    until(lambda: listener.json(person("日本")), 60.0, "the new name")
    until(lambda: listener.last(person("Ada")) == "", 60.0, "the old name to go")
    renamed = listener.json(entity)
    assert (renamed["device"]["name"], renamed["state_topic"]) == ("日本", person("日本"))
    box.kill()
    box.enrol("#", "+/x")
    gallery.refresh()
    gallery.remove("日本")
    box.start()
    until(lambda: listener.last(person("日本")) == "", 60.0, "whoever was removed meanwhile to go")
    until(lambda: listener.last(entity) == "", 60.0, "their entity to go")
    for name in ("#", "+/x"):
        until(lambda name=name: listener.json(person(name)), 60.0, name)
        assert listener.json(person(name))["name"] == name
    later = Listener(broker.port, "later", "twinface/box/person/#")
    until(lambda: len(later.heard) == 2, 60.0, "what is retained")
    later.close()


def test_the_button_has_a_head_trained_and_a_press_that_was_kept_does_not(box: House, listener: Listener) -> None:
    box.kill()
    listener.publish("twinface/box/command/retrain", "retrain", retain=True)
    box.start()
    until(lambda: listener.json("twinface/box/state"), 60.0, "the state of the box")
    assert listener.json("twinface/box/state")["retraining"] == {"state": "idle", "detail": ""}
    listener.publish("twinface/box/command/retrain", "retrain")
    until(lambda: listener.json("twinface/box/state")["retraining"]["state"] == "failed", 60.0, "the press to be taken")
    assert "nothing is running" in listener.json("twinface/box/state")["retraining"]["detail"]


def test_a_broker_that_lets_nothing_be_written_is_said_and_nothing_is_taken_as_sent(tmp_path: Path) -> None:
    rights = tmp_path / "acl"
    rights.write_text("topic read #\n")
    with Mosquitto(tmp_path, f"acl_file {rights}") as broker, house(tmp_path, f"port = {broker.port}") as box:
        box.waits_for("running")
        box.happens(track(Kind.ENTER))
        box.waits_for("it takes no messages at twinface/box (Not authorized); allow its user to write there")
        until(lambda: (beat := box.heartbeat()) and beat.gauges.get("events_waiting") == 1, 60.0, "the event to wait")


def test_two_boxes_of_one_name_say_so(box: House, broker: Mosquitto, tmp_path: Path) -> None:
    folder = tmp_path / "other"
    folder.mkdir()
    with house(folder, f"port = {broker.port}") as other:
        for one in (box, other):
            one.waits_for("degraded: 127.0.0.1")
            assert "another box is called 'box' there; set another box for one of them" in one.waits_for("box").detail

"""Notifications by the real apprise, to a real server: who is notified of what, how often, and with which picture."""

import base64
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from harness import until
from sent_events import Store, make_event
from web_receiver import Receiver, receiving

from twinface.delivery.configured import check_targets
from twinface.delivery.courier import Courier
from twinface.delivery.notification import NotifyTarget
from twinface.errors import MissingExtraError, SettingsError
from twinface.events import Event, EventStore, Kind, LookRecord, Outbox, TrackKey
from twinface.events.deliveries import Delivery, DeliveryState, note_delivery, read_deliveries
from twinface.events.outbox import read_backlogs
from twinface.settings import NotifySettings, Settings

_HOUR_NS = 3600 * 10**9


def notify(path: Path, receiver: Receiver | str = "json://127.0.0.1:9/", **fields: Any) -> NotifyTarget:
    url = receiver if isinstance(receiver, str) else receiver.url.replace("http:", "json:")
    return NotifyTarget(NotifySettings(**{"name": "phone", "url": url, **fields}), path)


def lately(name: str | None = "Ada", kind: Kind = Kind.ENTER, ago_s: float = 0.0, **fields: Any) -> Event:
    return make_event(name, kind, at_ns=time.time_ns() - int(ago_s * 1e9), **fields)


def look(crop: int, quality: float, picture: bytes | None) -> LookRecord:
    key = TrackKey("door", 1_800_000_000_000_000_001, 1)
    vector = np.ones(4, np.float32)
    return LookRecord(key, crop, 0, 1000, 1, "a" * 64, vector, quality, "known", "Ada", 0.9, picture=picture)


def test_who_comes_is_said_once_and_who_is_not_meant_is_not(path: Path, store: Store) -> None:
    Outbox(path, "notify:phone").close()
    store(
        lately("Ada"),
        lately("Ada", camera="yard"),
        lately("Bob"),
        lately(None),
        lately(None, Kind.STAYED, duration_s=30.0),
        lately("Ada", Kind.EXIT),
        lately("Cy", ago_s=7200.0),
    )
    with receiving() as receiver:
        for _ in range(2):  # started again it still knows what it has sent
            courier = Courier(path, notify(path, receiver))
            courier.start()
            until(lambda: read_backlogs(path)["notify:phone"].waiting == 0, 20.0, "all events to be looked at")
            courier.stop()
            courier.join()
            store(lately("Bob"))
    assert [one.event["message"] for one in receiver.posted] == [
        "Ada at door, first time today",
        "Bob at door, first time today",
        "Somebody unknown at door for 30 s",
    ]
    assert {one.event["title"] for one in receiver.posted} == {"twinface"}
    assert read_deliveries(path) == [], "what was sent is remembered, and waits for nothing"


def _sent(path: Path, event: Event) -> None:
    note_delivery(path, Delivery("notify:phone", event, DeliveryState.TAKEN, 1, event.at_ns))


def test_so_long_nothing_more_is_said_of_a_person(path: Path, store: Store) -> None:
    (number,) = store(lately("Ada", ago_s=300.0))
    _sent(path, lately("Ada", sequence=number))
    target = notify(path, minutes=10.0)
    assert not target.wants(lately("Ada", sequence=9))
    assert target.wants(lately("Bob", sequence=9))
    assert notify(path, minutes=4.0).wants(lately("Ada", sequence=9))
    assert notify(path, name="desk").wants(lately("Ada", sequence=9)), "another one counts for itself"


def test_unknown_ones_are_counted_at_each_camera(path: Path, store: Store) -> None:
    (number,) = store(lately(None, Kind.STAYED))
    _sent(path, lately(None, sequence=number))
    assert not notify(path).wants(lately(None, Kind.STAYED, sequence=9))
    assert notify(path).wants(lately(None, Kind.STAYED, camera="yard", sequence=9))


def test_only_the_first_time_of_a_day_at_these_cameras(path: Path, store: Store) -> None:
    _, first, again = store(lately("Ada", ago_s=25 * 3600.0), lately("Ada"), lately("Ada"))
    target = notify(path, first_today=True)
    assert target.wants(lately("Ada", sequence=first))
    assert not target.wants(lately("Ada", sequence=again))
    assert target.wants(lately(None, Kind.STAYED, sequence=again)), "of unknown ones nobody knows"
    (elsewhere,) = store(lately("Ada", camera="yard"))
    assert notify(path, first_today=True, cameras=["yard"]).wants(lately("Ada", camera="yard", sequence=elsewhere))
    assert not target.wants(lately("Ada", camera="yard", sequence=elsewhere))


def test_nothing_is_sent_in_quiet_hours(path: Path) -> None:
    now = time.localtime()
    quiet = f"{now.tm_hour:02}:00-{(now.tm_hour + 2) % 24:02}:00"
    event = make_event(at_ns=time.time_ns(), sequence=1)
    assert not notify(path, quiet=quiet).wants(event)
    later = f"{(now.tm_hour + 2) % 24:02}:00-{(now.tm_hour + 3) % 24:02}:00"
    assert notify(path, quiet=later).wants(event)


@pytest.mark.parametrize(("picture", "attached"), [(True, [b"the better"]), (False, [])])
def test_the_best_face_goes_along_where_it_is_kept_and_asked_for(
    path: Path, picture: bool, attached: list[bytes]
) -> None:
    with EventStore(path) as store:
        looks = [look(1, 0.4, b"the worse"), look(2, 0.7, b"the better"), look(3, 0.9, None)]
        store.append([lately("Ada")], looks)
    with receiving() as receiver:
        assert notify(path, receiver, picture=picture).send(lately("Ada", sequence=1)).problem == ""
    (posted,) = receiver.posted
    assert [base64.b64decode(one["base64"]) for one in posted.event["attachments"]] == attached


def test_without_a_kept_picture_the_sentence_goes_alone(path: Path, store: Store) -> None:
    store(lately("Ada"))
    with receiving() as receiver:
        assert notify(path, receiver, picture=True).send(lately("Ada", sequence=1)).problem == ""
        assert notify(path, receiver, picture=True).send(lately("Ada", sequence=1, track=None)).problem == ""
    assert [one.event["attachments"] for one in receiver.posted] == [[], []]


def test_what_the_service_says_is_for_whoever_tests_it_only(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with receiving(status=403) as receiver:
        target = notify(path, receiver)
        assert target.send(lately(sequence=1)).problem == (
            "the service did not take it; `twinface notify test phone` says why"
        )
        assert "403" in target.test().problem
    assert "127.0.0.1" not in caplog.text


def test_one_that_was_not_sent_for_an_hour_is_no_news(path: Path, store: Store) -> None:
    Outbox(path, "notify:phone").close()
    (number,) = store(lately("Ada", ago_s=3700.0))
    late = Delivery("notify:phone", lately("Ada", sequence=number), DeliveryState.WAITING, 2, 0)
    note_delivery(path, late)
    with receiving() as receiver:
        courier = Courier(path, notify(path, receiver))
        courier.start()
        until(lambda: not read_deliveries(path), 20.0, "it to be dropped")
        courier.stop()
        courier.join()
    assert receiver.posted == []


def test_a_missing_extra_is_one_line_with_what_to_install(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)
    with pytest.raises(MissingExtraError) as error:
        notify(path)
    assert str(error.value) == "notify 'phone' needs apprise, which is not installed; pip install 'twinface[notify]'"


@pytest.mark.parametrize("url", ["geheim://a", "geheim", "http://"])
def test_what_is_no_service_is_refused_without_being_shown(path: Path, url: str) -> None:
    with pytest.raises(SettingsError, match="notify 'phone': no URL that apprise knows") as error:
        notify(path, url)
    assert "geheim" not in str(error.value)


def test_what_would_surprise_is_said_before_the_start(tmp_path: Path) -> None:
    hook = {"name": "house", "url": "https://example.org/", "cameras": ["dor"]}
    phone = {"name": "phone", "url": "json://127.0.0.1:9/", "picture": True}
    settings = Settings.model_validate({"gallery": "gallery", "webhook": [hook], "notify": [phone]}, context=tmp_path)
    assert list(check_targets(settings)) == [
        "webhook 'house': there is no camera dor",
        "notify 'phone': no picture goes along, none is kept; set [review] keep_pictures_days",
    ]

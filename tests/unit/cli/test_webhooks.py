"""`twinface webhooks`: what others did not take is shown, tried again, and tried out."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from sent_events import SECRET, make_event
from standardwebhooks import Webhook
from web_receiver import receiving

from twinface.events import EventStore, Outbox
from twinface.events.deliveries import Delivery, DeliveryState, note_delivery, read_deliveries

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "pipeline.toml"
    path.write_text('gallery = "gallery"\n')
    return path


def add(config: Path, name: str, url: str, more: str = "") -> None:
    with config.open("a") as opened:
        opened.write(f'[[webhook]]\nname = "{name}"\nurl = "{url}"\nallow_local = true\n{more}\n')


@pytest.fixture
def dead(config: Path) -> Path:
    """The store, in which one event waits for the webhook `house`, one is dead and one is tried again."""
    add(config, "house", "https://example.org/geheim")
    path = config.with_name("events.sqlite")
    Outbox(path, "webhook:house").close()
    events = [make_event("Ada"), make_event("Bob", camera="yard")]
    with EventStore(path) as store:
        store.append(events)
    for number, state in ((1, DeliveryState.DEAD), (2, DeliveryState.WAITING)):
        event = make_event(events[number - 1].name, camera=events[number - 1].camera, sequence=number)
        due_ns = 1_780_000_100 * 10**9
        note_delivery(
            path, Delivery("webhook:house", event, state, 11, 1_780_000_000 * 10**9, due_ns, "it answered 500")
        )
    return path


def test_what_was_not_taken_is_shown_without_secrets_and_names(twinface: Run, config: Path, dead: Path) -> None:
    code, out, err = twinface("webhooks", "list", "--config", config)
    first, *others = out.splitlines()
    assert (code, first) == (0, "webhook:house  https://***  2 wait, 1 tried again, 1 given up")
    assert [line.split("; last")[0].strip() for line in others] == [
        "webhook:house  event 1, enter at door: 11 attempts, it answered 500",
        "webhook:house  event 2, enter at yard: 11 attempts, it answered 500",
    ]
    assert ", again 2026-" in others[1]
    assert "again" not in others[0]
    assert "webhooks retry" in err
    assert not {"geheim", "Ada", "Bob"} & set((out + err).replace("/", " ").split())
    answer = json.loads(twinface("webhooks", "list", "--json", "--config", config)[1])
    assert [one["state"] for one in answer["not_taken"]] == ["dead", "waiting"]
    assert answer["targets"][0]["url"] == "https://***"


def test_what_was_given_up_is_tried_again(twinface: Run, config: Path, dead: Path) -> None:
    assert twinface("webhooks", "retry", "--event", 2, "--config", config)[2] == "nothing was given up\n"
    assert json.loads(twinface("webhooks", "retry", "house", "--json", "--config", config)[1])["events"] == 1
    assert [(one.state, one.attempts) for one in read_deliveries(dead)] == [("waiting", 0), ("waiting", 11)]
    code, out, _ = twinface("webhooks", "retry", "--config", config)
    assert (code, out) == (0, "")


def test_a_webhook_is_tried_out(twinface: Run, config: Path) -> None:
    with receiving() as good, receiving(status=403) as bad:
        add(config, "good", good.url, f'secret = "{SECRET}"')
        assert twinface("webhooks", "test", "--config", config)[:2] == (0, "webhook:good: taken\n")
        add(config, "bad", bad.url)
        code, out, err = twinface("webhooks", "test", "--config", config)
        assert (code, out, err) == (1, "webhook:good: taken\n", "webhook:bad: it answered 403 Forbidden\n")
        code, out, _ = twinface("webhooks", "test", "bad", "--json", "--config", config)
        assert (code, json.loads(out)["targets"]) == (
            1,
            [{"name": "webhook:bad", "problem": "it answered 403 Forbidden"}],
        )
    (posted, _) = good.posted
    Webhook(SECRET).verify(posted.body, posted.headers)
    assert posted.event["type"] == "twinface.test"
    assert not config.with_name("events.sqlite").exists()


def test_a_camera_that_does_not_exist_is_said_when_a_webhook_is_tried_out(twinface: Run, config: Path) -> None:
    with receiving() as good:
        add(config, "yard", good.url, 'cameras = ["yrad"]')
        add(config, "door", good.url)
        said = twinface("webhooks", "test", "yard", "--config", config)
        assert said == (0, "webhook:yard: taken\n", "warning: webhook 'yard': there is no camera yrad\n")
        assert twinface("webhooks", "test", "door", "--config", config)[2] == ""


@pytest.mark.parametrize("command", ["list", "retry", "test"])
def test_without_any_it_is_said_how_to_add_one(twinface: Run, config: Path, command: str) -> None:
    code, out, err = twinface("webhooks", command, "--config", config)
    assert (code, out) == (2, "")
    assert err == "twinface: no [[webhook]] in the configuration; add one with `name` and `url`\n"


def test_one_that_is_not_there_is_said(twinface: Run, config: Path) -> None:
    add(config, "house", "https://example.org/")
    code, _, err = twinface("webhooks", "test", "hose", "--config", config)
    assert (code, err) == (2, "twinface: no [[webhook]] is called 'hose'; there is house\n")
    assert json.loads(twinface("webhooks", "list", "--json", "--config", config)[1])["not_taken"] == []


def test_a_notification_is_tried_out_and_the_service_is_heard(twinface: Run, config: Path) -> None:
    with receiving() as good:
        url = good.url.replace("http:", "json:")
        add(config, "broken", "${NOT_SET}")
        with config.open("a") as opened:
            opened.write(f'[[notify]]\nname = "phone"\nurl = "{url}"\n')
        assert twinface("notify", "test", "--config", config) == (0, "notify:phone: sent\n", "")
        good.status = 403
        code, out, _ = twinface("notify", "test", "phone", "--json", "--config", config)
        assert (code, "403" in json.loads(out)["targets"][0]["problem"]) == (1, True)
        assert twinface("notify", "test", "desk", "--config", config)[2] == (
            "twinface: no [[notify]] is called 'desk'; there is phone\n"
        )

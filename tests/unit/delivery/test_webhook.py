"""What a webhook posts, how it is signed, and where it never goes."""

import datetime
import json
import socket
import threading
from typing import Any

import psutil
import pytest
from sent_events import SECRET, make_event, webhook
from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError
from web_receiver import receiving

from twinface.delivery.http_post import Address
from twinface.errors import InputError, SettingsError
from twinface.events import Kind, Subject

ODD_NAMES = ("Ada\nBob", "\u202eadA", "x" * 300, "日本 #/+", '"; DROP', "\N{WAVING HAND SIGN}\x00")


def test_an_event_is_posted_as_a_cloud_event_that_the_foreign_library_verifies() -> None:
    event = make_event(sequence=17)
    with receiving() as receiver:
        assert webhook(receiver, secret=SECRET).send(event).problem == ""
    (posted,) = receiver.posted
    assert Webhook(SECRET).verify(posted.body, posted.headers) == posted.event
    assert posted.headers["content-type"].startswith("application/cloudevents+json")
    assert posted.event["data"] == json.loads(json.dumps(event.plain))
    fields = {name: posted.event[name] for name in ("specversion", "type", "subject", "time", "datacontenttype")}
    assert fields == {
        "specversion": "1.0",
        "type": "twinface.person.enter",
        "subject": "door",
        "time": datetime.datetime.fromtimestamp(1_780_000_000.123, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.123Z"),
        "datacontenttype": "application/json",
    }
    assert posted.headers["webhook-id"] == posted.event["id"]
    assert posted.event["id"].partition("-")[2]
    assert posted.event["source"].startswith("urn:twinface:")


def test_a_body_that_was_changed_or_another_secret_is_not_verified() -> None:
    with receiving() as receiver:
        webhook(receiver, secret=SECRET).send(make_event(sequence=1))
        webhook(receiver).send(make_event(sequence=1))
    signed, unsigned = receiver.posted
    for body, headers in [(signed.body + b" ", signed.headers), (unsigned.body, unsigned.headers)]:
        with pytest.raises(WebhookVerificationError):
            Webhook(SECRET).verify(body, headers)
    assert signed.headers["webhook-id"] == unsigned.headers["webhook-id"], "an event has one id"


@pytest.mark.parametrize("name", ODD_NAMES, ids=range(len(ODD_NAMES)))
def test_any_name_travels_as_data(name: str) -> None:
    with receiving() as receiver:
        assert webhook(receiver, secret=SECRET).send(make_event(name, sequence=1)).problem == ""
    (posted,) = receiver.posted
    Webhook(SECRET).verify(posted.body, posted.headers)
    assert posted.event["data"]["name"] == name


@pytest.mark.parametrize(
    ("fields", "taken"),
    [
        ({}, [1, 2, 4]),
        ({"tracks": True}, [1, 2, 3, 4]),
        ({"events": ["enter"]}, [1, 2]),
        ({"cameras": ["yard"]}, [2]),
        ({"people": ["Ada"]}, [1]),
        ({"people": ["ada"]}, []),
        ({"people": ["\uff21da "]}, [1]),
    ],
)
def test_a_webhook_gets_what_its_table_asks_for(fields: dict[str, Any], taken: list[int]) -> None:
    events = [
        make_event(sequence=1),
        make_event("Bob", camera="yard", sequence=2),
        make_event(None, sequence=3),
        make_event(None, kind=Kind.STAYED, sequence=4),
        make_event("Bob", kind=Kind.UPDATE, subject=Subject.PERSON, sequence=5),
    ]
    target = webhook("http://example.org/", **fields)
    assert [event.sequence for event in events if target.wants(event)] == taken


def _own_address() -> str:
    """An address of this machine that is no loopback, or one that is where it has no other."""
    found = [one.address for all_of in psutil.net_if_addrs().values() for one in all_of if one.family == socket.AF_INET]
    return max(found, key=lambda address: not address.startswith("127."))


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.8.8.8",
        "localhost",
        "127.1",
        "2130706433",
        "0x7f.1",
        "0.0.0.0",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "169.254.169.254",
        "[fe80::1]",
        "224.0.0.1",
        socket.gethostname(),
        _own_address(),
    ],
)
def test_nothing_is_ever_posted_to_the_box_itself_or_its_link(host: str) -> None:
    with receiving() as receiver:
        outcome = webhook(f"http://{host}:{receiver.port}/").send(make_event(sequence=1))
    assert "an address of this box" in outcome.problem or "Name or service" in outcome.problem
    assert "allow_local" in outcome.problem or host == socket.gethostname()
    assert receiver.posted == []


def test_a_name_that_leads_elsewhere_when_it_is_asked_again_gains_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """DNS rebinding: what was checked is what is connected to, so the name is asked for once."""
    with receiving() as receiver:
        answers = [("192.0.2.1", receiver.port), ("127.0.0.1", receiver.port)]

        def rebinding(*_: object, **__: object) -> list[Any]:
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", answers.pop(0))]

        monkeypatch.setattr(socket, "getaddrinfo", rebinding)
        outcome = webhook("http://rebinding.example/", timeout_s=0.2).send(make_event(sequence=1))
    assert outcome.problem
    assert len(answers) == 1
    assert receiver.posted == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(status: int) -> None:
    with receiving() as inner, receiving(status=status, headers={"Location": inner.url}) as outer:
        outcome = webhook(outer).send(make_event(sequence=1))
    assert f"{status}" in outcome.problem
    assert "not followed" in outcome.problem
    assert (len(outer.posted), inner.posted) == (1, [])


def test_proxies_of_the_environment_are_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    with receiving() as receiver, receiving() as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        assert webhook(receiver).send(make_event(sequence=1)).problem == ""
    assert (len(receiver.posted), proxy.posted) == (1, [])


@pytest.mark.parametrize(
    ("status", "headers", "problem", "wait_s", "is_gone"),
    [
        (200, {}, "", 0.0, False),
        (400, {}, "it answered 400 Bad Request", 0.0, False),
        (410, {}, "it answered 410 Gone: it wants no more", 0.0, True),
        (429, {"Retry-After": "120"}, "it answered 429 Too Many Requests", 120.0, False),
        (503, {"Retry-After": "999999"}, "it answered 503 Service Unavailable", 3600.0, False),
        (503, {"Retry-After": "Fri, 31 Dec 2100 23:59:59 GMT"}, "it answered 503 Service Unavailable", 0.0, False),
    ],
)
def test_what_an_answer_means(status: int, headers: dict[str, str], problem: str, wait_s: float, is_gone: bool) -> None:
    with receiving(status=status, headers=headers) as receiver:
        outcome = webhook(receiver).send(make_event(sequence=1))
    assert (outcome.problem, outcome.wait_s, outcome.is_gone) == (problem, wait_s, is_gone)


def test_a_target_that_hangs_is_left_in_time() -> None:
    with receiving(hangs=True) as receiver:
        assert webhook(receiver, timeout_s=0.2).send(make_event(sequence=1)).problem == "no answer within 0.2 s"


@pytest.mark.parametrize(
    ("scheme", "first"),
    [
        ("http", b""),
        ("http", b"HTTP/1.1 200 OK\r\n"),  # a head that does not end is no answer either
        ("https", b"\x16\x03\x03\x40\x00"),  # the head of a message that is longer
    ],
)
def test_a_target_that_answers_byte_by_byte_is_left_in_time(scheme: str, first: bytes) -> None:
    """A timeout of the socket would begin again with every byte."""
    ended = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def drip() -> None:
            connection, _ = server.accept()
            with connection:
                connection.send(first)
                while not ended.wait(0.01):
                    try:
                        connection.send(b"H")
                    except OSError:
                        return

        thread = threading.Thread(target=drip)
        thread.start()
        url = f"{scheme}://127.0.0.1:{server.getsockname()[1]}/"
        outcome = webhook(url, allow_local=True, timeout_s=0.3).send(make_event(sequence=1))
        ended.set()
        thread.join()
    assert outcome.problem == "no answer within 0.3 s"


def test_a_target_that_is_not_there_is_said() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/"
    assert webhook(url, allow_local=True).send(make_event(sequence=1)).problem == "Connection refused"


@pytest.mark.parametrize(
    "url", ["ftp://a/", "http://", "a", "https://a:b:c/", "http://a\nb/", "http://a b/", "file:///x"]
)
def test_what_is_no_address_is_refused_without_being_shown(url: str) -> None:
    with pytest.raises(InputError) as error:
        Address.of(url)
    assert str(error.value).startswith("url: expected http://HOST/")


def test_user_and_password_of_an_address_are_sent_as_such() -> None:
    address = Address.of("https://ada:ge%20heim@example.org/a b?c=d#e".replace(" ", "%20"))
    assert address == Address(True, "example.org", 443, "/a%20b?c=d", "Basic YWRhOmdlIGhlaW0=")


@pytest.mark.parametrize("secret", ["geheim", "whsec_AAAA", "A" * 120, "whsec_" + "!" * 44])
def test_a_secret_that_is_none_is_refused_without_being_shown(secret: str) -> None:
    with pytest.raises(SettingsError, match="webhook 'house': secret: expected base64 of 24 to 64 bytes") as error:
        webhook("https://example.org/", secret=secret)
    assert secret not in str(error.value)


def test_secrets_come_from_the_environment_and_from_files(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "secret").write_text(f"{SECRET}\n")
    with receiving() as receiver:
        monkeypatch.setenv("HOOK_URL", receiver.url)
        target = webhook("${HOOK_URL}", secret=f"${{file:{tmp_path / 'secret'}}}", allow_local=True)
        assert target.send(make_event(sequence=1)).problem == ""
    Webhook(SECRET).verify(receiver.posted[0].body, receiver.posted[0].headers)
    with pytest.raises(SettingsError, match=r"webhook 'house': .*NOT_SET"):
        webhook("${NOT_SET}")

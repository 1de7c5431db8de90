"""Logging in with a browser: a cookie for a token, kept from scripts and other sites, and ended in time."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from live_page import live_page
from web_site import Site
from websockets.exceptions import ConnectionClosed, InvalidStatus

from twinface.web.sessions import SESSION_S, Sessions
from twinface.web.tokens import TOKEN_VARIABLE, Role, TokenFile, make_token


@pytest.fixture
def token_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(TOKEN_VARIABLE, str(tmp_path / "token"))
    return tmp_path / "token"


@dataclass
class OpenSite:
    """A site that lets other machines in, and its tokens."""

    site: Site
    tokens: dict[Role, str]

    @property
    def url(self) -> str:
        return self.site.url


@pytest.fixture
def open_site(site: Site, token_file: Path) -> OpenSite:
    """A site that other machines may reach, with a token for each role."""
    site.stop_web()
    settings = site.config.read_text().replace("port = 0", 'host = "0.0.0.0"\nport = 0')
    site.config.write_text(settings)
    tokens = {role: make_token(token_file, role) for role in Role}
    site.start_web()
    return OpenSite(site, tokens)


class Browser:
    """Keeps cookies, as a browser does."""

    def __init__(self, site: OpenSite, client: httpx.Client) -> None:
        self.client = client
        self._tokens = site.tokens

    def log_in(self, role: Role) -> httpx.Response:
        return self.client.post("/session", json={"token": self._tokens[role]})

    @property
    def cookie(self) -> dict[str, str]:
        return {"Cookie": "; ".join(f"{name}={value}" for name, value in self.client.cookies.items())}


def _client(url: str) -> httpx.Client:
    return httpx.Client(base_url=f"{url}api/v1", timeout=600.0)


@pytest.fixture
def browser(open_site: OpenSite) -> Iterator[Browser]:
    with _client(open_site.url) as client:
        yield Browser(open_site, client)


@pytest.fixture
def other(open_site: OpenSite) -> Iterator[Browser]:
    with _client(open_site.url) as client:
        yield Browser(open_site, client)


def test_the_page_itself_is_anybodys_and_its_data_for_who_has_logged_in(open_site: OpenSite, browser: Browser) -> None:
    for path in ("", "static/app.js", "static/page.css"):
        assert httpx.get(open_site.url + path).status_code == 200
    assert browser.client.get("/session").json() == {"role": None, "needs_token": True, "expires_ns": None}
    assert browser.client.get("/people").json()["code"] == "token_needed"
    with pytest.raises(InvalidStatus) as refused, live_page(open_site.url):
        pass
    assert refused.value.response.status_code == 401

    answer = browser.log_in(Role.CHANGE)
    assert (answer.status_code, answer.json()["role"], answer.json()["needs_token"]) == (200, "change", True)
    (cookie,) = answer.headers.get_list("set-cookie")
    name, *attributes = (part.strip().lower() for part in cookie.split(";"))
    assert name.startswith(f"twinface-{httpx.URL(open_site.url).port}=")
    assert {"httponly", "samesite=strict", "path=/", f"max-age={int(SESSION_S)}"} == set(attributes)
    assert open_site.tokens[Role.CHANGE] not in cookie
    assert browser.client.get("/session").json() == answer.json()
    assert browser.client.get("/people").status_code == 200
    assert browser.client.post("/corrections/undo", json={}).json()["code"] == "refused", "there is nothing to undo"
    with live_page(open_site.url, additional_headers=browser.cookie) as page:
        assert page.next()["type"] == "recent"
    assert httpx.get(f"{open_site.url}healthz", headers=browser.cookie).json().keys() == {"ok", "state", "problems"}


def test_who_may_look_keeps_that_after_the_login_and_may_log_out(open_site: OpenSite, browser: Browser) -> None:
    assert browser.log_in(Role.LOOK).json()["role"] == "look"
    assert browser.client.post("/corrections/undo", json={}).json()["code"] == "may_only_look"
    assert browser.client.get("/people").status_code == 200
    kept = browser.cookie
    with live_page(open_site.url, additional_headers=kept) as page:
        page.until("recent")
        assert browser.client.delete("/session").json()["role"] is None
        with pytest.raises(ConnectionClosed) as ended:
            page.until("never")
        assert ended.value.rcvd is not None
        assert ended.value.rcvd.code == 4401
    assert browser.cookie == {"Cookie": ""}
    refused = httpx.get(f"{open_site.url}api/v1/people", headers=kept)
    assert (refused.status_code, refused.json()["code"]) == (401, "session_expired")
    assert browser.client.get("/people").json()["code"] == "token_needed"


def test_a_token_that_is_replaced_ends_its_logins_and_what_goes_on(
    open_site: OpenSite, browser: Browser, other: Browser, token_file: Path
) -> None:
    browser.log_in(Role.CHANGE)
    other.log_in(Role.LOOK)
    bearer = {"Authorization": f"Bearer {open_site.tokens[Role.CHANGE]}"}
    streams = f"{open_site.url}api/v1/live/events"
    with (
        live_page(open_site.url, additional_headers=browser.cookie) as page,
        httpx.stream("GET", streams, headers=bearer, timeout=600.0) as events,
        live_page(open_site.url, additional_headers=other.cookie) as stays,
    ):
        make_token(token_file, Role.CHANGE, replace=True)
        assert browser.client.get("/people").json()["code"] == "session_expired"
        assert list(events.iter_lines())
        with pytest.raises(ConnectionClosed):
            page.until("never")
        stays.until("health")
        stays.until("health")
    assert other.client.get("/people").status_code == 200
    assert browser.log_in(Role.CHANGE).status_code == 401
    token_file.unlink()
    assert other.client.get("/people").json()["code"] == "session_expired"


def test_logins_are_counted_and_refused_to_other_sites(open_site: OpenSite, browser: Browser, other: Browser) -> None:
    other.log_in(Role.LOOK)
    token = {"token": open_site.tokens[Role.LOOK]}
    for headers in ({"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        assert browser.client.post("/session", json=token, headers=headers).json()["code"] == "foreign_origin"
        assert other.client.delete("/session", headers=headers).json()["code"] == "foreign_origin"
    for _ in range(10):
        refused = browser.client.post("/session", json={"token": "x"})
        assert (refused.status_code, refused.json()["code"]) == (401, "wrong_token")
        assert "set-cookie" not in refused.headers
    refused = browser.client.post("/session", json=token)
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_wrong_tokens")
    assert int(refused.headers["retry-after"]) == 60
    assert other.client.get("/people").status_code == 200, "who is in stays in"
    entries = other.client.get("/audit").json()["entries"]
    assert {one["who"] for one in entries} == {f"web {httpx.URL(open_site.url).host}"}
    assert [(one["what"], one["said"]) for one in entries] == [
        ("login refused", "too many wrong tokens"),
        ("login refused", "a wrong token"),
        ("login", "may look"),
    ]
    for body in ({}, {"token": 7}, {"token": "x" * 2000}):
        assert browser.client.post("/session", json=body).status_code == 422
    _, log = open_site.site.stop_web()
    assert token["token"] not in log


def test_on_this_machine_there_is_nothing_to_log_in_to(site: Site) -> None:
    everybody = {"role": "change", "needs_token": False, "expires_ns": None}
    with _client(site.url) as client:
        assert client.get("/session").json() == everybody
        assert client.post("/session", json={"token": "any"}).json() == everybody
        assert client.delete("/session").json() == everybody
        assert dict(client.cookies) == {}


def test_a_session_ends_after_a_week_and_only_its_secret_opens_it(token_file: Path) -> None:
    make_token(token_file)
    tokens, now_s = TokenFile(token_file), 0.0
    sessions = Sessions(tokens, lambda: now_s)
    token_hash = tokens.hash_of(Role.LOOK)
    assert token_hash is not None
    secret, session = sessions.open(Role.LOOK, token_hash)
    assert sessions.find(secret) is session
    for wrong in ("", secret[:-1], secret + "x", secret.swapcase(), "ä\udc80"):
        assert sessions.find(wrong) is None
    assert sessions.open(Role.LOOK, token_hash)[0] != secret
    now_s = SESSION_S
    assert sessions.find(secret) is None
    now_s = 0.0
    assert sessions.find(secret) is None, "over is over"


def test_sessions_take_little_memory_whoever_logs_in(token_file: Path) -> None:
    make_token(token_file)
    tokens = TokenFile(token_file)
    sessions, token_hash = Sessions(tokens), tokens.hash_of(Role.LOOK) or ""
    first, *others = [sessions.open(Role.LOOK, token_hash)[0] for _ in range(257)]
    assert sessions.find(first) is None
    assert all(sessions.find(one) for one in others)

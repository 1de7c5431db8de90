"""A login in a real browser, on an address that other machines reach."""

from pathlib import Path

import pytest
from browser import Browser
from web_site import Site

from twinface.web.tokens import TOKEN_VARIABLE, make_token


@pytest.fixture
def token(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """What one may look with at a site that other machines reach."""
    monkeypatch.setenv(TOKEN_VARIABLE, str(tmp_path / "token"))
    token = make_token(tmp_path / "token")
    site.stop_web()
    site.config.write_text(site.config.read_text().replace("port = 0", 'host = "0.0.0.0"\nport = 0'))
    site.start_web()
    return token


def test_who_may_look_is_offered_nothing_that_changes_after_a_login_that_escape_does_not_close(
    site: Site, browser: Browser, token: str
) -> None:
    browser.open(f"{site.url}#/enrol")
    browser.wait_until("document.querySelector('dialog[open] input')")
    browser.press("Escape", "Escape")
    browser.evaluate("window.later = false; setTimeout(() => { later = true }, 100)")
    browser.wait_until("later")
    assert browser.evaluate("document.querySelector('dialog').open"), "there is no other way in"
    browser.evaluate("document.querySelector('dialog input').focus()")
    browser.write(token)
    browser.press("Enter")
    browser.wait_until("!document.querySelector('dialog')")
    browser.wait_until("document.querySelector('main').textContent.includes('You may look, and change nothing.')")
    assert not browser.evaluate("document.querySelector('.drop')")
    browser.evaluate("location.hash = '#/people'")
    browser.wait_until("document.querySelector('.people h2')")
    assert not browser.evaluate("document.querySelector('main a[href=\"#/enrol\"]')")
    browser.open("about:blank")


def test_a_browser_logs_in_and_its_socket_too_and_no_script_sees_the_cookie(
    site: Site, browser: Browser, token: str
) -> None:
    def ask(method: str, path: str, body: str = "undefined") -> None:
        browser.evaluate(
            f"window.answer = null; fetch('/api/v1/{path}', {{method: '{method}', body: {body},"
            " headers: {'Content-Type': 'application/json'}})"
            ".then(async (one) => { window.answer = {status: one.status, ...await one.json()} })"
        )
        browser.wait_until("answer")

    def connect() -> None:
        browser.evaluate(
            "window.said = ''; window.socket = new WebSocket(`ws://${location.host}/api/v1/live`, 'twinface.live.1');"
            "socket.onmessage = () => { said ||= 'heard' }; socket.onclose = (one) => { said = `closed ${one.code}` }"
        )

    browser.open(site.url)
    browser.wait_until(f"location.href == '{site.url}' && document.title == 'twinface'")
    ask("GET", "people")
    assert browser.evaluate("answer.code") == "token_needed"
    connect()
    browser.wait_until("said == 'closed 1006'")
    ask("POST", "session", f"JSON.stringify({{token: '{token}'}})")
    assert browser.evaluate("answer.role") == "look"
    assert browser.evaluate("document.cookie") == ""
    ask("GET", "people")
    assert browser.evaluate("answer.status") == 200
    connect()
    browser.wait_until("said == 'heard'")
    ask("DELETE", "session")
    browser.wait_until("said == 'closed 4401'")
    ask("GET", "people")
    assert browser.evaluate("answer.code") == "token_needed"
    browser.open("about:blank")
    browser.messages.clear()

"""A login in a real browser, on an address that other machines reach."""

from pathlib import Path

import pytest
from browser import Browser
from web_site import Site

from twinface.web.tokens import TOKEN_VARIABLE, make_token


def test_a_browser_logs_in_and_its_socket_too_and_no_script_sees_the_cookie(
    site: Site, browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(TOKEN_VARIABLE, str(tmp_path / "token"))
    token = make_token(tmp_path / "token")
    site.stop_web()
    site.config.write_text(site.config.read_text().replace("port = 0", 'host = "0.0.0.0"\nport = 0'))
    site.start_web()

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

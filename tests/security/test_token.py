"""Other machines: refused without a token, answered with it, and told nothing else."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from harness import TWINFACE, until
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from web_site import Site

from twinface.corrections.audit_file import user_name
from twinface.errors import ArtefactError, InputError, SettingsError
from twinface.web.access import WrongTokens, is_loopback, required_token
from twinface.web.authentication import Authentication, TokenRequired
from twinface.web.tokens import TOKEN_VARIABLE, Role, TokenFile, make_token


@pytest.fixture
def token_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(TOKEN_VARIABLE, str(tmp_path / "folder" / "token"))
    return tmp_path / "folder" / "token"


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_another_address_takes_a_token_and_the_refusal_names_the_command(site: Site, token_file: Path) -> None:
    site.stop_web()
    site.config.write_text(site.config.read_text().replace("port = 0", 'host = "0.0.0.0"\nport = 0'))
    command = [sys.executable, "-P", "-m", "services.web"]
    environment = {**os.environ, "TWINFACE_CONFIG": str(site.config)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    error = json.loads(done.stderr.splitlines()[-1])["error"]
    assert error.startswith("[web] host 0.0.0.0 lets other machines in, who have to bring a token: ")
    assert "`twinface token` makes one" in error

    make = [TWINFACE, "token", "--config", str(site.config)]
    made = subprocess.run(make, capture_output=True, text=True, timeout=120, check=True)
    token = made.stdout.strip()
    assert token not in made.stderr
    assert token not in token_file.read_text()
    assert token_file.stat().st_mode & 0o777 == 0o600
    assert token_file.parent.stat().st_mode & 0o777 == 0o700

    site.start_web()
    healthz = f"{site.url}healthz"
    until(lambda: httpx.get(healthz).status_code == 200, 120.0, "everything to be healthy")
    assert httpx.get(healthz).json() == {"ok": True}
    audit = httpx.get(f"{site.url}api/v1/audit", headers=_bearer(token)).json()
    assert ("token", user_name()) in [(one["what"], one["who"]) for one in audit["entries"]]
    assert httpx.get(healthz, headers=_bearer(token)).json() == {"ok": True, "state": "ok", "problems": []}
    for path in (
        "api/v1/people",
        "api/v1/live/events",
        "api/v1/health",
        "api/v1/events",
        "api/v1/visits",
        "api/v1/settings",
        "api/v1/tracks/front:7:1/picture",
        "static",
        "x",
    ):
        refused = httpx.get(site.url + path)
        assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer"), path
        assert httpx.get(site.url + path, headers=_bearer("x" * 43)).status_code == 401
    assert httpx.get(site.url, headers=_bearer("x")).status_code == 401, "a wrong one, though the page needs none"
    assert httpx.get(site.url, headers=_bearer(token)).status_code == 429, "after ten wrong ones nothing is looked at"
    assert httpx.get(healthz).json() == {"ok": True}
    _, log = site.stop_web()
    assert "without encryption" in log
    assert token not in log


def test_up_says_it_before_anything_starts(site: Site, token_file: Path) -> None:
    site.stop_web()
    site.config.write_text(site.config.read_text().replace("port = 0", 'host = "0.0.0.0"\nport = 0'))
    command = [TWINFACE, "up", "--config", str(site.config)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 2
    assert "`twinface token` makes one" in done.stderr.splitlines()[-1]


def test_a_token_that_is_replaced_ends_at_once(token_file: Path) -> None:
    first = make_token(token_file)
    check = TokenFile(token_file)
    with pytest.raises(InputError, match="--replace"):
        make_token(token_file)
    assert check.role_of(first) is Role.LOOK
    second = make_token(token_file, replace=True)
    assert first != second
    assert check.role_of(first) is None
    assert check.role_of(second) is Role.LOOK
    for wrong in ("", second[:-1], second + "x", second.swapcase(), "ä\udc80"):
        assert check.role_of(wrong) is None
    token_file.unlink()
    assert check.role_of(second) is None


def test_each_role_has_its_token_and_one_that_is_older_than_roles_may_look(token_file: Path) -> None:
    look, change = make_token(token_file), make_token(token_file, Role.CHANGE)
    check = TokenFile(token_file)
    assert (check.role_of(look), check.role_of(change)) == (Role.LOOK, Role.CHANGE)
    other = make_token(token_file, Role.CHANGE, replace=True)
    assert [check.role_of(one) for one in (look, change, other)] == [Role.LOOK, None, Role.CHANGE]
    token_file.write_text(token_file.read_text().splitlines()[0].removeprefix("look ") + "\n")
    assert check.role_of(look) is Role.LOOK


def test_who_may_look_changes_nothing(site: Site, token_file: Path) -> None:
    site.stop_web()
    site.config.write_text(site.config.read_text().replace("port = 0", 'host = "0.0.0.0"\nport = 0'))
    look, change = make_token(token_file), make_token(token_file, Role.CHANGE)
    site.start_web()
    undo = f"{site.url}api/v1/corrections/undo"
    assert httpx.get(f"{site.url}api/v1/people", headers=_bearer(look)).status_code == 200
    refused = httpx.post(undo, json={}, headers=_bearer(look))
    assert (refused.status_code, refused.json()["code"]) == (403, "may_only_look")
    assert httpx.post(undo, json={}, headers=_bearer(change)).json()["code"] == "refused", "there is nothing to undo"
    assert httpx.post(undo, json={}).status_code == 401
    asked = httpx.post(f"{site.url}api/v1/pictures/detect", content=b"x", headers=_bearer(look))
    assert asked.json()["code"] == "not_running", "to ask about a picture changes nothing"
    assert httpx.post(f"{site.url}api/v1/enrolments", json={"name": "a"}, headers=_bearer(look)).status_code == 403


@pytest.mark.parametrize("content", [b"", b"short", b"\xff" * 64, b"0" * 300])
def test_a_file_without_a_token_lets_nobody_in(token_file: Path, content: bytes) -> None:
    token = make_token(token_file)
    check = TokenFile(token_file)
    token_file.write_bytes(content)
    assert check.role_of(token) is None
    assert check.role_of("") is None
    with pytest.raises(SettingsError, match="twinface token"):
        required_token("0.0.0.0")


def test_a_token_of_another_user_is_refused(token_file: Path) -> None:
    make_token(token_file)
    if os.geteuid() == 0:
        os.chown(token_file, 12345, 12345)
    else:
        token_file.unlink()
        token_file.symlink_to("/etc/hostname")
    with pytest.raises(ArtefactError, match="another user"):
        TokenFile(token_file)


def test_a_token_that_others_may_read_is_made_private_and_that_is_said(
    token_file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    make_token(token_file)
    token_file.chmod(0o644)
    TokenFile(token_file)
    assert token_file.stat().st_mode & 0o777 == 0o600
    assert "others could read it" in caplog.text
    caplog.clear()
    TokenFile(token_file)
    assert caplog.text == ""


def test_wrong_tokens_are_counted_for_each_client_and_forgotten_after_a_minute(token_file: Path) -> None:
    token = make_token(token_file)
    now_s = 0.0
    noted: list[str] = []
    authentication = Authentication(
        TokenFile(token_file), lambda what, said, client: noted.append(f"{client}: {what}, {said}"), lambda: now_s
    )
    app = Starlette(
        routes=[Route("/", lambda _: PlainTextResponse("hello"))],
        middleware=[Middleware(TokenRequired, authentication=authentication)],
    )

    def ask(address: str, path: str, authorization: str) -> int:
        async def get() -> int:
            transport = httpx.ASGITransport(app, client=(address, 1))
            async with httpx.AsyncClient(transport=transport, base_url="http://box") as client:
                return (await client.get(path, headers={"Authorization": authorization})).status_code

        return asyncio.run(get())

    here, there = "192.0.2.1", "192.0.2.2"
    assert ask(here, "/", f"Bearer {token}") == 200
    for wrong in ("Bearer no", "bearer no", "Basic bm86bm8=", token, "Bearer", f"Bearer {token} x"):
        assert ask(here, "/", wrong) == 401
    for _ in range(4):
        assert ask(here, "/healthz", "Bearer no") == 401, "also where strangers are answered"
    assert ask(here, "/", f"Bearer {token}") == 429
    assert ask(there, "/", f"Bearer {token}") == 200
    assert ask(there, "/", f"bearer   {token} ") == 200
    assert noted == [f"{here}: login refused, a wrong token", f"{here}: login refused, too many wrong tokens"]
    now_s = 61.0
    assert ask(here, "/", f"Bearer {token}") == 200


def test_counting_wrong_tokens_takes_little_memory_whoever_brings_them() -> None:
    wrong = WrongTokens()
    for number in range(5000):
        for _ in range(10):
            wrong.add(f"client {number}", 0.0)
    assert not wrong.too_many("client 0", 1.0)
    assert wrong.too_many("client 4999", 1.0)
    assert not wrong.too_many("client 4999", 61.0)


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("127.0.0.1", True), ("127.1.2.3", True), ("::1", True), ("localhost", True)]
    + [(host, False) for host in ("0.0.0.0", "::", "192.0.2.1", "no.such.host.invalid", "")],
)
def test_which_hosts_are_this_machine_only(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback

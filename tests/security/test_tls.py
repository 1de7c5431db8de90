"""The page over TLS: real certificates, real handshakes, the real web process."""

import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing
from ipaddress import ip_address
from pathlib import Path

import httpx
import pytest
from harness import PATIENCE_S, TWINFACE, until
from live_page import live_page
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from web_site import Site

from twinface.box.listening import address_to_type
from twinface.errors import SettingsError
from twinface.settings import WebSettings
from twinface.web import server
from twinface.web.access import CLEARTEXT_WARNING, warn_of_access
from twinface.web.certificate import Certificate
from twinface.web.server import PageServer
from twinface.web.tokens import TOKEN_VARIABLE, Role, make_token

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl, which makes the certificates")


def make_certificate(folder: Path, name: str = "box", days: int = 90) -> tuple[Path, Path]:
    """A certificate of its own for this machine, and its key."""
    certificate, key, request = (folder / f"{name}.{kind}" for kind in ("pem", "key", "csr"))
    names = folder / "names"
    names.write_text("subjectAltName = IP:127.0.0.1, DNS:localhost\n")
    for command in (
        ["ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", key],
        ["req", "-new", "-key", key, "-subj", "/CN=box", "-out", request],
        ["x509", "-req", "-in", request, "-signkey", key, "-days", str(days), "-extfile", names, "-out", certificate],
    ):
        subprocess.run(["openssl", *map(str, command)], check=True, capture_output=True)
    return certificate, key


def _trusting(certificate: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(certificate))


@pytest.fixture
def token_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(TOKEN_VARIABLE, str(tmp_path / "token"))
    return tmp_path / "token"


def _configure(site: Site, web: str) -> None:
    site.stop_web()
    site.config.write_text(site.config.read_text().replace("port = 0", f"port = 0\n{web}"))


def test_page_socket_and_login_are_encrypted_and_a_new_certificate_is_used_at_once(
    site: Site, tmp_path: Path, token_file: Path
) -> None:
    certificate, key = make_certificate(tmp_path)
    token = make_token(token_file, Role.CHANGE)
    _configure(site, f'host = "0.0.0.0"\ncertificate = "{certificate}"\nkey = "{key}"')
    site.start_web()
    shown = httpx.URL(site.url)
    assert (shown.scheme, shown.host) == ("https", address_to_type("0.0.0.0"))
    url = f"https://127.0.0.1:{shown.port}/"
    trusting = _trusting(certificate)
    assert httpx.get(url, verify=trusting).status_code == 200
    with pytest.raises(httpx.ConnectError):
        httpx.get(url)
    with pytest.raises(httpx.HTTPError):
        httpx.get(url.replace("https", "http"))

    answer = httpx.post(f"{url}api/v1/session", json={"token": token}, verify=trusting)
    cookie = answer.headers["set-cookie"]
    assert "; Secure" in cookie
    with live_page(url, ssl=trusting, additional_headers={"Cookie": cookie.partition(";")[0]}) as page:
        page.say("watch", cameras=["front"])
        assert page.until("picture")["jpeg"] == site.camera.jpeg

        make_certificate(tmp_path)
        until(lambda: _is_trusted(url, certificate), PATIENCE_S, "the new certificate to be shown")
        page.say("taken", camera="front")
        assert page.until("picture")["jpeg"] == site.camera.jpeg
    _, log = site.stop_web()
    assert CLEARTEXT_WARNING not in log


def _is_trusted(url: str, certificate: Path) -> bool:
    try:
        return httpx.get(url, verify=_trusting(certificate)).status_code == 200
    except httpx.ConnectError:
        return False


def _bad_files(folder: Path) -> dict[str, tuple[Path, Path, str]]:
    certificate, key = make_certificate(folder)
    other = make_certificate(folder, "other")[1]
    empty, locked = folder / "empty", folder / "locked.key"
    empty.write_text("")
    command = ["openssl", "ec", "-in", str(key), "-aes256", "-passout", "pass:x", "-out", str(locked)]
    subprocess.run(command, check=True, capture_output=True)
    return {
        "not there": (folder / "nowhere.pem", key, "nowhere.pem: No such file or directory; set others under [web]"),
        "key not there": (certificate, folder / "nowhere.key", "nowhere.key: No such file or directory"),
        "a folder": (folder, key, "Is a directory"),
        "not matching": (certificate, other, "the key is not the one of the certificate"),
        "empty": (empty, key, "no certificate and key in them"),
        "swapped": (key, certificate, "no certificate and key in them"),
        "with a password": (certificate, locked, "the key has a password"),
    }


KINDS = ("not there", "key not there", "a folder", "not matching", "empty", "swapped", "with a password")


@pytest.mark.parametrize("kind", KINDS)
def test_what_cannot_be_used_is_one_line(tmp_path: Path, kind: str) -> None:
    certificate, key, says = _bad_files(tmp_path)[kind]
    with pytest.raises(SettingsError) as refused:
        Certificate(certificate, key)
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)


def test_what_cannot_be_used_ends_the_start_and_is_said_before(site: Site, tmp_path: Path) -> None:
    certificate, key, says = _bad_files(tmp_path)["not matching"]
    _configure(site, f'certificate = "{certificate}"\nkey = "{key}"')
    environment = {**os.environ, "TWINFACE_CONFIG": str(site.config)}
    for command in ([sys.executable, "-P", "-m", "services.web"], [TWINFACE, "up", "--config", str(site.config)]):
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600, check=False)
        assert (done.returncode, says in done.stderr.splitlines()[-1]) == (2, True), done.stderr
        assert "Traceback" not in done.stderr
    site.config.write_text(re.sub(r"key = .*", "", site.config.read_text()))
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600, check=False)
    assert (done.returncode, "certificate and key go together" in done.stderr) == (2, True), done.stderr


@pytest.mark.parametrize(("days", "says"), [(-1, "certificate has expired"), (5, "it expires in 5 days"), (90, "")])
def test_one_that_is_over_or_soon_is_warned_of(tmp_path: Path, days: int, says: str) -> None:
    certificate, key = make_certificate(tmp_path, days=days)
    warnings = [*warn_of_access(WebSettings(certificate=certificate, key=key))]
    assert len(warnings) == bool(says)
    assert says in "".join(warnings)


def test_what_travels_in_clear_is_warned_of(tmp_path: Path, token_file: Path) -> None:
    make_token(token_file)
    certificate, key = make_certificate(tmp_path)
    assert [*warn_of_access(WebSettings())] == []
    assert [*warn_of_access(WebSettings(host="0.0.0.0"))] == [CLEARTEXT_WARNING]
    assert [*warn_of_access(WebSettings(host="0.0.0.0", certificate=certificate, key=key))] == []


def test_half_a_renewal_leaves_what_is_in_use(tmp_path: Path) -> None:
    certificate, key = make_certificate(tmp_path)
    used, before = Certificate(certificate, key), certificate.read_bytes()
    assert not used.renew()
    certificate.write_bytes(make_certificate(tmp_path, "other")[0].read_bytes())
    with pytest.raises(SettingsError):
        used.renew()
    certificate.write_bytes(before)
    assert [*used.warnings()] == [], "handshakes go on"
    assert used.renew()
    assert [*used.warnings()] == []


@pytest.fixture
def encrypted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PageServer]:
    """A server with short deadlines for the beginning of TLS."""
    monkeypatch.setattr(server, "REQUEST_WITHIN_S", 0.5)
    page = PageServer("127.0.0.1", 0, 8, Certificate(*make_certificate(tmp_path)))
    page.start(Starlette(routes=[Route("/", lambda _: PlainTextResponse("hello"))]), lambda: None)
    yield page
    page.stop(lambda: None)


@pytest.mark.parametrize("beginning", [b"", b"\x16\x03\x01", b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"])
def test_who_does_not_begin_with_tls_is_hung_up_on_and_keeps_nobody_out(
    encrypted: PageServer, tmp_path: Path, beginning: bytes
) -> None:
    address = ("127.0.0.1", httpx.URL(encrypted.url).port)
    with ExitStack() as held:
        for _ in range(200):
            connection = held.enter_context(closing(socket.create_connection(address)))
            connection.sendall(beginning)
        assert httpx.get(encrypted.url, verify=_trusting(tmp_path / "box.pem")).text == "hello"
        connection.settimeout(PATIENCE_S)
        assert _is_closed(connection)


def _is_closed(connection: socket.socket) -> bool:
    try:
        while connection.recv(1000):
            pass
    except ConnectionError:
        pass
    return True


def test_the_address_to_type_leads_here_from_another_machine() -> None:
    with socket.create_server(("0.0.0.0", 0)) as listening:
        found = address_to_type("0.0.0.0")
        routes = Path("/proc/net/route").read_text().splitlines()[1:]
        assert ip_address(found).is_loopback == all(route.split()[1] != "00000000" for route in routes)
        with socket.create_connection((found, listening.getsockname()[1]), timeout=PATIENCE_S):
            pass
    assert [address_to_type(host) for host in ("127.0.0.1", "box.lan", "::1")] == ["127.0.0.1", "box.lan", "::1"]
    assert ":" in address_to_type("::")

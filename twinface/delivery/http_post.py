"""One POST over HTTP/1.1, bounded in every way: no redirects, no proxies, no body read, and an end at any time.

The standard library's client, because it connects by a method that can be replaced: what is connected to is checked
there (`addresses.py`). Clients with pools and redirects would have to be kept from both.
"""

import base64
import http.client
import socket
import ssl
import threading
import urllib.parse
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from twinface.delivery.addresses import connect
from twinface.errors import InputError

_CONNECT_S = 5.0
_SAFE = "/?%:@!$&'()*+,;=~"
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Answer:
    """The status of an answer, its reason in words, and for how many seconds it asked to be left alone."""

    status: int
    reason: str
    retry_after_s: float


@dataclass(frozen=True, slots=True)
class Address:
    """Where a URL leads: `path` is what is asked for there, `authorization` the header for its user, if any."""

    is_tls: bool
    host: str
    port: int
    path: str
    authorization: str | None

    @classmethod
    def of(cls, url: str) -> "Address":
        """Raises InputError for what is no URL of http or https, without showing it."""
        try:
            parts = urllib.parse.urlsplit(url)
            port = parts.port or _PORTS[parts.scheme]
            host = (parts.hostname or "").encode("idna").decode("ascii")
        except (ValueError, KeyError) as error:
            raise InputError("url: expected http://HOST/… or https://HOST/…") from error
        if not host or any(letter <= " " or letter == "\x7f" for letter in url):
            raise InputError("url: expected http://HOST/… or https://HOST/…, without blanks")
        path = urllib.parse.quote(parts.path or "/", safe="/%:@!$&'()*+,;=~") + (
            f"?{parts.query}" if parts.query else ""
        )
        user = f"{urllib.parse.unquote(parts.username or '')}:{urllib.parse.unquote(parts.password or '')}"
        basic = f"Basic {base64.b64encode(user.encode()).decode()}" if parts.username else None
        return cls(parts.scheme == "https", host, port, urllib.parse.quote(path, safe=_SAFE), basic)


def post(address: Address, body: bytes, headers: Mapping[str, str], *, allow_local: bool, timeout_s: float) -> Answer:
    """Send a body and wait for the head of the answer, `timeout_s` in all.

    Raises InputError where the address may not be connected to, and OSError or HTTPException where no answer came.
    """
    connection = _Connection(address, allow_local=allow_local)
    end = threading.Timer(timeout_s, connection.end)
    end.daemon = True
    end.start()
    try:
        connection.connect()
        extra = {"Authorization": address.authorization} if address.authorization else {}
        connection.request("POST", address.path, body, {**headers, **extra, "Connection": "close"})
        with connection.getresponse() as response:
            if connection.was_ended:  # a head that was broken off reads like a whole one
                raise TimeoutError
            return Answer(response.status, response.reason, _seconds(response.getheader("Retry-After")))
    except (OSError, http.client.HTTPException) as error:
        if connection.was_ended:
            raise TimeoutError(f"no answer within {timeout_s:g} s") from error
        raise
    finally:
        end.cancel()
        connection.close()


class _Connection(http.client.HTTPConnection):
    """Connects where it may only. A timeout of the socket alone would be one between two bytes."""

    def __init__(self, address: Address, *, allow_local: bool) -> None:
        super().__init__(address.host, address.port, timeout=_CONNECT_S)
        self.was_ended = False
        self._allow_local = allow_local
        self._tls = ssl.create_default_context() if address.is_tls else None

    def connect(self) -> None:
        """Connect, and agree on TLS where the URL asks for it."""
        self.sock = connect(self.host, self.port, allow_local=self._allow_local, timeout_s=_CONNECT_S)
        self.sock.settimeout(None)
        if self._tls is not None:
            tls = self._tls.wrap_socket(self.sock, server_hostname=self.host, do_handshake_on_connect=False)
            self.sock = tls
            if not self.was_ended:
                tls.do_handshake()
        if self.was_ended:
            raise TimeoutError

    def end(self) -> None:
        """Break off whatever the connection is waiting for; called from another thread."""
        self.was_ended = True
        with suppress(OSError, AttributeError):
            self.sock.shutdown(socket.SHUT_RDWR)


def _seconds(retry_after: str | None) -> float:
    """What Retry-After says where it is a number; a date would need the other's clock."""
    return float(retry_after) if retry_after and retry_after.strip().isdecimal() else 0.0

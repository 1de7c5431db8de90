"""The address that the page listens on."""

import socket
from contextlib import suppress

import psutil

from twinface.errors import SettingsError

_ANY = {"0.0.0.0": ("192.0.2.1", "127.0.0.1"), "::": ("2001:db8::1", "::1")}  # noqa: S104  found, not bound
"""Of each address that stands for every one, one that is far away and the machine's own."""

_MEND = "set another host or port under [web] (port 0 = any free one)"


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens on `host` and `port` (0 = any free one). Raises SettingsError when it cannot."""
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        return socket.create_server((str(address[0]), port), family=family)
    except OSError as error:
        reason = str(error.strerror).partition(" (while")[0]
        raise SettingsError(f"cannot listen on {host} port {port} ({reason}{_holder(port)}); {_MEND}") from error


def address_to_type(host: str) -> str:
    """What leads to a page that is bound to `host`, from another machine too.

    Of one that is bound to every address it is the one with which this machine reaches others, or its own where it
    reaches none. No packet is sent: a UDP socket that is connected, here to an address for documentation (RFC 5737,
    RFC 3849), knows its own end.
    """
    if host not in _ANY:
        return host
    far, near = _ANY[host]
    with suppress(OSError), socket.socket(socket.AF_INET6 if ":" in near else socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.connect((far, 9))
        return str(one.getsockname()[0])
    return near


def _holder(port: int) -> str:
    """Who listens on the port, as far as this user may know."""
    with suppress(psutil.Error, OSError):
        for one in psutil.net_connections(kind="tcp"):
            if one.status == psutil.CONN_LISTEN and getattr(one.laddr, "port", 0) == port and one.pid:
                return f", by {psutil.Process(one.pid).name()}, pid {one.pid}"
    return ""

"""The address that the page listens on."""

import socket
from contextlib import suppress

import psutil

from twinface.errors import SettingsError

_MEND = "set another host or port under [web] (port 0 = any free one)"


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens on `host` and `port` (0 = any free one). Raises SettingsError when it cannot."""
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        return socket.create_server((str(address[0]), port), family=family)
    except OSError as error:
        reason = str(error.strerror).partition(" (while")[0]
        raise SettingsError(f"cannot listen on {host} port {port} ({reason}{_holder(port)}); {_MEND}") from error


def _holder(port: int) -> str:
    """Who listens on the port, as far as this user may know."""
    with suppress(psutil.Error, OSError):
        for one in psutil.net_connections(kind="tcp"):
            if one.status == psutil.CONN_LISTEN and getattr(one.laddr, "port", 0) == port and one.pid:
                return f", by {psutil.Process(one.pid).name()}, pid {one.pid}"
    return ""

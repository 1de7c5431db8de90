"""Who is answered: everybody on this machine; whoever brings the token where the page is bound for other machines."""

import socket
from collections import OrderedDict
from collections.abc import Iterator
from ipaddress import ip_address

from twinface.errors import ArtefactError, SettingsError
from twinface.settings import WebSettings
from twinface.web.certificate import certificate_of
from twinface.web.tokens import TokenFile, token_path

LIVE_PATH, HEALTH_PATH, READY_PATH = "/livez", "/healthz", "/readyz"
PROBE_PATHS = frozenset({LIVE_PATH, HEALTH_PATH, READY_PATH})
"""Answered always, and to everybody: the page is there; all is well; faces get names."""

CLEARTEXT_WARNING = (
    "other machines reach the page without encryption: whoever is on the way sees its pictures and names, and reads "
    "the token; set [web] certificate and key, or put a proxy with TLS in front of it"
)

WRONG_TOKENS = 10
FORGOTTEN_AFTER_S = 60.0
_MOST_CLIENTS = 1024


def is_loopback(host: str) -> bool:
    """Whether a host's name or address leads to this machine only."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        return all(ip_address(str(address[0]).partition("%")[0]).is_loopback for *_, address in found)
    except (OSError, ValueError):
        return False


def required_token(host: str) -> TokenFile | None:
    """What has to be brought along where the page is bound to `host`; None on a loopback address, where nobody has to.

    Raises SettingsError where there is no token yet.
    """
    if is_loopback(host):
        return None
    try:
        return TokenFile(token_path())
    except ArtefactError as error:
        raise SettingsError(
            f'[web] host {host} lets other machines in, who have to bring a token: {error}, or set host = "127.0.0.1"'
        ) from error


def warn_of_access(web: WebSettings) -> Iterator[str]:
    """What should be known before the page is bound to its host. Raises as `required_token` and `certificate_of`."""
    token, certificate = required_token(web.host), certificate_of(web)
    if certificate:
        yield from certificate.warnings()
    elif token:
        yield CLEARTEXT_WARNING


class WrongTokens:
    """Counts the wrong tokens of the clients that last brought one, and forgets them after a minute."""

    def __init__(self) -> None:
        self._counts: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def too_many(self, client: str, now_s: float) -> bool:
        """Whether a client brought so many that the next is not even looked at."""
        count, since_s = self._counts.get(client, (0, now_s))
        return count >= WRONG_TOKENS and now_s - since_s < FORGOTTEN_AFTER_S

    def add(self, client: str, now_s: float) -> int:
        """Count one more; how many there were within the minute."""
        count, since_s = self._counts.pop(client, (0, now_s))
        if now_s - since_s >= FORGOTTEN_AFTER_S:
            count, since_s = 0, now_s
        self._counts[client] = (count + 1, since_s)
        if len(self._counts) > _MOST_CLIENTS:
            self._counts.popitem(last=False)
        return count + 1

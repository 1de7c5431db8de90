"""Who may stay connected, so that whoever holds connections and asks for nothing keeps nobody out.

Every connection waits for a request or is being answered. Waiting ones are cheap to lose: whoever comes takes the place
of the one that has waited the longest. So a newcomer always gets in, and a request, which is there as soon as the
connection is, is always heard. How many are answered at a time is limited, and has no part in that.
"""

import ipaddress
from collections import OrderedDict, defaultdict
from typing import Generic, TypeVar

Connection = TypeVar("Connection")

MOST_WAITING = 128


def client_of(address: str) -> str:
    """Who a client is: an IPv4 address, or the /64 of an IPv6 one, which one machine may have."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(ip, ipaddress.IPv4Address):
        return str(ip)
    return str(ip.ipv4_mapped or ipaddress.ip_network((ip, 64), strict=False))


class Waiting(Generic[Connection]):
    """The connections that wait, at most `most` in all and `most_per_client` of each client."""

    def __init__(self, most_per_client: int, most: int = MOST_WAITING) -> None:
        self._most_per_client = most_per_client
        self._most = most
        self._clients: dict[str, OrderedDict[Connection, None]] = defaultdict(OrderedDict)
        self._count = 0

    def add(self, connection: Connection, client: str) -> Connection | None:
        """Let a connection wait; returns the one that has to go for it.

        Of its own client when that has its share, else of the client that has most.
        """
        self.remove(connection, client)
        self._clients[client][connection] = None
        self._count += 1
        crowd = client
        if len(self._clients[client]) <= self._most_per_client:
            if self._count <= self._most:
                return None
            crowd = max(self._clients, key=lambda one: len(self._clients[one]))
        oldest = next(iter(self._clients[crowd]))
        self.remove(oldest, crowd)
        return oldest

    def remove(self, connection: Connection, client: str) -> None:
        """It no longer waits; nothing happens where it did not."""
        theirs = self._clients.get(client)
        if theirs and connection in theirs:
            del theirs[connection]
            self._count -= 1
            if not theirs:
                del self._clients[client]

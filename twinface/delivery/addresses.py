"""Connections to other machines only: a webhook's URL must not make the box ask itself, or what is bound to its link.

The address is checked that is connected to, after the name was resolved, once; so a name that leads elsewhere a moment
later (DNS rebinding) gains nothing.
"""

import socket
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address, ip_address

import psutil

from twinface.errors import InputError

_NAT64 = 0x0064_FF9B << 96
_LOW_32_BITS = 0xFFFF_FFFF
_MOST_ADDRESSES = 4


def connect(host: str, port: int, *, allow_local: bool, timeout_s: float) -> socket.socket:
    """A connection to a host, of whose addresses the first four are tried that may be connected to.

    Raises InputError where all of them are refused: those of this machine, loopback, link-local and others that are
    nobody's, unless `allow_local`; OSError where none answers.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    allowed = [one for one in found if allow_local or not is_local(str(one[4][0]))]
    if not allowed:
        raise InputError("an address of this box, or of its link only; `allow_local = true` allows it")
    failed = OSError("no address")
    for family, kind, protocol, _, address in allowed[:_MOST_ADDRESSES]:
        connection = socket.socket(family, kind, protocol)
        try:
            connection.settimeout(timeout_s)
            connection.connect(address)
        except OSError as error:
            connection.close()
            failed = error
        else:
            return connection
    raise failed


def is_local(address: str) -> bool:
    """Whether an address, such as "fe80::1%eth0", leads to this machine or no further than its link."""
    found = ip_address(address.partition("%")[0])
    return any(
        one.is_loopback or one.is_link_local or one.is_unspecified or one.is_multicast or one in _own_addresses()
        for one in (found, *_inside(found))
    )


def _inside(address: IPv4Address | IPv6Address) -> tuple[IPv4Address, ...]:
    """The addresses of the older protocol that one of the newer leads to: mapped, 6to4, NAT64."""
    if isinstance(address, IPv4Address):
        return ()
    nat64 = IPv4Address(int(address) & _LOW_32_BITS) if int(address) & ~_LOW_32_BITS == _NAT64 else None
    return tuple(one for one in (address.ipv4_mapped, address.sixtofour, nat64) if one is not None)


def _own_addresses() -> set[IPv4Address | IPv6Address]:
    own = set()
    for addresses in psutil.net_if_addrs().values():
        for one in addresses:
            with suppress(ValueError):  # hardware addresses
                own.add(ip_address(one.address.partition("%")[0]))
    return own

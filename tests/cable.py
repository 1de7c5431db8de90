"""A cable between two network namespaces that delays packets and loses some, as tc-netem(8) does where a kernel has it.

Its ends are two TUN devices; a thread carries each packet from one to the other when its time has come.
"""

import fcntl
import heapq
import itertools
import os
import random
import select
import struct
import subprocess
import threading
import time
from contextlib import suppress

_TUNSETIFF, _IFF_TUN, _IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
_LARGEST_BYTES = 65536
_LOOK_S = 0.5


class Cable:
    """Until `close`. Raises OSError where no TUN device can be made, which takes root."""

    delay_s = 0.0
    loss = 0.0

    def __init__(self, *names: str) -> None:
        self.lost = 0
        self._ends = [_open_tun(name) for name in names]
        self._random = random.Random(7)
        self._closing = False
        self._thread = threading.Thread(target=self._carry, name="cable", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._closing = True
        self._thread.join()
        for end in self._ends:
            os.close(end)

    def _carry(self) -> None:
        order = itertools.count()
        underway: list[tuple[float, int, int, bytes]] = []
        other = dict(zip(self._ends, reversed(self._ends), strict=True))
        while not self._closing:
            wait_s = min(_LOOK_S, max(0.0, underway[0][0] - time.monotonic())) if underway else _LOOK_S
            for end in select.select(self._ends, [], [], wait_s)[0]:
                packet = _read(end)
                if packet and self._random.random() >= self.loss:
                    heapq.heappush(underway, (time.monotonic() + self.delay_s, next(order), other[end], packet))
                elif packet:
                    self.lost += 1
            while underway and underway[0][0] <= time.monotonic():
                _, _, end, packet = heapq.heappop(underway)
                with suppress(OSError):  # the device is down
                    os.write(end, packet)


def _read(end: int) -> bytes:
    """A packet; none where the device is down."""
    try:
        return os.read(end, _LARGEST_BYTES)
    except OSError:
        return b""


def _open_tun(name: str) -> int:
    descriptor = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    fcntl.ioctl(descriptor, _TUNSETIFF, struct.pack("16sH22x", name.encode(), _IFF_TUN | _IFF_NO_PI))
    return descriptor


def run(*command: str) -> None:
    """Run one of the tools that make devices."""
    subprocess.run(command, check=True, capture_output=True)

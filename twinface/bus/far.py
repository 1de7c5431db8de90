"""The reading end of a work link whose sender is on another machine: how it dials, and that machine's clock.

What travels is what travels within a machine. Beside a credit goes our clock, which the relay there sends back with
its own.
"""

import secrets
import struct
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import zmq

from twinface.bus.peer_clock import PeerClock
from twinface.bus.peer_keys import KeyPair
from twinface.errors import WireError
from twinface.messages.schema import Message
from twinface.messages.topics import Topic

PING = struct.Struct("!q")
"""Our clock, in ns."""

PONG = struct.Struct("!qqQ")
"""What came with the ping, the clock of who answers, in ns, and that relay's start."""

HEARTBEAT_MS, SILENT_MS = 1000, 3000
"""A connection on which nothing comes for so long is given up, and made again."""

_CONNECT_TIMEOUT_MS = 3000
_SAID_AFTER_S = 10.0


@dataclass(frozen=True, slots=True)
class FarSender:
    """A process of the box `peer`, such as "camera.front", whose relay is at `address` and has the public `key`."""

    peer: str
    address: str
    key: bytes
    own: KeyPair
    origin: str


class FarEnd:
    """One connection to a FarSender. `socket` is a DEALER that is encrypted, and connected to the relay there."""

    def __init__(self, context: "zmq.Context[zmq.Socket[bytes]]", far: FarSender, topic: Topic, identity: str) -> None:
        self.far = far
        self.clock = PeerClock()
        self._topic = topic
        self._heard_at_s = time.monotonic()
        self.socket = context.socket(zmq.DEALER)
        # Who is not told this name cannot take the connection's place.
        name = f"{topic.name} {far.origin} {identity} {secrets.token_hex(8)}"
        self.socket.set(zmq.ROUTING_ID, name.encode())
        self.socket.set(zmq.CURVE_SERVERKEY, far.key)
        self.socket.set(zmq.CURVE_PUBLICKEY, far.own.public)
        self.socket.set(zmq.CURVE_SECRETKEY, far.own.secret)
        self.socket.set(zmq.IPV6, 1)
        self.socket.set(zmq.HEARTBEAT_IVL, HEARTBEAT_MS)
        self.socket.set(zmq.HEARTBEAT_TIMEOUT, SILENT_MS)
        self.socket.set(zmq.CONNECT_TIMEOUT, _CONNECT_TIMEOUT_MS)

    def ping(self) -> bytes:
        """Our clock, to be sent along."""
        return PING.pack(time.monotonic_ns())

    def take_pong(self, frames: Sequence[bytes]) -> bool:
        """Whether what came is the relay's answer to a ping, and no message."""
        self._heard_at_s = time.monotonic()
        if len(frames) != 1 or len(frames[0]) != PONG.size:
            return False
        sent_ns, theirs_ns, epoch = PONG.unpack(frames[0])
        self.clock.hear(epoch, sent_ns, theirs_ns, time.monotonic_ns())
        return True

    def localise(self, message: Message) -> Message:
        """The message with the time of its capture by our clock. Raises WireError before that is known."""
        if not self.clock.is_known:
            raise WireError(f"a message of {self.far.peer} before its clock is known")
        captured = message.stamp.captured
        captured = replace(captured, mono_ns=self.clock.ours(captured.mono_ns))
        return replace(message, stamp=replace(message.stamp, captured=captured))

    def problem(self) -> str:
        """What is wrong: that nothing comes, not even an answer to our pings."""
        silent_s = time.monotonic() - self._heard_at_s
        if silent_s < _SAID_AFTER_S:
            return ""
        where = f"{self.far.peer} at {self.far.address}"
        mend = "is its relay there, and is this box on its list? `twinface keys list` there says"
        return f"{self._topic.name}: nothing heard of {where} for {silent_s:.0f} s; {mend}"

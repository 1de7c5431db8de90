"""The one door of a box to others: readers of its work links on other machines come in here, by their keys.

For each of them there is a reader on the link itself that has nothing of its own: credits go in, messages go out, as
they are. So senders, books and leases know no network, and what is lost on the way is noticed as it is of a silent
reader on this machine.
"""

import logging
import re
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass

import zmq

from twinface.bus.books import Books, Column, link_name
from twinface.bus.credit import Answer, Verdict, unpack_credit
from twinface.bus.far import HEARTBEAT_MS, PING, PONG, SILENT_MS
from twinface.bus.loop import Loop
from twinface.bus.peer_keys import KeyFolder
from twinface.bus.rundir import RunDirectory
from twinface.bus.zap import DOMAIN, Doorkeeper
from twinface.errors import SettingsError, TwinfaceError, WireError
from twinface.messages.recent import RecentNumbers
from twinface.messages.topics import TOPICS, VECTORS, Topic

log = logging.getLogger(__name__)

_FORGOTTEN_AFTER_S = 5.0
_MOST_READERS = 512
_ASKED = re.compile(rb"([a-z]{1,16}) ([A-Za-z0-9._-]{1,64}) ([A-Za-z0-9._-]{1,64}@\d{1,20}) [0-9a-f]{1,32}")
"""Topic, sender, reader and its start, and what nobody else knows."""

_REMEMBERED = 512
"""Readers of starts of senders, of which is known what they have done."""
_HANDSHAKE_MS = 10_000
_WAITING = 64
"""Messages that the socket keeps for a peer; credits keep them far below."""

_COLUMN = {
    Verdict.DONE: Column.ANSWERED,
    Verdict.OUTDATED: Column.OUTDATED,
    Verdict.RETURNED: Column.RETURNED,
    Verdict.DONE_BEFORE: Column.ANSWERED,  # where the first time was lost on the way here
}

_FOR_ONE_PEER = {VECTORS}
"""Vectors go to the box whose crops they are of, each by a sender of its own; of the others everybody may have any."""

Offers = Mapping[Topic, Collection[str]]
"""Which processes of this box send what boxes on the list may read."""


@dataclass(slots=True)
class _Reader:
    """One reader of one sender on another machine, and the socket that stands for it here."""

    key: bytes
    peer: str
    name: str
    link: str
    origin: str
    socket: "zmq.Socket[bytes]"
    heard_at_s: float


class Relay:
    """Lives in its process's loop. `count` is called with the name of what is counted, `keys` read again by `look`.

    Raises SettingsError where `address` cannot be listened on, and what KeyFolder does.
    """

    def __init__(
        self,
        context: "zmq.Context[zmq.Socket[bytes]]",
        address: str,
        *,
        keys: KeyFolder,
        run: RunDirectory,
        offers: Offers,
        books: Books,
        epoch: int,
        loop: Loop,
        count: Callable[[str], None],
    ) -> None:
        self._context, self._keys, self._run, self._offers, self._books = context, keys, run, offers, books
        self._epoch, self._loop, self._count = epoch, loop, count
        self._names = {key: name for name, key in keys.allowed().items()}
        self._readers: dict[bytes, _Reader] = {}
        self._done: OrderedDict[tuple[str, str], RecentNumbers] = OrderedDict()
        self.problem = ""
        self._doorkeeper = Doorkeeper(context, self._names_has, lambda: count("refused_connections"))
        self._door = context.socket(zmq.ROUTER)
        self._door.set(zmq.LINGER, 0)
        self._door.set(zmq.ROUTER_MANDATORY, 1)
        self._door.set(zmq.ROUTER_HANDOVER, 1)
        self._door.set(zmq.MAXMSGSIZE, 4096)
        self._door.set(zmq.SNDHWM, _WAITING)
        self._door.set(zmq.IPV6, 1)
        self._door.set(zmq.CURVE_SERVER, 1)
        self._door.set(zmq.CURVE_SECRETKEY, keys.own().secret)
        self._door.set(zmq.ZAP_DOMAIN, DOMAIN)
        self._door.set(zmq.HANDSHAKE_IVL, _HANDSHAKE_MS)
        self._door.set(zmq.HEARTBEAT_IVL, HEARTBEAT_MS)
        self._door.set(zmq.HEARTBEAT_TIMEOUT, SILENT_MS)
        try:
            self._door.bind(address)
        except zmq.ZMQError as error:
            self.close()
            raise SettingsError(f"[relay] listen = {address!r}: {error.strerror or error}; choose another") from error
        loop.add(self._doorkeeper.socket, self._doorkeeper.on_readable)
        loop.add(self._door, self._on_readable)

    @property
    def address(self) -> str:
        """Where it listens, with the port that was chosen where that was left open."""
        return self._door.get_string(zmq.LAST_ENDPOINT).rstrip("\0")

    @property
    def peers(self) -> set[str]:
        """The boxes that read here now."""
        return {reader.peer for reader in self._readers.values()}

    @property
    def readers(self) -> int:
        """How many readers on other machines there are, one for each sender that it reads."""
        return len(self._readers)

    def look(self) -> None:
        """Read the list again, cut off who is not on it any more, and forget who was not heard; once a second."""
        try:
            self._names = {key: name for name, key in self._keys.allowed().items()}
            self.problem = ""
        except TwinfaceError as error:
            self.problem = str(error)
        forgotten_s = time.monotonic() - _FORGOTTEN_AFTER_S
        for identity, reader in list(self._readers.items()):
            if self._names.get(reader.key) != reader.peer:
                log.warning("cut off: its key was revoked", extra={"peer": reader.peer})
                self._count("revoked_readers")
                self._close(identity)
            elif reader.heard_at_s < forgotten_s:
                self._close(identity)

    def close(self) -> None:
        """Close all sockets."""
        for identity in list(self._readers):
            self._close(identity)
        self._door.close()
        self._doorkeeper.close()

    def _names_has(self, key: bytes) -> bool:
        return key in self._names

    def _on_readable(self) -> None:
        while True:
            try:
                frames = self._door.recv_multipart(zmq.NOBLOCK, copy=False)
            except zmq.Again:
                return
            identity = frames[0].bytes
            try:
                key = bytes.fromhex(str(frames[0].get("User-Id")))
                self._take(identity, key, [frame.bytes for frame in frames[1:]])
            except (TwinfaceError, zmq.ZMQError) as error:
                log.warning("message refused", extra={"error": str(error)})
                self._count("refused_messages")

    def _take(self, identity: bytes, key: bytes, frames: list[bytes]) -> None:
        """A credit of a reader, and often a ping."""
        name = self._names.get(key)
        if name is None or not 1 <= len(frames) <= 2:
            raise WireError("nobody on the list, or no credit")
        if len(frames) == 2:
            if len(frames[1]) != PING.size:
                raise WireError("no ping")
            pong = PONG.pack(*PING.unpack(frames[1]), time.monotonic_ns(), self._epoch)
            with suppress(zmq.ZMQError):  # it asks again
                self._door.send_multipart([identity, pong], zmq.NOBLOCK)
        credit = unpack_credit(frames[0])
        reader = self._readers.get(identity) or self._open(identity, key, name)
        if reader.key != key:
            raise WireError("the name of another's reader")
        reader.heard_at_s = time.monotonic()
        if credit.answer is not None:
            self._count_answer(reader, credit.answer)
        try:
            reader.socket.send(frames[0], zmq.NOBLOCK)
        except zmq.Again:
            self._close(identity)  # its sender is away; the next credit opens it again

    def _open(self, identity: bytes, key: bytes, name: str) -> _Reader:
        asked = _ASKED.fullmatch(identity)
        words = [word.decode() for word in asked.groups()] if asked else ["", ""]
        topic = TOPICS.get(words[0])
        if topic is None or words[1] not in self._offers.get(topic, ()):
            raise WireError("a reader of what nobody offers here")
        if len(self._readers) >= _MOST_READERS:
            raise WireError("too many readers")
        only = name if topic in _FOR_ONE_PEER else ""
        socket = self._context.socket(zmq.DEALER)
        socket.set(zmq.LINGER, 200)
        own_name = f"{name}/{words[2]}"
        socket.set(zmq.ROUTING_ID, own_name.encode())
        socket.set(zmq.RECONNECT_IVL, 50)
        socket.set(zmq.RECONNECT_IVL_MAX, 100)
        socket.set(zmq.SNDHWM, _WAITING)
        socket.connect(self._run.endpoint(topic, words[1], only))
        reader = _Reader(key, name, own_name, link_name(topic, only), words[1], socket, time.monotonic())
        self._readers[identity] = reader
        self._loop.add(socket, lambda: self._pass_on(identity, reader))
        log.info("reader of another machine", extra={"peer": name, "topic": topic.name, "origin": words[1]})
        return reader

    def _pass_on(self, identity: bytes, reader: _Reader) -> None:
        while not reader.socket.closed:
            try:
                frames = reader.socket.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                return
            try:
                self._door.send_multipart([identity, *frames], zmq.NOBLOCK)
                self._count("sent")
            except zmq.Again:
                self._count("dropped")  # its sender offers it again
            except zmq.ZMQError as error:
                if error.errno != zmq.EHOSTUNREACH:
                    raise
                self._count("dropped")
                self._close(identity)

    def _count_answer(self, reader: _Reader, answer: Answer) -> None:
        """Before the sender has it: what a sender knows to be done, a reader has counted."""
        name = f"in {reader.link} {reader.origin}@{answer.epoch}"
        account, done = self._books.account(name), self._done.get((reader.name, name))
        if done is None:
            if any(other == name for _, other in self._done):
                account.add(Column.EARLIER_STARTS)  # another reader, in the same account
            done = self._done[reader.name, name] = RecentNumbers()
            if len(self._done) > _REMEMBERED:
                self._done.popitem(last=False)
        if answer.verdict in {Verdict.DONE, Verdict.DONE_BEFORE}:
            if answer.sequence in done:
                return
            done.add(answer.sequence)
        account.add(_COLUMN[answer.verdict])

    def _close(self, identity: bytes) -> None:
        reader = self._readers.pop(identity)
        self._loop.remove(reader.socket)
        reader.socket.close()

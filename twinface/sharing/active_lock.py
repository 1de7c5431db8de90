"""One of several is active: it holds a lock of the database, kept by a thread and a connection of its own."""

import hashlib
import threading
import time

from twinface.errors import ServiceError, TwinfaceError
from twinface.postgres.connecting import connect, errors_of
from twinface.postgres.tables import Connection
from twinface.sharing.lease import ASK_EVERY_S, SESSION_S, Lease

_KIND = 0x7477
"""What the locks of twinface have in common, among those that others take in the same database."""

_END_WITHIN_S = 1.0


class ActiveLock:
    """Tries to be the active one of those who take the lock `group`, from `start` until `close`.

    `box` is what the others are shown while this is the active one.
    """

    def __init__(self, url: str, group: str, box: str) -> None:
        self._url, self._box = url, box
        self._key = int.from_bytes(hashlib.sha256(group.encode()).digest()[:4], "big", signed=True)
        self._group = group
        self._lease = Lease()
        self._said = "asks who is active"
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="active lock", daemon=True)

    def start(self) -> None:
        """Begin to try."""
        self._thread.start()

    @property
    def is_active(self) -> bool:
        """Whether this is the active one now."""
        return self._lease.is_valid(time.monotonic())

    @property
    def said(self) -> str:
        """Why this is not the active one."""
        return self._said

    def check(self) -> None:
        """Raise ServiceError where this is not the active one any more: whatever it would do now, another one does."""
        if not self.is_active:
            raise ServiceError(f"the active matcher of {self._group} no more: the database did not answer in time")

    def close(self) -> None:
        """Let another one be active."""
        self._closing.set()
        if self._thread.is_alive():
            self._thread.join(_END_WITHIN_S)

    def _run(self) -> None:
        while not self._closing.is_set():
            try:
                with connect(self._url, f"twinface {self._box}") as session, errors_of(self._url):
                    self._hold(session)
            except TwinfaceError as error:
                self._said = f"stands by, {error}"
                self._closing.wait(ASK_EVERY_S)

    def _hold(self, session: Connection) -> None:
        """Ask for the lock until it is had, then keep it."""
        session.execute("SELECT set_config('idle_session_timeout', %s, false)", [f"{SESSION_S * 1000:.0f}ms"])
        held = False
        while not self._closing.is_set():
            asked_s = time.monotonic()
            if held:
                session.execute("SELECT")
                self._lease.renewed(asked_s)
            elif held := self._take(session):
                self._lease.taken(asked_s, time.monotonic())
                self._said = "waits until no other one can be active"
            self._closing.wait(ASK_EVERY_S)

    def _take(self, session: Connection) -> bool:
        row = session.execute("SELECT pg_try_advisory_lock(%s, %s)", [_KIND, self._key]).fetchone()
        if row is not None and row[0]:
            return True
        holder = session.execute(
            "SELECT application_name FROM pg_locks JOIN pg_stat_activity USING (pid)"
            " WHERE locktype = 'advisory' AND classid = %s AND objid = %s::bigint AND granted",
            [_KIND, self._key % 2**32],
        ).fetchone()
        self._said = f"stands by, {str(holder[0]).removeprefix('twinface ') if holder else 'another'} is active"
        return False

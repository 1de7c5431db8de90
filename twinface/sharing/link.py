"""The link of a box to the database: a thread that connects, brings and takes what is shared, and connects again."""

import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from twinface.errors import TwinfaceError
from twinface.postgres.connecting import check_server, connect, errors_of
from twinface.postgres.migrations import migrate
from twinface.postgres.tables import CHANNEL, Connection

if TYPE_CHECKING:
    pass

_ERASING = "hashtext('twinface erasing')"
WHILE_NOTHING_IS_ERASED = f"SELECT pg_advisory_xact_lock_shared({_ERASING})"
WHILE_NOTHING_IS_FORWARDED = f"SELECT pg_advisory_xact_lock({_ERASING})"
"""Who forwards reads the box's own store under the first, to the end of the transaction; who erases takes the other."""

TURN_S = 0.5
"""So often a part has its turn at least."""

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 8.0
_END_WITHIN_S = 5.0


class Part(Protocol):
    """Something that is shared, one of several that have their turns on one connection."""

    def turn(self, connection: Connection) -> bool:
        """Do what there is to do now; True where there is more. Raises TwinfaceError, and what psycopg raises."""


class Link:
    """Works from `start` until `stop`. `problem` says why nothing is shared now, empty while all is well.

    Each of the `parts` has its turn every TURN_S, and as soon as somebody says that something has changed.
    """

    def __init__(self, url: str, who: str, parts: Sequence[Part], on_change: Callable[[], None]) -> None:
        self.problem = "connecting to the database"
        self.failures = 0
        self._url, self._who, self._parts, self._on_change = url, who, parts, on_change
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="link", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End after the present turn; who hangs in one is left behind."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(_END_WITHIN_S)

    def _run(self) -> None:
        pause_s = _FIRST_PAUSE_S
        while not self._stopping.is_set():
            try:
                with connect(self._url, self._who) as connection, errors_of(self._url):
                    check_server(connection)
                    migrate(connection)
                    connection.execute(f"LISTEN {CHANNEL}".encode())
                    while not self._stopping.is_set():
                        self._turn(connection)
                        pause_s = _FIRST_PAUSE_S
            except TwinfaceError as error:
                self.failures += 1
                self._say(str(error))
                self._stopping.wait(pause_s)
                pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    def _turn(self, connection: Connection) -> None:
        more = [part.turn(connection) for part in self._parts]
        self._say("")
        if not any(more):
            for _ in connection.notifies(timeout=TURN_S, stop_after=1):
                pass

    def _say(self, problem: str) -> None:
        if problem != self.problem:
            self.problem = problem
            self._on_change()

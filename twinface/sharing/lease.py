"""For how long who holds a lock of the database may act on it, without asking the clock of anybody else.

Of several processes one holds the lock, by a session of its own in PostgreSQL. The session may end without its holder
hearing of it: the link is cut, the process is stopped, the database is killed. So nobody acts on the lock alone:

- Who holds it asks the session something every ASK_EVERY_S, and acts until ACTIVE_S after it *sent* the last question
  that was answered.
- PostgreSQL ends a session that asks nothing for SESSION_S (its own `idle_session_timeout`), and frees the lock.
- Who gets the lock waits for WAIT_S before it acts, whoever had it before, and even if it was itself.

So who acts at a moment has held the lock, by one session, from WAIT_S until ACTIVE_S before that moment. Two who act at
once would both have held it then, and PostgreSQL gives it to one.

So another one acts at most SESSION_S + ASK_EVERY_S + WAIT_S after the last question, 4.25 s, and at most ASK_EVERY_S +
WAIT_S, 2.25 s, after a process was killed, whose session ends with it. Clocks need not agree; that they run equally
fast to a tenth is enough.
"""

import math

ASK_EVERY_S = 0.5
ACTIVE_S = 1.5
SESSION_S = 2.0
WAIT_S = 1.75


class Lease:
    """From when until when one may act; every time is this machine's own, monotonic, in seconds."""

    def __init__(self) -> None:
        self._begins_s = math.inf
        self._ends_s = -math.inf

    def is_valid(self, now_s: float) -> bool:
        """Whether one may act now."""
        return self._begins_s <= now_s < self._ends_s

    def taken(self, asked_s: float, now_s: float) -> None:
        """A session has got the lock: it asked at `asked_s`, and it is `now_s`."""
        self._begins_s = now_s + WAIT_S
        self._ends_s = asked_s + ACTIVE_S

    def renewed(self, asked_s: float) -> None:
        """The session that holds the lock has answered what it was asked at `asked_s`."""
        self._ends_s = asked_s + ACTIVE_S

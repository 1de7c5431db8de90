"""What a box says of itself to the others, in the table `boxes`, and what it finds there that is wrong."""

import ipaddress
import secrets
import socket
import time
from dataclasses import dataclass

from twinface.postgres.tables import Connection
from twinface.settings import Settings
from twinface.sharing.identity import Identity

SAY_EVERY_S = 3.0

SILENT_AFTER_S = 15.0
"""Who has said nothing for so long is not there."""

_MOST_CLOCK_S = 60.0
_MOST_CHARACTERS = 500

_SAY = """
    INSERT INTO boxes (id, name, start, version, page, started_at, clock_ahead_s, health, ok, gallery_version,
                       events_waiting, warning)
    VALUES (%(id)s, %(name)s, %(start)s, %(version)s, %(page)s, clock_timestamp() - %(up_s)s * interval '1 second',
            %(now_s)s - extract(epoch FROM clock_timestamp()), %(health)s, %(ok)s, %(gallery_version)s,
            %(events_waiting)s, %(warning)s)
    ON CONFLICT (id) DO UPDATE SET
        name = excluded.name, start = excluded.start, version = excluded.version, page = excluded.page,
        started_at = excluded.started_at, seen_at = clock_timestamp(), clock_ahead_s = excluded.clock_ahead_s,
        health = excluded.health, ok = excluded.ok, gallery_version = excluded.gallery_version,
        events_waiting = excluded.events_waiting, warning = excluded.warning
    RETURNING clock_ahead_s
"""
_OTHERS = """
    SELECT id, page FROM boxes
    WHERE name = %(name)s AND id <> %(id)s AND seen_at > clock_timestamp() - %(silent_s)s * interval '1 second'
    ORDER BY joined_at LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a box is: `health` in words, its gallery's version, and how many events the others have not had yet."""

    health: str = "starting"
    ok: bool = True
    gallery_version: int = 0
    events_waiting: int = 0


class OwnBox:
    """A part of the link: says every SAY_EVERY_S how this box is. `standing` is set from another thread.

    `warning` says what is wrong with this box among the others: another one has its name, or even its id, or its clock
    is wrong. Times in the table are the database's, so a wrong clock makes nothing older or younger.
    """

    def __init__(self, box: Identity, version: str, page: str) -> None:
        self.standing = Standing()
        self.warning = ""
        self._box, self._version, self._page = box, version, page
        self._start = secrets.token_hex(8)
        self._started_s = time.monotonic()
        self._due_s = float("-inf")
        self._said = False

    def turn(self, connection: Connection) -> bool:
        """Say how this box is, where it is time to."""
        now_s = time.monotonic()
        if now_s < self._due_s:
            return False
        standing = self.standing
        with connection.transaction():
            doubles = [self._same_id(connection), self._same_name(connection)]
            row = connection.execute(
                _SAY,
                {
                    "id": self._box.id,
                    "name": self._box.name,
                    "start": self._start,
                    "version": self._version,
                    "page": self._page,
                    "up_s": now_s - self._started_s,
                    "now_s": time.time(),
                    "health": standing.health[:_MOST_CHARACTERS],
                    "ok": standing.ok,
                    "gallery_version": standing.gallery_version,
                    "events_waiting": standing.events_waiting,
                    "warning": self.warning,
                },
            ).fetchone()
        ahead_s = float(row[0]) if row else 0.0
        self.warning = "; ".join(filter(None, [*doubles, clock_warning(ahead_s)]))
        self._said = True
        self._due_s = now_s + SAY_EVERY_S
        return False

    def _same_id(self, connection: Connection) -> str:
        """That another process says of itself to be this box."""
        row = connection.execute("SELECT start FROM boxes WHERE id = %s", [self._box.id]).fetchone()
        if not self._said or row is None or row[0] == self._start:
            return ""
        return "another machine has this box's id, as a copy of it has; delete box.id beside its gallery there"

    def _same_name(self, connection: Connection) -> str:
        names = {"name": self._box.name, "id": self._box.id, "silent_s": SILENT_AFTER_S}
        row = connection.execute(_OTHERS, names).fetchone()
        if row is None:
            return ""
        where = f" at {row[1]}" if row[1] else ""
        return f"another box{where} is called {self._box.name}, too (its id: {row[0][:8]}); set `box` to another name"


def page_of(settings: Settings) -> str:
    """The address of this box's page for other machines; empty where they cannot reach it, or it is not known."""
    web = settings.web
    try:
        address = ipaddress.ip_address(web.host)
    except ValueError:
        host = "" if web.host == "localhost" else web.host
    else:
        numbers = f"[{web.host}]" if address.version == 6 else web.host
        host = "" if address.is_loopback else socket.getfqdn() if address.is_unspecified else numbers
    return f"{'https' if web.certificate else 'http'}://{host}:{web.port}/" if host and web.port else ""


def clock_warning(ahead_s: float) -> str:
    """What is said of a clock that differs from the database's by so many seconds; empty where it is well."""
    if abs(ahead_s) < _MOST_CLOCK_S:
        return ""
    return f"its clock is {abs(ahead_s):.0f} s {'ahead of' if ahead_s > 0 else 'behind'} the database's; set the time"

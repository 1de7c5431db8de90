"""Who has logged in with a browser: sessions, kept in memory only, each with what its token allows."""

import hashlib
import secrets
import time
from collections import OrderedDict
from dataclasses import dataclass

from twinface.types import Clock
from twinface.web.tokens import Role, TokenFile

SESSION_S = 7 * 24 * 3600.0
"""So long a login lasts; it ends earlier with the web process, and with the token that it was made with."""

_MOST_SESSIONS = 256
_RANDOM_BYTES = 32


@dataclass(frozen=True, slots=True)
class Session:
    """A login: its role, the hash of the token it was made with, and its end by a clock that only goes on."""

    role: Role
    token_hash: str
    ends_at_s: float
    expires_ns: int


class Sessions:
    """Everybody's, by the hash of a secret that only their browser has; beyond 256 the oldest ends."""

    def __init__(self, tokens: TokenFile, clock: Clock = time.monotonic) -> None:
        self._tokens = tokens
        self._clock = clock
        self._sessions: OrderedDict[str, Session] = OrderedDict()

    def open(self, role: Role, token_hash: str) -> tuple[str, Session]:
        """A new one, and the secret by which it is found."""
        secret, ends_at_s = secrets.token_urlsafe(_RANDOM_BYTES), self._clock() + SESSION_S
        session = Session(role, token_hash, ends_at_s, time.time_ns() + int(SESSION_S * 1e9))
        self._sessions[_hash(secret)] = session
        if len(self._sessions) > _MOST_SESSIONS:
            self._sessions.popitem(last=False)
        return secret, session

    def find(self, secret: str) -> Session | None:
        """Whose secret this is; None of none, or one that is over, or whose token was replaced.

        How long that takes says something of the hash of a secret at most, which helps nobody to guess one.
        """
        key = _hash(secret)
        session = self._sessions.get(key)
        if session is None:
            return None
        if self._clock() >= session.ends_at_s or not self._tokens.holds(session.role, session.token_hash):
            del self._sessions[key]
            return None
        return session

    def close(self, secret: str) -> None:
        """End one; nothing happens where there is none."""
        self._sessions.pop(_hash(secret), None)


def _hash(secret: str) -> str:
    return hashlib.sha256(b"twinface session: " + secret.encode("utf-8", "surrogatepass")).hexdigest()

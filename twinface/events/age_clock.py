"""How old something is, on a box whose wall clock may be wrong.

A clock that is a month ahead after one bad answer from a time server, or in 1971 after a power cut, must not decide
what is erased. What is stored is therefore stamped with a clock of our own, which counts only the time that the box has
run. The time that it was off, as the wall clock tells it, makes what was stored before older, but only after the box
has run by that wall clock for a day, and day by day where it would have been off for long. What this costs and saves:
docs/decisions/events.md.
"""

from dataclasses import dataclass, replace
from typing import NamedTuple, Self

_HOUR_NS = 3600 * 10**9
_DAY_NS = 24 * _HOUR_NS

BELIEVED_AFTER_NS = _DAY_NS
"""So long the box has to run by a wall clock that has jumped, or that went on while the box was off."""

DRIFT_NS = 60 * 10**9
"""A difference as small as this is drift, or a restart, and no jump."""

_LONGEST_OFF_NS = 366 * _DAY_NS
"""No box was off for longer; a clock that says so had been wrong before."""

_MARGIN_NS = _HOUR_NS
"""Kept longer than asked for, so that many small errors of the clock erase nothing too early."""

_MOST_BREAKS = 256

_USUAL_OFF_NS = 10 * _DAY_NS
"""Whoever is off for longer at a time may as well have a wrong clock."""

_DOUBTED_FOR_DAYS = 10
"""A doubtful break counts by a tenth of what is kept for each day that the box runs: within ten days somebody looks."""


class Break(NamedTuple):
    """The box was off for `length_ns` when it had run for `at_ns`. Where that is doubtful it was believed, and began to
    count, when the box had run for `doubted_at_ns`, else 0.
    """

    at_ns: int
    length_ns: int
    doubted_at_ns: int = 0

    def counted_ns(self, ran_ns: int, keep_ns: int) -> int:
        """By how much it makes older what was stored before it, when the box has run for `ran_ns`."""
        if not self.doubted_at_ns:
            return self.length_ns
        return min(self.length_ns, keep_ns * (ran_ns - self.doubted_at_ns) // (_DOUBTED_FOR_DAYS * _DAY_NS))

    def is_doubted(self, ran_ns: int) -> bool:
        """Whether somebody may still put the clock right."""
        return self.doubted_at_ns > 0 and ran_ns - self.doubted_at_ns < _DOUBTED_FOR_DAYS * _DAY_NS


@dataclass(frozen=True, slots=True)
class AgeClock:
    """`ran_ns` is by what rows are stamped: it began as the wall clock and grows while the box runs, never otherwise.

    `started_ns` is where it stood when this process began, `believed_ns` what the wall clock is expected to say now.
    Where it says something else, `jump_ns` is by how much: the smallest difference of one sign during the `steady_ns`
    that the box has run since; `jump_at_ns` is when the box may have been off for that long. `seen_ns` is by how much
    it differed at the last look, `leap_ns` by how much at most this has grown from one look to the next. `breaks` are
    those that are believed, in their order. `behind_ns` is by how much the wall clock was put back at `behind_at_ns`:
    when it is put right again, nobody was off.
    """

    ran_ns: int
    believed_ns: int
    started_ns: int
    jump_ns: int = 0
    jump_at_ns: int = 0
    steady_ns: int = 0
    behind_ns: int = 0
    behind_at_ns: int = 0
    breaks: tuple[Break, ...] = ()
    seen_ns: int = 0
    leap_ns: int = 0

    @classmethod
    def begun(cls, at_ns: int) -> Self:
        """A clock that begins with a wall clock reading: the present one, or that of the newest event."""
        return cls(at_ns, at_ns, at_ns)

    def advanced(self, passed_ns: int, wall_ns: int) -> Self:
        """The clock after the box has run for `passed_ns` more, by monotonic time; the wall clock says `wall_ns`."""
        ran_ns, believed_ns = self.ran_ns + passed_ns, self.believed_ns + passed_ns
        jump_ns = wall_ns - believed_ns
        here = replace(self, ran_ns=ran_ns, believed_ns=believed_ns, seen_ns=jump_ns)
        if abs(jump_ns) <= DRIFT_NS:
            return replace(here, believed_ns=wall_ns, jump_ns=0, steady_ns=0, seen_ns=0, leap_ns=0)
        leap_ns = min(abs(jump_ns - self.seen_ns), abs(jump_ns))
        if jump_ns * self.jump_ns <= 0:
            return replace(here, jump_ns=jump_ns, jump_at_ns=self.started_ns, steady_ns=0, leap_ns=leap_ns)
        smallest_ns, steady_ns = min(jump_ns, self.jump_ns, key=abs), self.steady_ns + passed_ns
        here = replace(here, jump_ns=smallest_ns, steady_ns=steady_ns, leap_ns=max(leap_ns, self.leap_ns))
        return here if steady_ns < BELIEVED_AFTER_NS else here._believing(rest_ns=jump_ns - smallest_ns)

    def stored_before_ns(self, keep_days: float) -> int:
        """What has a stamp before this is older than `keep_days`."""
        keep_ns = int(keep_days * _DAY_NS)
        left_ns, until_ns = keep_ns + _MARGIN_NS, self.ran_ns
        for one in reversed(self._without_doubted(max(0, -self.jump_ns))):
            at_ns, length_ns = one.at_ns, one.counted_ns(self.ran_ns, keep_ns)
            left_ns -= until_ns - at_ns
            if left_ns <= 0:
                return max(0, at_ns - left_ns)
            left_ns, until_ns = left_ns - length_ns, at_ns
            if left_ns <= 0:
                return max(0, at_ns)
        return max(0, until_ns - left_ns)

    @property
    def doubt_ns(self) -> int:
        """By how much the wall clock may be wrong: a jump that is not believed, or a break that is doubtful."""
        doubted = [one.length_ns for one in self.breaks if one.is_doubted(self.ran_ns)]
        return self.jump_ns or max(doubted, default=0)

    def _without_doubted(self, back_ns: int) -> tuple[Break, ...]:
        """The breaks, when the clock is put back by `back_ns`: what it had been ahead by nobody was off."""
        breaks: list[Break] = []
        for one in reversed(self.breaks):
            wrong_ns = min(back_ns, one.length_ns) if one.is_doubted(self.ran_ns) else 0
            back_ns -= wrong_ns
            if one.length_ns > wrong_ns:
                breaks.insert(0, one._replace(length_ns=one.length_ns - wrong_ns))
        return tuple(breaks)

    def _believing(self, rest_ns: int) -> Self:
        """The jump believed, but for `rest_ns` that came later. A clock that was put back makes nothing younger than it
        was before a jump that is doubtful.
        """
        behind_ns = self.behind_ns if self.ran_ns - self.behind_at_ns < _LONGEST_OFF_NS else 0
        off_ns = self.jump_ns - behind_ns
        breaks = self._without_doubted(max(0, -self.jump_ns))
        if 0 < off_ns <= _LONGEST_OFF_NS:
            doubted_at_ns = self.ran_ns if min(self.leap_ns, off_ns) > _USUAL_OFF_NS else 0
            breaks = (*breaks, Break(self.jump_at_ns, off_ns, doubted_at_ns))[-_MOST_BREAKS:]
        return replace(
            self,
            believed_ns=self.believed_ns + self.jump_ns,
            breaks=breaks,
            behind_ns=max(0, -off_ns),
            behind_at_ns=self.ran_ns if self.jump_ns < 0 else self.behind_at_ns,
            jump_ns=rest_ns,
            jump_at_ns=self.ran_ns - self.steady_ns,
            steady_ns=0,
            seen_ns=rest_ns,
            leap_ns=min(self.leap_ns, abs(rest_ns)),
        )

"""Unknown visitors of all boxes: one clustering and one numbering, in the database.

A box gives numbers of its own, also while the database is away; what it finds there is who they are at all boxes, by
the rule that it has itself: the nearest of the templates, if that is near enough.
"""

import logging
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from twinface.matching.vectors import fuse, normalised
from twinface.postgres.tables import Connection, as_halfvec
from twinface.types import Vectors
from twinface.unknowns.numbers import Alone, share_numbers, shared_numbers, unknowns_alone, unshare_numbers
from twinface.unknowns.unknowns import COMPARED_LOOKS, SAME_UNKNOWN_COSINE

log = logging.getLogger(__name__)

LOOK_S = 1.0
SAY_S = 30.0
"""So often a box says whom it remembers."""

_PROPOSED = 5
_ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtext('twinface unknowns'))"
_NEAREST = """
    SELECT number, vectors FROM unknowns WHERE network = %s AND vector_dims(template) = %s
    ORDER BY template <=> %s::halfvec LIMIT %s
"""
_NEW = "INSERT INTO unknowns (network, vectors, template) VALUES (%s, %s, %s) RETURNING number"
_SEEN_AGAIN = "UPDATE unknowns SET vectors = %s, template = %s WHERE number = %s"
_IS_HERE = "INSERT INTO unknowns_at (box, number) VALUES (%s, %s) ON CONFLICT DO NOTHING"
_GONE_HERE = "DELETE FROM unknowns_at WHERE box = %s AND number <> ALL(%s)"
_GONE = "DELETE FROM unknowns WHERE NOT EXISTS (SELECT FROM unknowns_at AS at WHERE at.number = unknowns.number)"
_THERE = "SELECT number FROM unknowns WHERE number = ANY(%s)"

Centre = Callable[[Vectors, Sequence[str], str], Vectors]
"""Takes off vectors (n, d) what each has of its camera: by the cameras (n) and the fingerprint of the network."""


class SharedUnknowns:
    """A part of the link: has the unknown visitors of a box numbered as at all boxes, and says whom it remembers.

    `renumbered` counts those who had another number here.
    """

    def __init__(self, path: Path, box: str, centre: Centre, clock: Callable[[], float] = time.monotonic) -> None:
        self.renumbered = 0
        self._path, self._box, self._centre, self._clock = path, box, centre, clock
        self._look_at_s = self._say_at_s = float("-inf")

    def turn(self, connection: Connection) -> bool:
        """Look for who is new here, and say who is still remembered, where it is time to."""
        now_s = self._clock()
        if now_s >= self._say_at_s:
            self._say(connection)
            self._say_at_s = now_s + SAY_S
        if now_s >= self._look_at_s:
            self._share(connection, unknowns_alone(self._path))
            self._look_at_s = now_s + LOOK_S
        return False

    def _share(self, connection: Connection, alone: Sequence[Alone]) -> None:
        if not alone:
            return
        with connection.transaction():
            connection.execute(_ONE_AT_A_TIME)
            numbers = {
                one.number: _meet(connection, one, self._centre(one.vectors, one.cameras, one.network)) for one in alone
            }
            for number in set(numbers.values()):
                connection.execute(_IS_HERE, [self._box, number])
        # A box that stops here asks once more, and is given the same numbers: the nearest is who was just stored.
        share_numbers(self._path, numbers)
        for before, number in numbers.items():
            if before != number:
                self.renumbered += 1
                log.info("an unknown visitor has another number at all boxes", extra={"here": before, "now": number})

    def _say(self, connection: Connection) -> None:
        here = shared_numbers(self._path)
        with connection.transaction():
            connection.execute(_ONE_AT_A_TIME)
            there = {number for (number,) in connection.execute(_THERE, [here])}
            connection.execute(_GONE_HERE, [self._box, here])
            for number in there:
                connection.execute(_IS_HERE, [self._box, number])
            connection.execute(_GONE)
        if lost := set(here) - there:
            unshare_numbers(self._path, lost)


def _meet(connection: Connection, one: Alone, centred: Vectors) -> int:
    """Who a visitor is at all boxes, of whom the newest looks are kept; somebody new where nobody is near enough."""
    template = _unit(centred)
    asked = [one.network, template.size, as_halfvec(template.tolist()), _PROPOSED]
    best, best_cosine, known = None, SAME_UNKNOWN_COSINE, centred[:0]
    for number, stored in connection.execute(_NEAREST, asked):
        vectors = np.frombuffer(stored, "<f4").reshape(-1, template.size)
        cosine = float(_unit(vectors) @ template)
        if cosine >= best_cosine:
            best, best_cosine, known = number, cosine, vectors
    newest = np.concatenate([centred, known])[:COMPARED_LOOKS]
    values = [newest.astype("<f4").tobytes(), as_halfvec(_unit(newest).tolist())]
    if best is not None:
        connection.execute(_SEEN_AGAIN, [*values, best])
        return int(best)
    row = connection.execute(_NEW, [one.network, *values]).fetchone()
    return int(row[0]) if row else 0


def _unit(vectors: Vectors) -> Vectors:
    """The template of vectors (n, d) of one visitor, of length one, (d,)."""
    template: Vectors = normalised(fuse(vectors)[np.newaxis])[0]
    return template

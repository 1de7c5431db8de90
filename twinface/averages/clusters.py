"""The different faces that a source has shown: leader clustering, a state machine without a clock or a file.

One pass, by the cosine of what is left of two vectors once the average of the source is taken off both (Hartigan:
Clustering Algorithms, 1975, ch. 3, the leader algorithm; the leader here is the running mean of its members).
"""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from twinface.averages.average import Tally
from twinface.matching.vectors import normalised
from twinface.types import Vectors

SAME_FACE_COSINE = 0.4
"""Of one face seen twice by one camera, at least: docs/decisions/averages.md has what it mixes and splits."""

MOST_CLUSTERS = 512
"""Of a source; the one that was not seen for longest gives way, so that day, night and the seasons drift in."""

MATURE = 100
"""A source that has shown so many faces learns MOST_NEW_A_DAY new ones a day at most."""

MOST_NEW_A_DAY = 32
"""So nobody can replace what a camera has learnt faster than in sixteen days, however many faces they show it."""

_COMPARED_PRIOR_COUNT = 50
"""As average.PRIOR_COUNT, where faces are compared with each other."""

_MOST_WEIGHT = 20
"""A face is the running mean of about so many of its tracks."""

_DAY_NS = 86_400 * 10**9


@dataclass(frozen=True, slots=True, eq=False)
class Clusters:
    """Face i is `centres[i]`, of length 1, float32 (n, d), the running mean of `tracks[i]` tracks.

    It was first seen at `since_ns[i]` and last at `seen_ns[i]`, int64 (n,) each, by the age clock.
    """

    centres: Vectors
    tracks: NDArray[np.int64]
    since_ns: NDArray[np.int64]
    seen_ns: NDArray[np.int64]

    @classmethod
    def none(cls, dimension: int) -> Self:
        """Of a source that has shown nobody yet."""
        empty = np.empty(0, np.int64)
        return cls(np.empty((0, dimension), np.float32), empty, empty, empty)

    def __len__(self) -> int:
        return len(self.centres)

    @property
    def tally(self) -> Tally:
        """Each face once, however often it was seen."""
        return Tally(len(self), self.centres.sum(axis=0, dtype=np.float32))

    def average(self, prior: NDArray[np.float32]) -> NDArray[np.float32]:
        """What is taken off before faces are compared, float32 (d,): for few of them near the bundled `prior` (d,).

        What scores use would make faces of one family look less alike than they are.
        """
        return self.tally.average(prior, _COMPARED_PRIOR_COUNT)

    def likeness(self, vectors: Vectors, average: NDArray[np.float32]) -> NDArray[np.float32]:
        """Cosines (n, m) of the faces with `vectors` (m, d) that have length 1 without their own average."""
        return normalised(self.centres - average) @ vectors.T

    def find(self, vector: NDArray[np.float32], prior: NDArray[np.float32]) -> int | None:
        """Which of its faces a vector (d,) shows; None for none. `prior` (d,) is the bundled average."""
        average = self.average(prior)
        probe = normalised(normalised(vector[np.newaxis]) - average)
        cosines = self.likeness(probe, average)[:, 0]
        return int(cosines.argmax()) if len(self) and cosines.max() >= SAME_FACE_COSINE else None

    def learnt(self, vector: NDArray[np.float32], prior: NDArray[np.float32], now_ns: int) -> Self:
        """With the face of one more track: its `vector` (d,), `prior` (d,) the bundled average.

        It joins the face most like it, which is put together with those that it has come to look like, or it is a new
        one; where there are as many as may be, the one not seen for longest gives way. Of a mature source a face beyond
        MOST_NEW_A_DAY is passed over.
        """
        unit = normalised(vector[np.newaxis])
        if (row := self.find(vector, prior)) is not None:
            return self._with(row, unit[0], 1, now_ns, now_ns)._put_together(row, prior)
        if len(self) >= MATURE and self._count_new(now_ns) >= MOST_NEW_A_DAY:
            return self
        room = self if len(self) < MOST_CLUSTERS else self.only(np.arange(len(self)) != self.seen_ns.argmin())
        return replace(
            room,
            centres=np.concatenate([room.centres, unit]),
            tracks=np.append(room.tracks, 1),
            since_ns=np.append(room.since_ns, now_ns),
            seen_ns=np.append(room.seen_ns, now_ns),
        )

    def kept(self, before_ns: int, now_ns: int) -> Self:
        """Without the faces that were last seen before; what a clock that is no more calls the future is now."""
        recent = self.only(self.seen_ns >= before_ns)
        if not (recent.seen_ns > now_ns).any():
            return recent
        since_ns, seen_ns = (np.minimum(stamps, now_ns) for stamps in (recent.since_ns, recent.seen_ns))
        return replace(recent, since_ns=since_ns, seen_ns=seen_ns)

    def only(self, rows: NDArray[np.bool_]) -> Self:
        """Those of its faces, bool (n,); itself where these are all."""
        if rows.all():
            return self
        return replace(
            self,
            centres=self.centres[rows],
            tracks=self.tracks[rows],
            since_ns=self.since_ns[rows],
            seen_ns=self.seen_ns[rows],
        )

    def _count_new(self, now_ns: int) -> int:
        """How many of its faces are new since a day ago."""
        return int((self.since_ns > now_ns - _DAY_NS).sum())

    def _put_together(self, row: int, prior: NDArray[np.float32]) -> Self:
        """With a face and those it has come to look like as one."""
        others = self.only(np.arange(len(self)) != row)
        other = others.find(self.centres[row], prior)
        if other is None:
            return self
        stamps_ns = int(self.since_ns[row]), int(self.seen_ns[row])
        return others._with(other, self.centres[row], int(self.tracks[row]), *stamps_ns)._put_together(other, prior)

    def _with(self, row: int, unit: NDArray[np.float32], count: int, since_ns: int, seen_ns: int) -> Self:
        """With `count` more tracks of a face, of the mean `unit`."""
        columns = {name: getattr(self, name).copy() for name in ("centres", "tracks", "since_ns", "seen_ns")}
        weights = np.minimum([columns["tracks"][row], count], _MOST_WEIGHT).astype(np.float32)
        mean = weights[0] * columns["centres"][row] + weights[1] * unit
        columns["centres"][row] = normalised(mean[np.newaxis])[0]
        columns["tracks"][row] += count
        columns["since_ns"][row] = min(int(columns["since_ns"][row]), since_ns)
        columns["seen_ns"][row] = max(int(columns["seen_ns"][row]), seen_ns)
        return replace(self, **columns)

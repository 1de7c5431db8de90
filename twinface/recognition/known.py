"""Who is known, ready to be scored by one pass over everybody; a change of one person costs what that person costs.

What the head keeps of the people stands in the order of their names, whatever order they came in: so the same people
are scored the same way, to the last bit, whatever happened before.

What strangers score with them is kept in blocks of some thirty people, cut behind every name whose checksum says so.
Where the cuts are is a matter of who is in the gallery: adding or removing somebody changes their own block alone.
"""

import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from twinface.averages.average import Averages, adjust_people
from twinface.gallery.person import PersonVectors
from twinface.matching.decision import decide, enrolled_vectors, one_each, person_scores
from twinface.matching.head import Head, Prepared
from twinface.matching.threshold import (
    Threshold,
    choose_threshold,
    is_left_open,
    keep_strangers_nameless,
    least_score,
    share_asked_for,
)
from twinface.recognition.proposals import Axes, find_axes, wants_axes
from twinface.settings import MatchingSettings
from twinface.types import Decision, Scores, Vectors

_BLOCK_PEOPLE = 32
_PREPARED_AT_ONCE = _COMPARED_AT_ONCE = 1024


class Everybody(Protocol):
    """Who is enrolled, at a version that grows with every change: a gallery."""

    @property
    def people(self) -> Mapping[str, PersonVectors]:
        """By name, in the order of names."""
        ...

    @property
    def version(self) -> int:
        """Grows with every change."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class _Rows:
    """What a head keeps of some people: as many rows of `prepared` for each, in their order, as `counts` says; and,
    where people are proposed, what these rows are `along` the axes.
    """

    counts: NDArray[np.int32]
    prepared: Prepared | None
    along: Vectors | None = None

    @property
    def starts(self) -> NDArray[np.int64]:
        """The first row of each, and behind the last one, (people + 1,)."""
        return np.concatenate(([0], np.cumsum(self.counts, dtype=np.int64)))

    def of(self, first: int, last: int) -> Self:
        """Those of the people from `first` to before `last`; views."""
        if self.prepared is None or first == last:
            return type(self)(self.counts[:0], None)
        rows = slice(*self.starts[[first, last]])
        along = None if self.along is None else self.along[rows]
        return type(self)(self.counts[first:last], self.prepared.of(rows), along)

    def ordered(self, people: NDArray[np.int64]) -> Self:
        """Those of some of the people, by number, in this order."""
        if self.prepared is None:
            return self
        counts = self.counts[people]
        if len(self.prepared) == len(self.counts):  # each has one
            return type(self)(counts, self.prepared.of(people), None if self.along is None else self.along[people])
        ends = np.cumsum(counts, dtype=np.int64)
        rows = np.arange(counts.sum()) + np.repeat(self.starts[people] - (ends - counts), counts)
        return type(self)(counts, self.prepared.of(rows), None if self.along is None else self.along[rows])

    @classmethod
    def joined(cls, parts: Iterable[Self]) -> Self:
        """All people of some parts, in their order."""
        kept = [part for part in parts if len(part.counts)]
        if len(kept) < 2:
            return kept[0] if kept else cls(np.empty(0, np.int32), None)
        prepared = [part.prepared for part in kept if part.prepared is not None]
        along = [part.along for part in kept if part.along is not None]
        counts = np.concatenate([part.counts for part in kept])
        return cls(counts, Prepared.joined(prepared), np.concatenate(along) if along else None)


@dataclass(frozen=True, slots=True, eq=False)
class _Block:
    """Of each kind of picture the best score (n,) of each imagined stranger with some `people`."""

    people: tuple[PersonVectors, ...]
    strangers: tuple[Scores, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """A gallery at one version, prepared by one head: score i is with `names[person_index[i]]`, int32 (n,).

    `vectors` counts the vectors enrolled, which for the rule `template` are more than the scores.
    """

    names: tuple[str, ...] = ()
    person_index: NDArray[np.int32] = field(default_factory=lambda: np.empty(0, np.int32))
    version: int = 0
    vectors: int = 0
    averages: Averages | None = None
    _head: Head | None = None
    _people: tuple[PersonVectors, ...] = ()
    _rows: _Rows = field(default_factory=lambda: _Rows.joined(()))
    _axes: Axes | None = None
    _blocks: tuple[_Block, ...] = ()

    def updated(
        self, gallery: Everybody, head: Head, settings: MatchingSettings, averages: Averages | None = None
    ) -> Self:
        """The gallery as it is now, adjusted by the `averages` of its sources.

        Head and rule have to be those that prepared the earlier people, else begin again; other averages do so anyway.

        Raises ArtefactError for vectors that do not fit the head.
        """
        before = self if averages is self.averages else type(self)()
        people = tuple(gallery.people.values())
        axes = before._axes
        if axes is None and _is_large(people, settings):
            before, axes = type(self)(), find_axes([one.vectors for one in people])
        first, last = _unchanged(before._people, people)
        old, new = (some[first : len(some) - last] for some in (before._people, people))
        middle = before._rows.of(first, first + len(old))
        parts = (
            before._rows.of(0, first),
            _exchange(middle, old, new, lambda some: _prepare(some, head, settings, averages, axes)),
            before._rows.of(first + len(old), len(before._people)),
        )
        rows = _Rows.joined(parts)
        known = type(self)(
            names=tuple(gallery.people),
            person_index=_whose(rows.counts),
            version=gallery.version,
            vectors=before.vectors + sum(len(one.files) for one in new) - sum(len(one.files) for one in old),
            averages=averages,
            _head=head,
            _people=people,
            _rows=rows,
            _axes=axes,
        )
        if head.cohort is None or not is_left_open(settings, head.spec):
            return known
        return replace(known, _blocks=tuple(_cut(known, before._blocks, first, last, settings)))

    def threshold(self, head: Head, settings: MatchingSettings) -> Threshold:
        """Which score gives a name; what `settings` leave open is found by strangers who are imagined to come."""
        if not self.names or head.tail is None or not is_left_open(settings, head.spec):
            return choose_threshold(settings, head.spec)
        kinds = zip(*(block.strangers for block in self._blocks), strict=True)
        best = [np.max(blocks, axis=0) for blocks in kinds]
        people = len(self.names)
        value = least_score(best, people, share_asked_for(settings.strangers_named, people), head.tail)
        return keep_strangers_nameless(value, people, settings)

    def decide(self, probes: Vectors, settings: MatchingSettings) -> list[Decision]:
        """Who each of the probes (m, d) shows. In a large gallery of long vectors the likeliest people are scored only;
        for anybody else to be the best is rarer than one in a hundred (docs/decisions/large-galleries.md).
        """
        if not self.names:
            return [decide(np.empty(0, np.float32), self.person_index, (), settings) for _ in probes]
        if self._axes is None:
            return [decide(scores, self.person_index, self.names, settings) for scores in self.score(probes)]
        return [some.decide(probe[np.newaxis], settings)[0] for probe in probes for some in (self._likeliest(probe),)]

    def _likeliest(self, probe: NDArray[np.float32]) -> Self:
        """Some people, with everything that is enrolled of each, of whom `probe` (d,) may be."""
        if self._axes is None or self._rows.along is None:
            return self
        people = np.unique(self.person_index[self._axes.likeliest(probe, self._rows.along)]).astype(np.int64)
        rows = replace(self._rows, along=None).ordered(people)
        names = tuple(map(self.names.__getitem__, people.tolist()))
        return type(self)(names, _whose(rows.counts), self.version, _head=self._head, _rows=rows)

    def score(self, probes: Vectors) -> Scores:
        """Scores, float32 (m, n), of probes (m, d) with all vectors; somebody has to be known."""
        if self._head is None or self._rows.prepared is None:
            raise ValueError("nobody is known")
        return self._head.score_prepared(probes, self._rows.prepared)


def _is_large(people: Sequence[PersonVectors], settings: MatchingSettings) -> bool:
    """Whether so many people are better proposed than all scored."""
    rows = len(people) if settings.rule == "template" else sum(len(one.files) for one in people)
    return bool(people) and wants_axes(rows, people[0].vectors.shape[1])


def _whose(counts: NDArray[np.int32]) -> NDArray[np.int32]:
    """Whose each row is, where people have so many rows."""
    own = one_each(len(counts))
    return own if (counts == 1).all() else np.repeat(own, counts)


def _unchanged(before: Sequence[PersonVectors], now: Sequence[PersonVectors]) -> tuple[int, int]:
    """How many people are the very same at the beginning and, of the rest, at the end."""
    shorter = min(len(before), len(now))
    first = _alike(before, now, shorter)
    return first, _alike(before[::-1], now[::-1], shorter - first)


def _alike(one: Sequence[PersonVectors], other: Sequence[PersonVectors], most: int) -> int:
    """How many people are the very same at the beginning, `most` at most; slices compare many in one step."""
    parts = (slice(start, start + _COMPARED_AT_ONCE) for start in range(0, most, _COMPARED_AT_ONCE))
    place = next((part.start for part in parts if one[part] != other[part]), most)
    end = min(place + _COMPARED_AT_ONCE, most)
    return next((row for row in range(place, end) if one[row] is not other[row]), end)


def _exchange(
    rows: _Rows,
    old: Sequence[PersonVectors],
    new: Sequence[PersonVectors],
    prepare: Callable[[Sequence[PersonVectors]], _Rows],
) -> _Rows:
    """The rows of `new` people, of whom those who are among the `old` ones, which `rows` are of, need no preparing."""
    places = {person: place for place, person in enumerate(old)}
    others = [person for person in new if person not in places]
    prepared = prepare(others)
    if len(others) == len(new):
        return prepared
    places |= {person: len(old) + place for place, person in enumerate(others)}
    return _Rows.joined((rows, prepared)).ordered(np.array([places[person] for person in new], np.int64))


def _prepare(
    people: Sequence[PersonVectors],
    head: Head,
    settings: MatchingSettings,
    averages: Averages | None,
    axes: Axes | None,
) -> _Rows:
    """What the head keeps of people, made of some at a time: little more is held than that."""
    parts = []
    for start in range(0, len(people), _PREPARED_AT_ONCE):
        some = people[start : start + _PREPARED_AT_ONCE]
        index = np.repeat(np.arange(len(some), dtype=np.int32), [len(person.files) for person in some])
        vectors = np.concatenate([one.vectors for one in adjust_people(some, averages)])
        vectors, index = enrolled_vectors(vectors, index, len(some), settings)
        counts, along = np.bincount(index, minlength=len(some)), axes.along(vectors) if axes else None
        parts.append(_Rows(counts.astype(np.int32), head.prepare_gallery(vectors), along))
    return _Rows.joined(parts)


def _cut(known: Known, before: Sequence[_Block], first: int, last: int, settings: MatchingSettings) -> Iterator[_Block]:
    """The blocks of those who are known, of whom the `first` ones and the `last` ones were in the blocks `before`."""
    people, rows = known._people, known._rows
    ends = np.cumsum([0, *(len(block.people) for block in before)])
    kept = int(np.searchsorted(ends, first, "right")) - 1
    while not _begins_block(people, int(ends[kept])):
        kept -= 1
    later = max(kept, int(np.searchsorted(ends, ends[-1] - last)))
    moved = len(people) - int(ends[-1])
    while not _begins_block(people, int(ends[later]) + moved):
        later += 1
    yield from before[:kept]
    start, ready, row = int(ends[kept]), {block.people: block for block in before[kept:later]}, rows.starts
    for end in range(start + 1, int(ends[later]) + moved + 1):
        if not _begins_block(people, end):
            continue
        some = people[start:end]
        if some in ready:
            yield ready[some]
        elif known._head is not None and rows.prepared is not None:
            index = np.repeat(np.arange(len(some), dtype=np.int32), rows.counts[start:end])
            part = rows.prepared.of(slice(row[start], row[end]))
            yield _Block(some, best_of_strangers(known._head, part, index, len(some), settings))
        start = end
    yield from before[later:]


def _begins_block(people: Sequence[PersonVectors], place: int) -> bool:
    """Whether a block begins at a place among the people; behind the last one, too."""
    return place in {0, len(people)} or zlib.crc32(people[place - 1].name.encode()) % _BLOCK_PEOPLE == 0


def best_of_strangers(
    head: Head, gallery: Prepared, person_index: NDArray[np.int32], people: int, settings: MatchingSettings
) -> tuple[Scores, ...]:
    """What the rule makes of each imagined stranger and the most alike of `people`, (n,), of each kind of picture.

    Row i of the `gallery`, which the head prepared, is of `person_index[i]`, as `enrolled_vectors` gives them. None
    without a cohort.
    """
    if not is_left_open(settings, head.spec):
        return ()
    if settings.rule == "template":
        return head.best_of_strangers(gallery)
    numbers = strangers_with_people(head, gallery, person_index, people, settings)
    return tuple(np.asarray(one.max(axis=1)) for one in numbers)


def strangers_with_people(
    head: Head, gallery: Prepared, person_index: NDArray[np.int32], people: int, settings: MatchingSettings
) -> tuple[Scores, ...]:
    """As `best_of_strangers`, with each of the people, (n, `people`), whatever decides in these settings."""
    return tuple(_by_person(one, person_index, people, settings) for one in head.score_strangers(gallery))


def _by_person(scores: Scores, person_index: NDArray[np.int32], people: int, settings: MatchingSettings) -> Scores:
    if settings.rule == "template":
        return scores
    return np.stack([person_scores(row, person_index, people, settings) for row in scores]).astype(np.float32)

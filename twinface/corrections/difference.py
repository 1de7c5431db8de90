"""What a change did to the list of corrections, to be taken back exactly."""

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from twinface.corrections.correction import Correction
from twinface.errors import InputError


@dataclass(frozen=True, slots=True, eq=False)
class Difference:
    """Corrections that were `removed`, each with its place in the list before, in that order, and those `added`."""

    removed: tuple[tuple[int, Correction], ...] = ()
    added: tuple[Correction, ...] = ()


def difference(before: Sequence[Correction], after: Sequence[Correction]) -> Difference:
    """What became of a list."""
    gone = Counter(map(_identity, before)) - Counter(map(_identity, after))
    new = Counter(map(_identity, after)) - Counter(map(_identity, before))
    return Difference(
        tuple((place, one) for place, one in enumerate(before) if _take(gone, one)),
        tuple(one for one in after if _take(new, one)),
    )


def take_back(now: Sequence[Correction], change: Difference) -> list[Correction]:
    """The list as it would be without a change; as it is where that was taken back already.

    Raises InputError where what was said then is not what is said now.
    """
    there = Counter(map(_identity, now))
    added, removed = (Counter(map(_identity, some)) for some in (change.added, [one for _, one in change.removed]))
    subjects = {one.subject for one in (*change.added, *(one for _, one in change.removed))}
    others = [one for one in now if one.subject in subjects and not added[_identity(one)] + removed[_identity(one)]]
    if not others and not added & there and not removed - there:
        return list(now)
    if others or added - there or removed & there:
        raise InputError(f"what was said of {' and '.join(sorted({name for name, *_ in subjects}))}")
    kept = [one for one in now if not _take(added, one)]
    for place, one in change.removed:
        kept.insert(place, one)
    return kept


def _take(some: Counter[Hashable], one: Correction) -> bool:
    """Whether it is one of them, each as often as it is there."""
    if not some[_identity(one)]:
        return False
    some[_identity(one)] -= 1
    return True


def _identity(one: Correction) -> Hashable:
    return (one.kind, one.name, one.vector.tobytes(), one.network, one.quality, one.track, one.event, one.at_ns)

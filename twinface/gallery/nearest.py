"""Names that somebody may have meant: those that differ in case or accents alone first, then the alike."""

import difflib
import unicodedata
from collections.abc import Iterable

_MOST = 3
_ALIKE = 0.6


def nearest_names(name: str, known: Iterable[str]) -> list[str]:
    """At most three of the `known` names, the likeliest first; none where none is alike."""
    folded: dict[str, list[str]] = {}
    for one in sorted(known):
        folded.setdefault(_folded(one), []).append(one)
    keys = difflib.get_close_matches(_folded(name), folded, n=_MOST, cutoff=_ALIKE)
    return [one for key in keys for one in folded[key]][:_MOST]


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The mend for a name that nobody has: the nearest, else where all names are listed."""
    nearest = " or ".join(repr(one) for one in nearest_names(name, known))
    return f"did you mean {nearest}?" if nearest else "see `twinface gallery list`"


def _folded(name: str) -> str:
    letters = unicodedata.normalize("NFKD", name.casefold())
    return " ".join("".join(letter for letter in letters if not unicodedata.combining(letter)).split())

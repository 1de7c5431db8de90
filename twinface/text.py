"""Texts that somebody else wrote, on a line, and counts in words."""

import unicodedata

_JOINERS = "\N{ZERO WIDTH JOINER}\N{ZERO WIDTH NON-JOINER}"
_IRREGULAR = {"person": "people"}


def printable(text: str) -> str:
    """A text on one line, as it is but for what would move the cursor, change colours or the order of the letters."""
    return text if text.isprintable() else "".join(map(_shown, text))


def _shown(letter: str) -> str:
    if letter.isprintable() or letter in _JOINERS:
        return letter
    return " " if unicodedata.category(letter) == "Zs" else "\N{REPLACEMENT CHARACTER}"


def plural(count: int, one: str, many: str = "") -> str:
    """A count with its noun: "1 pair", "2,610 pairs", "2 people"."""
    return f"{count:,} {one if count == 1 else many or _IRREGULAR.get(one, one + 's')}"


def none_usable(count: int, one: str, many: str = "") -> str:
    """That nothing of so much was any good: "the picture could not be used", "none of 3 pictures could be used"."""
    return f"the {one} could not be used" if count == 1 else f"none of {plural(count, one, many)} could be used"

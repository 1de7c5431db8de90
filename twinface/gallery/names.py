"""Which names a person may have: what is shown as itself on any terminal, and in one form only; and which was meant.

Names that look the same are one: they are compared, and stored, in Unicode normal form KC, with single spaces. Letters
of different scripts that look alike are not distinguished.
"""

import difflib
import unicodedata
from collections.abc import Container, Iterable

from twinface.errors import InputError

MAX_NAME_LENGTH = 200
_MOST_MEANT = 3
_ALIKE = 0.6

_JOINERS = "\N{ZERO WIDTH JOINER}\N{ZERO WIDTH NON-JOINER}"
_JOINING_SCRIPTS = ("ARABIC", "MANDAIC", "MONGOLIAN", "NKO", "PHAGS-PA", "SYRIAC")
_NEVER_STORED = frozenset({"Cc", "Cs", "Zl", "Zp"})
_VIRAMA = 9
"""The canonical combining class of what suppresses a vowel, in the scripts of South and Southeast Asia."""

_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
"""Letters, signs and marks by their category that show nothing: fillers of Hangul, the blank of Braille, and others."""


def checked_name(name: str) -> str:
    """A person's name in the one form in which it is stored and compared.

    Raises InputError for a name of nothing visible, of more than 200 characters, or with characters that are not shown
    as themselves: control characters, those that turn the order of letters around, and others without a shape. The
    joiners of Arabic, Indic and other scripts stay inside a word, where they change how it is written (RFC 5892, A.1
    and A.2). A name in UTF-8 that was given where the locale is not is understood.
    """
    given = ascii(name[:MAX_NAME_LENGTH])
    try:
        name = name.encode("utf-8", "surrogateescape").decode("utf-8")
    except UnicodeError as error:
        raise InputError(f"the name {given} is not UTF-8; write it in UTF-8, or choose another") from error
    if any(unicodedata.category(letter) in {"Cc", "Zl", "Zp"} for letter in name.strip()):
        raise InputError(f"the name {given} has line ends or control characters; choose another")
    normal = " ".join(unicodedata.normalize("NFKC", name).split())
    if len(normal) > MAX_NAME_LENGTH or not any(map(_is_visible, normal)):
        raise InputError(
            f"a person's name has 1 to {MAX_NAME_LENGTH} characters, one at least of which is seen; choose another"
        )
    if hidden := next((letter for at, letter in enumerate(normal) if not _is_shown(normal, at)), None):
        raise InputError(
            f"the name {normal!a} has U+{ord(hidden):04X}, which is not shown as itself; leave it out or choose another"
        )
    return normal


def is_readable_name(name: str) -> bool:
    """Whether a name may stand in a file: also one that was given before `checked_name` refused it."""
    return 0 < len(name) <= MAX_NAME_LENGTH and not any(unicodedata.category(one) in _NEVER_STORED for one in name)


def known_name(name: str, known: Container[str]) -> str:
    """The name by which somebody is known already, be it one that may not be given any more; else as `checked_name`."""
    return name if name in known else checked_name(name)


def _is_visible(letter: str) -> bool:
    return unicodedata.category(letter)[0] in "LNPS" and letter not in _BLANK


def _is_shown(name: str, at: int) -> bool:
    letter = name[at]
    if letter in _JOINERS:
        return _joins(name, at)
    return letter not in _BLANK and not unicodedata.category(letter).startswith("C")


def _joins(name: str, at: int) -> bool:
    """Whether the joiner there is between letters whose shape depends on their neighbours."""
    before, after = name[:at], name[at + 1 :]
    if before and unicodedata.combining(before[-1]) == _VIRAMA:
        return True
    neighbours = _first_letter(before[::-1]), _first_letter(after)
    return all(unicodedata.name(one, "").startswith(_JOINING_SCRIPTS) for one in neighbours)


def _first_letter(text: str) -> str:
    """The first that is no mark; nothing that has a name where there is none."""
    return next((one for one in text if not unicodedata.category(one).startswith("M")), "\0")


def nearest_names(name: str, known: Iterable[str]) -> list[str]:
    """At most three of the `known` names, the likeliest first; none where none is alike."""
    folded: dict[str, list[str]] = {}
    for one in sorted(known):
        folded.setdefault(_folded(one), []).append(one)
    keys = difflib.get_close_matches(_folded(name), folded, n=_MOST_MEANT, cutoff=_ALIKE)
    return [one for key in keys for one in folded[key]][:_MOST_MEANT]


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The mend for a name that nobody has: the nearest, else where all names are listed."""
    nearest = " or ".join(repr(one) for one in nearest_names(name, known))
    return f"did you mean {nearest}?" if nearest else "see `twinface gallery list`"


def _folded(name: str) -> str:
    letters = unicodedata.normalize("NFKD", name.casefold())
    return " ".join("".join(letter for letter in letters if not unicodedata.combining(letter)).split())

"""Texts on a line: what somebody else wrote, counts in words, addresses and settings without their passwords."""

import re
import unicodedata
from pathlib import Path

_JOINERS = "\N{ZERO WIDTH JOINER}\N{ZERO WIDTH NON-JOINER}"
_IRREGULAR = {"person": "people"}

PLACEHOLDER = re.compile(r"\$\{([^{}]+)\}")
"""What stands for a secret that is written elsewhere; see twinface.placeholders."""

_FILE = "file:"
_MASK = "***"
_KEPT = re.compile(r"\x00(\d+)\x00")
_PASSWORD = re.compile(r"(?<=://)([^:/@]*):(?!\x00\d+\x00@).*@")
_IN_QUERY = re.compile(
    r"([?&;][^=&;]*(?:pas|pwd|token|key|secret|auth)[^=&;]*=)(?!\x00\d+\x00(?:[&;#]|$))[^&;#]*", re.IGNORECASE
)
_IN_PATH = re.compile(
    r"(?<=[/_,;&])([^=/?#_,;&]*(?:pas|pwd|token|key|secret|auth)[^=/?#]*=)(?!\x00\d+\x00(?:[/?#]|$))[^/?#]*",
    re.IGNORECASE,
)
"""As in /user=admin_password=…_channel=1; where such a password ends is unknown."""
_NAME = re.compile(r"pass(word|phrase)|token|secret")


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


def placeholder_file(match: re.Match[str]) -> Path | None:
    """The file that a placeholder names; None of one that names a variable of the environment."""
    return Path(match[1].removeprefix(_FILE)) if match[1].startswith(_FILE) else None


def from_folder(text: str, folder: Path) -> str:
    """The text with the paths of its placeholders taken from a folder."""

    def place(match: re.Match[str]) -> str:
        path = placeholder_file(match)
        return match[0] if path is None else f"${{{_FILE}{folder / path.expanduser()}}}"

    return PLACEHOLDER.sub(place, text)


def mask_address(text: str) -> str:
    """A source or URL as it may be shown: without the password of its user and those in its path and query.

    A placeholder in the place of a password is no secret and stays.
    """
    places = [match[0] for match in PLACEHOLDER.finditer(text)]
    numbers = iter(range(len(places)))
    masked = _mask(PLACEHOLDER.sub(lambda _: f"\0{next(numbers)}\0", text.replace("\0", "")))
    return _KEPT.sub(lambda match: places[int(match[1])], masked)


def _mask(text: str) -> str:
    text = _PASSWORD.sub(rf"\1:{_MASK}@", text)
    scheme, separator, rest = text.partition("://")
    path, question, query = rest.partition("?")
    shown = _IN_PATH.sub(rf"\1{_MASK}", path) + _IN_QUERY.sub(rf"\1{_MASK}", question + query)
    return scheme + separator + shown


def mask_target(url: str) -> str:
    """Where a webhook leads, as it may be shown: who knows the rest of its URL can often send in its name."""
    scheme, separator, _ = url.partition("://")
    return f"{scheme}{separator}{_MASK}" if separator else url


def mask_setting(name: str, value: object) -> object:
    """The value of a setting as it may be shown; `name` is its own, such as "token" or "source"."""
    if not isinstance(value, str) or not value:
        return value
    if name == "url":
        return mask_target(value)
    return _MASK if _NAME.search(name) and not name.endswith("_file") else mask_address(value)

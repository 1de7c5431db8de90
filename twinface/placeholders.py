"""Secrets that stand elsewhere than in the configuration: `${DOOR_PASSWORD}` is a variable of the environment,
`${file:door.txt}` what a file holds.
"""

import os
import re
import stat
import urllib.parse
from collections.abc import Iterator
from pathlib import Path

from twinface.errors import InputError
from twinface.text import PLACEHOLDER, placeholder_file

_MAX_BYTES = 4096
_OF_OTHERS = stat.S_IRGRP | stat.S_IROTH


def fill_in_url(text: str) -> str:
    """A URL with what its placeholders stand for; other texts as they are.

    A user and a password are encoded, so they stand in their place as they are, whatever letters they have.
    Raises InputError, which names the placeholder and never its value, where one is not there or what comes is no URL.
    """
    filled = PLACEHOLDER.sub(_value_in_url, text)
    if filled != text and "://" not in filled:
        raise InputError(f"source {text!r}: what stands for it is no URL, such as rtsp://HOST/PATH")
    return filled


def fill_in(text: str) -> str:
    """A text with what its placeholders stand for, as it is. Raises InputError as `fill_in_url` does."""
    return PLACEHOLDER.sub(_value, text)


def open_to_others(text: str) -> Iterator[Path]:
    """The files of its placeholders that others than their owner can read. One that is not there is left out."""
    for match in PLACEHOLDER.finditer(text):
        path = placeholder_file(match)
        if path is not None and path.exists() and path.stat().st_mode & _OF_OTHERS:
            yield path


def _value_in_url(match: re.Match[str]) -> str:
    """What a placeholder stands for, encoded where it is in the part of a URL before the @."""
    before = PLACEHOLDER.sub("", match.string[: match.start()]).partition("://")
    after = re.split(r"[/?#]", PLACEHOLDER.sub("", match.string[match.end() :]), maxsplit=1)[0]
    value = _value(match)
    return urllib.parse.quote(value, safe="") if before[1] and "/" not in before[2] and "@" in after else value


def _value(match: re.Match[str]) -> str:
    path = placeholder_file(match)
    if path is None:
        value = os.environ.get(match[1])
        mend = "export it where `twinface up` is called, or write ${file:PATH}"
        problem = f"{match[0]} is not set in the environment"
    else:
        value, problem = _first_line(path)
        mend = "write the secret there, for this user only (chmod 600)"
    if not value:
        raise InputError(f"{problem}; {mend}")
    return value


def _first_line(path: Path) -> tuple[str, str]:
    """The secret in a file, without the end of its line, and what is wrong where there is none."""
    if not path.is_file():
        return "", f"{path}: no such file"
    try:
        with path.open("rb") as stream:
            return stream.read(_MAX_BYTES).decode("utf-8-sig").strip("\r\n"), f"{path}: the file is empty"
    except (OSError, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not written as UTF-8"
        return "", f"{path}: cannot be read ({reason})"

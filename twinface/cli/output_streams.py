"""The standard streams, whatever they are able to show."""

import codecs
import os
import re
import sys
from typing import TextIO

_NOT_ASCII = re.compile(r"[^\x00-\x7e]")


def prepare_streams() -> None:
    """Have stdout and stderr show a replacement for what they cannot show; to be called once, before anything is said.

    A standard stream that is closed becomes one that leads nowhere, so that no file that is opened later is taken for
    it, by us or by a C library.
    """
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    sys.stdin = sys.stdin or open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - a standard stream
    sys.stdout = _tolerant(sys.stdout, 1)
    sys.stderr = _tolerant(sys.stderr, 2)


def _tolerant(stream: TextIO | None, descriptor: int) -> TextIO:
    if stream is None:
        stream = open(descriptor, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - a standard stream
    if reconfigure := getattr(stream, "reconfigure", None):
        reconfigure(errors="replace")
    return stream


def showable_json(text: str, encoding: str) -> str:
    """JSON of the same value as `text`, for a stream of this encoding: JSON is UTF-8, so in others it is ASCII.

    What is not printable is escaped in either.
    """
    as_letters = codecs.lookup(encoding).name == "utf-8"

    def escaped(found: re.Match[str]) -> str:
        letter = found[0]
        if as_letters and letter.isprintable():
            return letter
        units = letter.encode("utf-16-be", "surrogatepass").hex()
        return "".join(f"\\u{units[start : start + 4]}" for start in range(0, len(units), 4))

    return _NOT_ASCII.sub(escaped, text)

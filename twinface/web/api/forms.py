"""Bodies of requests cut into parts as they come, each a file in memory: nothing is on a disk."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.exceptions import HTTPException

from twinface.box.handed_files import MOST_BYTES, HandedFile

_MOST_PARTS = 1000


@dataclass(slots=True)
class Part:
    """A field of a form: its `name`, the `filename` where it is a file, and the bytes."""

    name: str = ""
    filename: str = ""
    content: HandedFile = field(default_factory=HandedFile)

    def write(self, data: bytes) -> None:
        """Append some bytes. Raises HTTPException where it becomes larger than a picture may be."""
        if self.content.size_bytes + len(data) > MOST_BYTES:
            raise HTTPException(413, f"a picture is larger than {MOST_BYTES // 10**6} MB; send a smaller copy")
        self.content.write(data)


class Parts(Protocol):
    """Takes a body chunk by chunk, and gives the parts that are complete."""

    def take(self, chunk: bytes) -> Iterator[Part]:
        """The parts that this chunk completes; whoever takes one closes its content."""

    def end(self) -> Iterator[Part]:
        """The rest, once all chunks are taken."""

    def close(self) -> None:
        """Let go of what is not complete."""


class WholeBody:
    """A body that is no form: one part, a picture."""

    def __init__(self) -> None:
        self._part: Part | None = Part("picture")

    def take(self, chunk: bytes) -> Iterator[Part]:
        """See Parts."""
        if self._part is not None:
            self._part.write(chunk)
        return iter(())

    def end(self) -> Iterator[Part]:
        """See Parts."""
        part, self._part = self._part, None
        return iter([part] if part is not None else [])

    def close(self) -> None:
        """See Parts."""
        if self._part is not None:
            self._part.content.close()


class Form:
    """A multipart/form-data body (RFC 7578). Raises HTTPException where it is none."""

    def __init__(self, boundary: bytes) -> None:
        self._part: Part | None = None
        self._done: list[Part] = []
        self._count = 0
        self._header, self._value = b"", b""
        try:
            self._parser = MultipartParser(
                boundary,
                {
                    "on_part_begin": self._begin,
                    "on_part_data": self._write,
                    "on_part_end": self._finish,
                    "on_header_field": self._name_header,
                    "on_header_value": self._fill_header,
                    "on_header_end": self._end_header,
                },
            )
        except FormParserError as error:
            raise HTTPException(400, f"no form: {error}") from error

    def take(self, chunk: bytes) -> Iterator[Part]:
        """See Parts."""
        try:
            self._parser.write(chunk)
        except FormParserError as error:
            raise HTTPException(400, f"no form: {error}") from error
        while self._done:
            yield self._done.pop(0)

    def end(self) -> Iterator[Part]:
        """See Parts."""
        try:
            self._parser.finalize()
        except FormParserError as error:
            raise HTTPException(400, f"no form: {error}") from error
        return iter(())

    def close(self) -> None:
        """See Parts."""
        for part in (*self._done, *([self._part] if self._part else [])):
            part.content.close()

    def _begin(self) -> None:
        self._count += 1
        if self._count > _MOST_PARTS:
            raise HTTPException(413, f"more than {_MOST_PARTS} fields in the form")
        self._part = Part()

    def _name_header(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _fill_header(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _end_header(self) -> None:
        if self._part is not None and self._header.lower() == b"content-disposition":
            _, options = parse_options_header(self._value)
            self._part.name = options.get(b"name", b"").decode("utf-8", "replace")
            self._part.filename = options.get(b"filename", b"").decode("utf-8", "replace")
        self._header, self._value = b"", b""

    def _write(self, data: bytes, start: int, end: int) -> None:
        if self._part is not None:
            self._part.write(data[start:end])

    def _finish(self) -> None:
        if self._part is not None:
            self._done.append(self._part)
            self._part = None

"""Asks an RTSP camera what it streams (RFC 2326), to say why OpenCV cannot open it."""

import re
import socket
from contextlib import closing
from typing import IO, NamedTuple

from twinface.errors import SourceError
from twinface.faces.sources.address import CameraAddress
from twinface.faces.sources.failures import explain_status
from twinface.faces.sources.login import authorize, unverified_tls

_MAX_LINE_BYTES, _MAX_LINES, _MAX_BODY_BYTES, _MAX_DIGITS = 8192, 100, 2**20, 9
_OK, _UNAUTHORIZED = 200, 401


class _Answer(NamedTuple):
    status: int
    challenges: list[str]
    body: str


def describe_stream(address: CameraAddress, timeout_s: float) -> list[str]:
    """The codecs of its videos, such as H264, as the camera names them.

    Raises SourceError with the reason when it is refused, OSError when it cannot be reached.
    """
    with closing(_connect(address, timeout_s)) as connection, connection.makefile("rb") as answers:
        answer = _ask(connection, answers, address, "")
        url = address.bare_url
        if answer.status == _UNAUTHORIZED and (login := authorize(address, answer.challenges, "DESCRIBE", url, url)):
            answer = _ask(connection, answers, address, login)
    if answer.status != _OK:
        raise explain_status(answer.status, address)
    return _video_codecs(answer.body)


def _connect(address: CameraAddress, timeout_s: float) -> socket.socket:
    connection = socket.create_connection((address.host, address.port), timeout_s)
    if address.scheme == "rtsps":
        return unverified_tls().wrap_socket(connection, server_hostname=address.host)
    return connection


def _ask(connection: socket.socket, answers: IO[bytes], address: CameraAddress, authorization: str) -> _Answer:
    lines = [
        f"DESCRIBE {address.bare_url} RTSP/1.0",
        f"CSeq: {2 if authorization else 1}",
        "Accept: application/sdp",
        *([f"Authorization: {authorization}"] if authorization else []),
    ]
    connection.sendall("\r\n".join([*lines, "", ""]).encode())
    status = re.match(r"RTSP/1\.\d (\d{3})", _line(answers))
    if status is None:
        raise SourceError(f"{address} does not speak RTSP")
    headers: list[tuple[str, str, str]] = []
    while (line := _line(answers)) and len(headers) < _MAX_LINES:
        headers.append(line.partition(":"))
    fields = [(name.strip().lower(), value.strip()) for name, _, value in headers]
    length = dict(fields).get("content-length", "")[:_MAX_DIGITS]
    body = answers.read(min(int(length), _MAX_BODY_BYTES)) if length.isdecimal() else b""
    challenges = [value for name, value in fields if name == "www-authenticate"]
    return _Answer(int(status[1]), challenges, body.decode("utf-8", "replace"))


def _line(answers: IO[bytes]) -> str:
    return answers.readline(_MAX_LINE_BYTES).decode("latin-1").strip()


def _video_codecs(description: str) -> list[str]:
    """Codecs of the videos of a session description (RFC 8866)."""
    videos = [part for part in re.split(r"^(?=m=)", description, flags=re.MULTILINE) if part.startswith("m=video")]
    return [match[1] if (match := re.search(r"^a=rtpmap:\d+ ([\w-]+)", part, re.MULTILINE)) else "?" for part in videos]

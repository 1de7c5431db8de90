"""Cameras that are asked by HTTP: for one picture at a time, or for a stream that OpenCV reads."""

import http.client
import re
import threading
import time
import urllib.error
import urllib.request
from contextlib import closing
from http.client import HTTPResponse
from typing import NamedTuple
from urllib.parse import urlsplit

from twinface.errors import InputError, SourceError
from twinface.faces.picture_files import decode_image
from twinface.faces.sources.address import CameraAddress
from twinface.faces.sources.captures import read_stream
from twinface.faces.sources.failures import explain_failure, explain_status
from twinface.faces.sources.live import Decode, Pictures
from twinface.faces.sources.login import authorize, unverified_tls
from twinface.types import Image

_TIMEOUT_S = 5.0
_MAX_PICTURE_BYTES = 16 * 2**20
_CHUNK_BYTES = 64 * 2**10
_UNAUTHORIZED = 401


class _Answer(NamedTuple):
    """What a camera answers; `image` is None where the content type is none of pictures."""

    content_type: str
    image: Image | None


class HttpCamera:
    """Reads an http(s) address; see LiveSource.

    The content type of its answer says what it serves. A picture, such as image/jpeg, is asked for `fps` times a
    second; anything else is opened as a stream, and opened again without asking for as long as that works.
    """

    def __init__(self, address: CameraAddress, fps: float, decode_threads: int = 1) -> None:
        self._address, self._decode_threads = address, decode_threads
        self._period_s = 1.0 / fps
        self._streams = False

    def __call__(self, stopping: threading.Event) -> Pictures:
        """Pictures until it breaks off. Raises SourceError when it cannot be read."""
        if self._streams:
            yield from self._stream("")
            return
        answer = fetch(self._address)
        if answer.image is None:
            yield from self._stream(answer.content_type)
        else:
            yield from self._poll(answer.image, stopping)

    def _stream(self, content_type: str) -> Pictures:
        self._streams = False
        try:
            with closing(read_stream(self._address, self._decode_threads)) as pictures:
                for decode in pictures:
                    self._streams = True
                    yield decode
        except SourceError as error:
            raise SourceError(f"{error} (it answers with {content_type})" if content_type else str(error)) from error

    def _poll(self, image: Image, stopping: threading.Event) -> Pictures:
        due_s = time.monotonic()
        while True:
            yield _give(image)
            due_s = max(due_s + self._period_s, time.monotonic())
            if stopping.wait(due_s - time.monotonic()):
                return
            answer = fetch(self._address)
            if answer.image is None:
                return
            image = answer.image


def _give(image: Image) -> Decode:
    return lambda: image


def fetch(address: CameraAddress) -> _Answer:
    """Ask once, and once more with user and password where that is wanted.

    Raises SourceError when no answer comes, or a picture that cannot be read.
    """
    try:
        try:
            return _open(address, address.bare_url)
        except urllib.error.HTTPError as error:
            login = _log_in(address, error)
            if not login:
                raise
            return _open(address, error.url, login)
    except urllib.error.HTTPError as error:
        raise explain_status(error.code, address) from None
    except urllib.error.URLError as error:
        reason = error.reason if isinstance(error.reason, Exception) else error
        raise explain_failure(reason, address, _TIMEOUT_S) from None
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise explain_failure(error, address, _TIMEOUT_S) from None


def _open(address: CameraAddress, url: str, login: str = "") -> _Answer:
    request = urllib.request.Request(url)  # noqa: S310  http or https, see the opener
    if login:
        request.add_unredirected_header("Authorization", login)
    opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=unverified_tls()))
    with opener.open(request, timeout=_TIMEOUT_S) as response:
        content_type = response.headers.get_content_type()
        if not content_type.startswith("image/"):
            return _Answer(content_type if re.fullmatch(r"[\w.+-]+/[\w.+-]+", content_type) else "", None)
        try:
            return _Answer(content_type, decode_image(_read(response, address), "picture"))
        except SourceError:
            raise
        except InputError as error:
            raise SourceError(f"{address} sends a picture that cannot be decoded") from error


def _log_in(address: CameraAddress, refusal: urllib.error.HTTPError) -> str:
    """The answer to a refusal; empty where there is none, or where another host asks for the password."""
    with refusal:
        asked = urlsplit(refusal.url)
        if refusal.code != _UNAUTHORIZED or asked.hostname != address.host:
            return ""
        uri = (asked.path or "/") + (f"?{asked.query}" if asked.query else "")
        return authorize(address, refusal.headers.get_all("WWW-Authenticate", []), "GET", refusal.url, uri)


def _read(response: HTTPResponse, address: CameraAddress) -> bytes:
    """The body, within the time and the size that a picture may take."""
    give_up_at_s = time.monotonic() + 2.0 * _TIMEOUT_S
    body = bytearray()
    while chunk := response.read1(_CHUNK_BYTES):
        body += chunk
        if len(body) > _MAX_PICTURE_BYTES:
            raise SourceError(f"the picture of {address} is larger than {_MAX_PICTURE_BYTES // 2**20} MB")
        if time.monotonic() > give_up_at_s:
            raise SourceError(f"the picture of {address} takes longer than {2.0 * _TIMEOUT_S:g} s")
    return bytes(body)

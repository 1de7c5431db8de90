"""Cameras whose answers make no sense, or ask for a login of another kind: a reason in one line, and no other error."""

import gc
import hashlib
import socket
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
from decoders import damaged
from fake_cameras import grey, jpeg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from twinface.errors import SourceError
from twinface.faces.sources.address import CameraAddress
from twinface.faces.sources.http_camera import fetch
from twinface.faces.sources.login import authorize
from twinface.faces.sources.rtsp import describe_stream

_DIGITS = "9" * 5000
_SHA_256 = 'Digest realm="cam", nonce="n", algorithm=SHA-256, qop="auth"'
_MD5 = 'Digest realm="cam", nonce="n", algorithm=MD5, qop="auth"'
_NONE_KNOWN = 'Digest realm="cam", nonce="n", algorithm=SHA-512-256, qop="auth"'

Serve = Callable[[bytes], int]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Answers every request with the same bytes; the port."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        said = [b""]

        def answer() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                with connection, suppress(OSError):  # who has heard enough is gone
                    connection.recv(65536)
                    connection.sendall(said[0])

        thread = threading.Thread(target=answer)
        thread.start()

        def begin(data: bytes) -> int:
            said[0] = data
            return int(listening.getsockname()[1])

        yield begin
        listening.shutdown(socket.SHUT_RDWR)
        thread.join()


def _answer(protocol: str, status: str, *headers: str) -> bytes:
    return "\r\n".join([f"{protocol} {status}", *headers, "", ""]).encode("latin-1")


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        ("302 Found", ["Location: http://127.0.0.1:99999999/"]),
        ("302 Found", ["Location: file:///etc/passwd"]),
        ("401 No", ["WWW-Authenticate: Digest realm"]),
        ("401 No", ["WWW-Authenticate: Digest realm="]),
        ("401 No", [f"WWW-Authenticate: {_NONE_KNOWN}"]),
        ("401 No", ['WWW-Authenticate: Digest realm="cam", nonce="n", qop="auth-int"']),
        ("200 OK", ["Content-Type: image/jpeg", f"Content-Length: {_DIGITS}"]),
        ("200 OK", ["Content-Type: image/jpeg", f"Content-Length: {_DIGITS}", "Transfer-Encoding: chunked"]),
        ("200 OK", ["A: b"] * 300),
        ("99999 ?", []),
    ],
)
def test_an_http_camera_that_makes_no_sense_has_a_reason(serve: Serve, status: str, headers: list[str]) -> None:
    port = serve(_answer("HTTP/1.1", status, *headers))
    with pytest.raises(SourceError) as caught:
        fetch(CameraAddress.parse(f"http://u:p@127.0.0.1:{port}/x"))
    assert "\n" not in str(caught.value)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_redirect_to_no_address_is_no_http(serve: Serve) -> None:
    port = serve(_answer("HTTP/1.1", "302 Found", "Location: http://["))
    with pytest.raises(SourceError, match="does not speak HTTP"):
        fetch(CameraAddress.parse(f"http://127.0.0.1:{port}/x"))
    gc.collect()  # urllib leaves that connection to the collector, which warns


@pytest.mark.parametrize(
    ("status", "headers", "codecs"),
    [
        ("200 OK", [f"Content-Length: {_DIGITS}"], []),
        ("200 OK", ["x"] * 300, []),
        ("401 No", ["WWW-Authenticate: Digest realm"], None),
        ("401 No", ["WWW-Authenticate: Digest realm="], None),
        ("401 No", [f"WWW-Authenticate: {_NONE_KNOWN}"], None),
    ],
)
def test_an_rtsp_camera_that_makes_no_sense_has_a_reason(
    serve: Serve, status: str, headers: list[str], codecs: list[str] | None
) -> None:
    address = CameraAddress.parse(f"rtsp://u:p@127.0.0.1:{serve(_answer('RTSP/1.0', status, *headers))}/x")
    if codecs is None:
        with pytest.raises(SourceError, match="401"):
            describe_stream(address, 5.0)
    else:
        assert describe_stream(address, 5.0) == codecs


_SDP = b"v=0\r\nm=audio 0 RTP/AVP 8\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"
_PICTURE = jpeg(grey(90))
_EXAMPLES = {
    "http": [
        _answer("HTTP/1.1", "401 No", f"WWW-Authenticate: {_MD5}", f"WWW-Authenticate: {_SHA_256}"),
        _answer("HTTP/1.1", "302 Found", "Location: /elsewhere"),
        _answer("HTTP/1.1", "200 OK", "Content-Type: image/jpeg", f"Content-Length: {len(_PICTURE)}") + _PICTURE,
        _answer("HTTP/1.1", "200 OK", "Content-Type: image/jpeg", "Transfer-Encoding: chunked")
        + b"%x\r\n%b\r\n0\r\n\r\n" % (len(_PICTURE), _PICTURE),
    ],
    "rtsp": [
        _answer("RTSP/1.0", "401 No", "CSeq: 1", f"WWW-Authenticate: {_MD5}", 'WWW-Authenticate: Basic realm="cam"'),
        _answer("RTSP/1.0", "200 OK", "CSeq: 1", f"Content-Length: {len(_SDP)}") + _SDP,
    ],
}


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("scheme", _EXAMPLES)
@given(seed=st.integers(0, 2**32 - 1))
@settings(suppress_health_check=list(HealthCheck), max_examples=60, deadline=None)
def test_damaged_answers_are_read_or_have_a_reason(serve: Serve, scheme: str, seed: int) -> None:
    examples = _EXAMPLES[scheme]
    address = CameraAddress.parse(f"{scheme}://u:p@127.0.0.1:{serve(damaged(examples[seed % len(examples)], seed))}/x")
    said = ""
    try:
        fetch(address) if scheme == "http" else describe_stream(address, 5.0)
    except (SourceError, OSError) as error:
        said = str(error)
    assert "\n" not in said
    gc.collect(0)  # see above


@pytest.mark.parametrize(
    ("challenges", "hash_of"),
    [
        ([_SHA_256], hashlib.sha256),
        ([_MD5, _SHA_256], hashlib.md5),
        ([_SHA_256, _MD5, 'Basic realm="cam"'], hashlib.sha256),
        ([_NONE_KNOWN, _MD5], hashlib.md5),
    ],
)
def test_the_first_digest_that_is_known_is_answered(
    challenges: list[str], hash_of: Callable[..., "hashlib._Hash"]
) -> None:
    address = CameraAddress.parse("http://j%C3%BCrgen:gr%C3%BC%C3%9Fe@cam/snap.jpg")
    header = authorize(address, challenges, "GET", "http://cam/snap.jpg", "/snap.jpg")
    fields = urllib.request.parse_keqv_list(urllib.request.parse_http_list(header.removeprefix("Digest ")))

    def digest(text: str) -> str:
        return hash_of(text.encode()).hexdigest()

    between = f"n:{fields['nc']}:{fields['cnonce']}:auth"
    response = digest(f"{digest('jürgen:cam:grüße')}:{between}:{digest('GET:/snap.jpg')}")  # RFC 7616, 3.4.1
    assert (fields["response"], fields["uri"]) == (response, "/snap.jpg")


def test_what_no_digest_is_known_of_is_answered_with_basic() -> None:
    address = CameraAddress.parse("http://u:p@cam/snap.jpg")
    header = authorize(address, [_NONE_KNOWN, 'Basic realm="cam"'], "GET", "http://cam/snap.jpg", "/snap.jpg")
    assert header == "Basic dTpw"

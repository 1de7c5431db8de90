"""Cameras in a network, on sockets of their own: each path is another kind of camera, or of trouble with one."""

import hashlib
import re
import socketserver
import threading
import time
import urllib.request
from base64 import b64encode
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import cv2
import numpy as np

from twinface.types import Image

USER, PASSWORD = "admin", "p@ss/w:rd %"
"""With characters that have a meaning in a URL."""
LOGIN = "admin:p%40ss%2Fw%3Ard%20%25"


def jpeg(image: Image) -> bytes:
    done, data = cv2.imencode(".jpg", image)
    assert done
    return data.tobytes()


def grey(level: int) -> Image:
    return np.full((48, 64, 3), level, np.uint8)


class HttpCamera(ThreadingHTTPServer):
    """Serves `picture(number of the request or frame)`, at /stalls a film; `asked` counts the requests of each path."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, picture: Callable[[int], bytes], frames_per_stream: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.picture = picture
        self.frames_per_stream = frames_per_stream
        self.asked: Counter[str] = Counter()
        self.logins: Counter[str] = Counter()
        self.numbers = iter(range(10**9))
        self.closing = threading.Event()

    def url(self, path: str, login: str = "") -> str:
        return f"http://{login + '@' if login else ''}127.0.0.1:{self.server_address[1]}{path}"

    def handle_error(self, request: object, client_address: object) -> None:
        """A reader that has left is no error."""


class _Handler(BaseHTTPRequestHandler):
    server: HttpCamera

    def log_message(self, *_arguments: object) -> None:
        pass

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        self.server.asked[path] += 1
        elsewhere = f"http://localhost:{self.server.server_address[1]}/basic.jpg"
        cameras: dict[str, Callable[[], object]] = {
            "/snap.jpg": lambda: self._send("image/jpeg", self.server.picture(next(self.server.numbers))),
            "/basic.jpg": lambda: self._private("basic"),
            "/digest.jpg": lambda: self._private("digest"),
            "/stream": self._stream,
            "/stalls": self._stall,
            "/moved.jpg": lambda: self._redirect("/digest.jpg"),
            "/elsewhere.jpg": lambda: self._redirect(elsewhere),
            "/page": lambda: self._send("text/html", b"<h1>Please log in</h1>" * 100),
            "/broken.jpg": lambda: self._send("image/jpeg", b"this is no picture"),
            "/endless.jpg": self._endless,
            "/silent": lambda: self.server.closing.wait(120.0),
            "/forbidden": lambda: self.send_error(403),
            "/down": lambda: self.send_error(503),
        }
        cameras.get(path, lambda: self.send_error(404))()

    def _send(self, kind: str, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _redirect(self, where: str) -> None:
        self.send_response(302)
        self.send_header("Location", where)
        self.end_headers()

    def _private(self, scheme: str) -> None:
        given = self.headers.get("Authorization", "")
        self.server.logins["tried" if given else "asked"] += 1
        right = f"Basic {b64encode(f'{USER}:{PASSWORD}'.encode()).decode()}" == given
        if (scheme == "digest" and _digest_is_right(given, "GET")) or (scheme == "basic" and right):
            self._send("image/jpeg", self.server.picture(next(self.server.numbers)))
            return
        self.send_response(401)
        options = 'realm="camera", nonce="abc", qop="auth"' if scheme == "digest" else 'realm="camera"'
        self.send_header("WWW-Authenticate", f"{scheme.capitalize()} {options}")
        self.end_headers()

    def _stream(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        self.end_headers()
        for _ in range(self.server.frames_per_stream):
            body = self.server.picture(next(self.server.numbers))
            head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(body)}\r\n\r\n".encode()
            self.wfile.write(head + body + b"\r\n")
            if self.server.closing.wait(0.02):
                return

    def _stall(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "video/x-msvideo")
        self.end_headers()
        self.wfile.write(self.server.picture(0))
        self.server.closing.wait(120)

    def _endless(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "image/jpeg")
        self.end_headers()
        while not self.server.closing.is_set():
            self.wfile.write(bytes(2**20))


@contextmanager
def http_camera(picture: Callable[[int], bytes], *, frames_per_stream: int = 10**9) -> Iterator[HttpCamera]:
    """A camera that is served until the end of the block."""
    with HttpCamera(picture, frames_per_stream) as camera:
        thread = threading.Thread(target=camera.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield camera
        finally:
            camera.closing.set()
            camera.shutdown()
            thread.join()


class _RtspHandler(socketserver.StreamRequestHandler):
    server: "_RtspServer"

    def handle(self) -> None:
        while lines := self._request():
            method, url, _ = lines[0].split(" ")
            fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
            answer = self.server.answer(method, url, fields.get("authorization", ""))
            self.wfile.write(answer.replace("{cseq}", fields.get("cseq", "0")).encode())

    def _request(self) -> list[str]:
        lines = []
        while (line := self.rfile.readline().decode().rstrip("\r\n")) or not lines:
            if not line:
                return []
            lines.append(line)
        return lines


class _RtspServer(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, answer: Callable[[str, str, str], str]) -> None:
        super().__init__(("127.0.0.1", 0), _RtspHandler)
        self.answer = answer

    def handle_error(self, request: object, client_address: object) -> None:
        """A reader that has left is no error."""


@contextmanager
def rtsp_camera(answer: Callable[[str, str, str], str]) -> Iterator[int]:
    """A camera that answers each request (method, URL, authorization) with a text; gives its port."""
    with _RtspServer(answer) as camera:
        thread = threading.Thread(target=camera.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield camera.server_address[1]
        finally:
            camera.shutdown()
            thread.join()


def rtsp_answer(status: str, *headers: str, body: str = "") -> str:
    lines = [f"RTSP/1.0 {status}", "CSeq: {cseq}", *headers, f"Content-Length: {len(body)}", "", body]
    return "\r\n".join(lines)


def rtsp_login(scheme: str, then: str) -> Callable[[str, str, str], str]:
    """A camera that wants a password before it answers `then`."""
    options = 'realm="camera", nonce="abc"'

    def answer(method: str, _url: str, given: str) -> str:
        basic = f"Basic {b64encode(f'{USER}:{PASSWORD}'.encode()).decode()}"
        if (scheme == "Basic" and given == basic) or (scheme == "Digest" and _digest_is_right(given, method)):
            return then
        return rtsp_answer("401 Unauthorized", f"WWW-Authenticate: {scheme} {options}")

    return answer


def _digest_is_right(given: str, method: str) -> bool:
    """Whether an Authorization header is right by RFC 7616, with or without qop, worked out by hand."""
    if not given.startswith("Digest "):
        return False
    fields = urllib.request.parse_keqv_list(urllib.request.parse_http_list(given.partition(" ")[2]))
    if fields["username"] != USER:
        return False
    secret = _md5(f"{USER}:camera:{PASSWORD}")
    request = _md5(f"{method}:{fields['uri']}")
    middle = ":".join(fields[name] for name in ("nonce", "nc", "cnonce", "qop") if name in fields)
    return bool(re.fullmatch(r"[0-9a-f]{32}", fields["response"])) and fields["response"] == _md5(
        f"{secret}:{middle}:{request}"
    )


def _md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()


def patiently(condition: Callable[[], object], timeout_s: float = 60.0) -> None:
    """Wait until something is so; fails when it never comes to pass."""
    give_up_at_s = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < give_up_at_s, "it did not come to pass"
        time.sleep(0.01)

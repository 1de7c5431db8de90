"""Cameras on real sockets."""

import itertools
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import psutil
import pytest
from fake_cameras import (
    LOGIN,
    PASSWORD,
    USER,
    grey,
    http_camera,
    jpeg,
    patiently,
    rtsp_answer,
    rtsp_camera,
    rtsp_login,
)

from twinface.errors import SourceError
from twinface.faces import FrameFeed, Source, SourceKind, SourceSpec, SourceState, SourceWord, open_source
from twinface.faces.sources import captures, live
from twinface.faces.sources.address import CameraAddress
from twinface.faces.sources.live import LiveSource, Pictures
from twinface.types import Frame, Image

_SDP = "v=0\r\nm=audio 0 RTP/AVP 0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 {codec}/90000\r\n"
_FORMS = (LOGIN, PASSWORD, "p%40ss", "w%3Ard")
"""How a password could look where it must not be seen."""


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """A video of three frames, each brighter than the one before by 20."""
    path = tmp_path / "film.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 25, (64, 48))
    for index in range(3):
        writer.write(grey(20 * index))
    writer.release()
    return path


def of_number(number: int) -> bytes:
    return jpeg(grey(10 * number % 250))


@contextmanager
def feeding(source: Source) -> Iterator[FrameFeed]:
    feed = FrameFeed(source, lossless=True)
    try:
        yield feed
    finally:
        feed.stop()
        assert not feed._thread.is_alive()


def take(uri: str, count: int, **options: float) -> list[Frame]:
    """The first frames of a camera."""
    with feeding(open_source(SourceSpec(uri, **options))) as feed:  # type: ignore[arg-type]
        frames = []
        while len(frames) < count:
            frame = feed.take(60.0)
            assert frame is not None, feed._source.state
            frames.append(frame)
        return frames


def reason(uri: str) -> str:
    """What a camera that cannot be read says that it waits for."""
    source = open_source(SourceSpec(uri))
    with feeding(source):
        patiently(lambda: source.state.word is SourceWord.WAITING)
        return source.state.detail


def test_a_url_that_answers_with_a_picture_is_asked_again_and_again_at_its_rate() -> None:
    with http_camera(of_number) as camera:
        started_s = time.monotonic()
        frames = take(camera.url("/snap.jpg"), 6, snapshot_fps=10.0)
        assert time.monotonic() - started_s > 0.45
    assert [round(float(frame.image.mean()) / 10) for frame in frames] == [0, 1, 2, 3, 4, 5]
    assert [frame.cut for frame in frames] == [True] + [False] * 5, "its pictures are one film"
    assert camera.asked["/snap.jpg"] <= 7
    assert all(after.captured.media_ms > before.captured.media_ms for before, after in itertools.pairwise(frames))


@pytest.mark.parametrize("scheme", ["file://", ""])
@pytest.mark.parametrize("threads", [1, 4])
def test_a_stream_or_a_file_is_decoded_by_as_many_threads_as_it_may(tmp_path: Path, threads: int, scheme: str) -> None:
    """Counted by the system: one alone is the reading thread itself."""

    def count() -> int:
        return psutil.Process().num_threads()

    path = tmp_path / "film.mp4"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 25.0, (320, 240))
    for index in range(50):
        writer.write(np.full((240, 320, 3), 5 * index, np.uint8))
    writer.release()
    before = count()
    with feeding(open_source(SourceSpec(f"{scheme}{path}", decode_threads=threads))) as feed:
        assert feed.take(60.0) is not None
        decoding = count() - before - 1
    assert decoding == 0 if threads == 1 else decoding >= threads


def test_a_stream_that_breaks_off_is_opened_again_and_goes_on_but_is_not_stormed() -> None:
    with http_camera(of_number, frames_per_stream=3) as camera:
        started_s = time.monotonic()
        frames = take(camera.url("/stream"), 12)
        took_s = time.monotonic() - started_s
    assert [frame.cut for frame in frames] == [True] + [False] * 11
    assert [frame.index for frame in frames] == list(range(12))
    opened = camera.asked["/stream"]
    assert 4 <= opened - 1 <= 1 + took_s / 0.5 + 1, "opened at most twice a second, and looked at once before"


@pytest.mark.parametrize("path", ["/basic.jpg", "/digest.jpg", "/moved.jpg"])
def test_user_and_password_of_the_address_are_used(path: str) -> None:
    with http_camera(of_number) as camera:
        assert len(take(camera.url(path, LOGIN), 2, snapshot_fps=20.0)) == 2


def test_another_host_does_not_get_the_password() -> None:
    with http_camera(of_number) as camera:
        assert "401" in reason(camera.url("/elsewhere.jpg", LOGIN))
        assert camera.logins["tried"] == 0


@pytest.mark.parametrize("path", ["/basic.jpg", "/digest.jpg"])
def test_a_wrong_password_is_tried_once(path: str) -> None:
    with http_camera(of_number) as camera:
        source = open_source(SourceSpec(camera.url(path, "admin:geheim")))
        with feeding(source):
            patiently(lambda: source.state.word is SourceWord.WAITING)
            assert "does not take this user and password" in source.state.detail
            assert camera.logins["tried"] == 1


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/basic.jpg", "401: {at} wants a user and a password"),
        ("/forbidden", "403: {at} forbids it"),
        ("/nothing", "404: {at} has nothing at this path"),
        ("/down", "{at} answers with status 503"),
        ("/page", "{at}: what comes is no video (it answers with text/html)"),
        ("/broken.jpg", "{at} sends a picture that cannot be decoded"),
        ("/endless.jpg", "the picture of {at} is larger than 16 MB"),
    ],
)
def test_each_trouble_of_an_http_camera_has_its_own_words(path: str, said: str) -> None:
    with http_camera(of_number) as camera:
        assert reason(camera.url(path)).startswith(said.format(at=f"127.0.0.1 port {camera.server_address[1]}"))


def test_a_camera_that_says_nothing_is_not_waited_for_for_ever() -> None:
    with http_camera(of_number) as camera:
        assert "no answer from 127.0.0.1" in reason(camera.url("/silent"))


@pytest.mark.parametrize("scheme", ["http", "rtsp", "rtmp"])
def test_refused_is_told_from_no_such_host(scheme: str) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        port = server.getsockname()[1]
    assert reason(f"{scheme}://127.0.0.1:{port}/live") == f"connection refused by 127.0.0.1 port {port}"
    assert reason(f"{scheme}://camera.invalid/live") == "no such host: camera.invalid"


@pytest.mark.parametrize(
    ("answer", "login", "said"),
    [
        (rtsp_login("Basic", ""), "", "401: {at} wants a user and a password, as in rtsp://USER:PASSWORD@HOST/"),
        (rtsp_login("Basic", ""), "admin:geheim", "401: {at} does not take this user and password"),
        (rtsp_login("Digest", ""), "admin:geheim", "401: {at} does not take this user and password"),
        (rtsp_login("Basic", rtsp_answer("404 Not Found")), LOGIN, "404: {at} has nothing at this path"),
        (rtsp_login("Digest", rtsp_answer("404 Not Found")), LOGIN, "404: {at} has nothing at this path"),
        (lambda *_: rtsp_answer("454 Session Not Found"), "", "{at} answers with status 454"),
        (lambda *_: rtsp_answer("200 OK", body="v=0\r\nm=audio 0 RTP/AVP 0\r\n"), "", "{at}: what comes is no video"),
        (
            lambda *_: rtsp_answer("200 OK", body=_SDP.format(codec="VVC")),
            "",
            "the video of {at} (VVC) cannot be decoded here",
        ),
        (lambda *_: "HTTP/1.0 400 Bad\r\n\r\n", "", "{at} does not speak RTSP"),
    ],
    ids=["login", "wrong basic", "wrong digest", "404", "404 past a digest", "454", "sound", "codec", "http"],
)
def test_each_trouble_of_an_rtsp_camera_has_its_own_words(
    answer: Callable[[str, str, str], str], login: str, said: str
) -> None:
    with rtsp_camera(answer) as port:
        told = reason(f"rtsp://{login + '@' if login else ''}127.0.0.1:{port}/live")
    assert told.startswith(said.format(at=f"127.0.0.1 port {port}"))


def test_a_webcam_that_is_not_there_is_named() -> None:
    assert reason("63").startswith("no such device: /dev/video63")
    assert reason("/dev/v4l/by-id/nobody").startswith("no such device: /dev/v4l/by-id/nobody")


def test_a_file_that_is_opened_as_a_stream_and_not_there(tmp_path: Path) -> None:
    assert reason(f"file://{tmp_path}/nothing.mp4") == f"no such file: {tmp_path}/nothing.mp4"
    (tmp_path / "text.mp4").write_text("this is no video")
    assert "what comes is no video" in reason(f"file://{tmp_path}/text.mp4")


@pytest.mark.parametrize("codec", [b"VP70", b"zzzz"], ids=["opens", "does not even open"])
def test_a_codec_that_is_missing_is_told_from_no_video(codec: bytes, film: Path) -> None:
    film.write_bytes(film.read_bytes().replace(b"MJPG", codec))
    uri = f"file://{film}"
    assert reason(uri) == f"the video of {uri} ({codec.decode()}) cannot be decoded here; set it to H.264"


def test_no_password_is_shown_anywhere(caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> None:
    caplog.set_level(logging.DEBUG)
    seen = []
    with http_camera(of_number) as camera, rtsp_camera(rtsp_login("Digest", rtsp_answer("404 Not Found"))) as port:
        for path in ("/broken.jpg", "/forbidden", "/page", "/digest.jpg?pwd=p%40ss"):
            source = open_source(SourceSpec(camera.url(path, LOGIN)))
            with feeding(source):
                patiently(lambda source=source: source.state.word is not SourceWord.STARTING)
                seen += [source.state.detail, repr(source), repr(vars(source))]
        seen += [reason(f"rtsp://{LOGIN}@127.0.0.1:{port}/live"), *(thread.name for thread in threading.enumerate())]
    seen += [caplog.text, *capfd.readouterr()]
    assert not [text for text in seen for form in _FORMS if form in text]
    assert USER not in "".join(seen)


def test_pictures_that_a_decoder_kept_back_until_a_time_out_are_too_old(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(captures, "READ_TIMEOUT_S", 3.0)
    limits = (cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, 5000, cv2.CAP_PROP_READ_TIMEOUT_MSEC, 3000)
    monkeypatch.setattr(captures, "TIME_LIMITS", limits)
    path = tmp_path / "film.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"XVID"), 25, (640, 480))
    noise = np.random.default_rng(0)
    for _ in range(20):
        writer.write(noise.integers(0, 255, (480, 640, 3), np.uint8))
    writer.release()
    with http_camera(lambda _number: path.read_bytes()) as camera:
        pictures = captures.read_stream(CameraAddress.parse(camera.url("/stalls")), decode_threads=4)
        read_at_s = [time.monotonic() for _ in pictures]
    assert 0 < len(read_at_s) < 20
    assert max(after - before for before, after in itertools.pairwise(read_at_s)) < 2.7


class Scripted:
    """A camera that does what the test says next; each turn is an error, or how many frames come before it ends."""

    def __init__(self, *turns: SourceError | int, level: Callable[[int], int] = lambda number: number % 250) -> None:
        self.opened = 0
        self._turns = turns
        self._level = level
        self._numbers = iter(range(10**9))

    def __call__(self, _stopping: threading.Event) -> Pictures:
        turn = self._turns[min(self.opened, len(self._turns) - 1)]
        self.opened += 1
        if isinstance(turn, SourceError):
            raise turn
        for _ in range(turn):
            yield partial(grey, self._level(next(self._numbers)))


def test_it_waits_with_its_reason_and_runs_again_when_the_cause_has_passed() -> None:
    source = LiveSource(SourceKind.URL, Scripted(SourceError("it is off"), 10**9))
    assert source.state == SourceState(SourceWord.STARTING, "the camera is being opened")
    with feeding(source) as feed:
        patiently(lambda: source.state == SourceState(SourceWord.WAITING, "it is off"))
        assert feed.take(60.0) is not None
        assert source.state == SourceState(SourceWord.RUNNING)
    assert source.state.word is SourceWord.ENDED


def test_a_camera_of_which_no_picture_comes_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "_LONGEST_GAP_S", 0.05)
    hung = threading.Event()

    def hang(_stopping: threading.Event) -> Pictures:
        yield partial(grey, 1)
        assert hung.wait(120.0)

    source = LiveSource(SourceKind.WEBCAM, hang)
    with feeding(source) as feed:
        assert feed.take(60.0) is not None
        patiently(lambda: source.state == SourceState(SourceWord.WAITING, "no picture for 0.05 s"))
        hung.set()


def test_the_same_picture_for_ever_is_noticed_and_forgotten_when_it_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "_STANDS_STILL_AFTER_S", 2.0)
    changed = threading.Event()
    source = LiveSource(SourceKind.URL, Scripted(10**9, level=lambda _: 200 if changed.is_set() else 100))
    feed = FrameFeed(source, lossless=False)
    try:
        patiently(lambda: source.state.word is SourceWord.DEGRADED)
        assert source.state.detail == "the picture has not changed for 2 s"
        assert feed.take(60.0) is not None, "nothing is stopped"
        changed.set()
        patiently(lambda: source.state.word is SourceWord.RUNNING)
    finally:
        feed.stop()


@pytest.mark.parametrize(
    ("patient", "pauses_s"), [(False, [0.5, 1, 2, 4, 8, 10]), (True, [60] * 6)], ids=["fails", "refuses the password"]
)
def test_a_camera_that_fails_is_asked_less_and_less_often(
    patient: bool, pauses_s: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    waited_s: list[float] = []
    source = LiveSource(SourceKind.URL, Scripted(SourceError("off", patient=patient)))
    monkeypatch.setattr(source._closing, "wait", lambda timeout_s: waited_s.append(timeout_s) or len(waited_s) > 5)
    feed = FrameFeed(source, lossless=False)
    patiently(lambda: len(waited_s) > 5)
    feed.stop()
    assert waited_s[:6] == pauses_s


def test_frames_that_nobody_took_are_counted() -> None:
    source = LiveSource(SourceKind.WEBCAM, Scripted(100))
    feed = FrameFeed(source, lossless=False)
    try:
        patiently(lambda: feed.skipped == 99)
        frame = feed.take()
        assert frame is not None
        assert frame.index == 99
    finally:
        feed.stop()


def test_a_file_played_as_a_stream_begins_again(film: Path) -> None:
    frames = take(f"file://{film}", 7)
    assert [round(float(frame.image.mean()) / 20) for frame in frames] == [0, 1, 2, 0, 1, 2, 0]


@pytest.fixture(autouse=True)
def _no_thread_is_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    patiently(lambda: not [one for one in set(threading.enumerate()) - before if one.name == "frames"])


def test_of_a_camera_frames_that_nobody_looks_at_are_not_decoded_but_one_now_and_then(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """That one tells whether the camera stands still."""
    monkeypatch.setattr(live, "_LOOK_EVERY_S", 0.05)
    decoded: list[int] = []

    def decode(number: int) -> Image:
        decoded.append(number)
        return grey(number % 250)

    def read(_stopping: threading.Event) -> Pictures:
        for number in range(10**9):
            yield partial(decode, number)

    asked: set[int] = set()

    def passes_over(_index: int, _media_ms: float, after: int) -> bool:
        asked.add(after)
        return True

    source = LiveSource(SourceKind.WEBCAM, read, passes_over=passes_over)
    with closing(iter(source)) as reading:
        frames = list(itertools.islice(reading, 3))
    assert decoded == [frame.index for frame in frames]
    assert frames[0].index == 0
    assert asked == {frame.index for frame in frames[:2]}
    times_ms = [frame.captured.media_ms for frame in frames]
    assert all(after - before >= 50.0 for before, after in itertools.pairwise(times_ms))
    assert [frame.cut for frame in frames] == [True, False, False]

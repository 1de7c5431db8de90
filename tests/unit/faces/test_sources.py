import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from twinface.errors import InputError
from twinface.faces import Source, SourceKind, SourceSpec, open_source
from twinface.faces.playback import Playable, PlayedSource
from twinface.types import Image

FRAMES, FPS = 12, 25


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A video whose frames grow brighter by 20 grey levels each."""
    path = tmp_path_factory.mktemp("video") / "steps.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), FPS, (64, 48))
    for index in range(FRAMES):
        writer.write(np.full((48, 64, 3), 20 * index, np.uint8))
    writer.release()
    return path


@pytest.fixture
def slides(tmp_path: Path) -> Path:
    """A folder of two pictures, with a file that is none between them."""
    for name, grey in (("2.png", 50), ("10.png", 200)):
        cv2.imwrite(str(tmp_path / name), np.full((10, 12, 3), grey, np.uint8))
    (tmp_path / "3.jpg").write_bytes(b"not a picture")
    return tmp_path


def wait_for_frame(source: Source, cut: bool) -> bool:
    """Whether a frame with this `cut` comes within five seconds."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        frame = source.next_frame(timeout_s=0.1)
        if frame is not None and frame.cut == cut:
            return True
    return False


def test_every_frame_of_a_video_is_delivered_in_order(video: Path) -> None:
    source = open_source(SourceSpec(str(video), paced=False))
    assert (source.kind, source.finite, source.state) == (SourceKind.VIDEO, True, "open")
    frames = list(source)
    assert [frame.index for frame in frames] == list(range(FRAMES))
    assert [round(float(frame.image.mean()) / 20) for frame in frames] == list(range(FRAMES))
    np.testing.assert_allclose([frame.media_ms for frame in frames], np.arange(FRAMES) * 1000 / FPS, atol=0.5)
    assert [frame.cut for frame in frames] == [True] + [False] * (FRAMES - 1)
    assert (source.state, source.skipped) == ("ended", 0)
    assert source.next_frame(timeout_s=0) is None


def test_looped_video_goes_on_in_media_time_with_a_cut(video: Path) -> None:
    source = open_source(SourceSpec(str(video), paced=False, loop=True))
    assert not source.finite
    frames = [source.next_frame(timeout_s=0) for _ in range(3 * FRAMES)]
    assert [frame.index for frame in frames if frame and frame.cut] == [0, FRAMES, 2 * FRAMES]
    media_ms = [frame.media_ms for frame in frames if frame]
    np.testing.assert_allclose(media_ms, np.arange(3 * FRAMES) * 1000 / FPS, atol=0.5)
    source.close()
    assert source.next_frame(timeout_s=0) is None
    assert source.state == "ended"


def test_paced_video_takes_its_time(video: Path) -> None:
    source = open_source(SourceSpec(str(video)))
    started = time.monotonic()
    frames = list(source)
    assert time.monotonic() - started > 0.9 * (FRAMES - 1) / FPS
    assert len(frames) + source.skipped == FRAMES


def test_frame_that_is_not_due_yet_is_not_waited_for_longer_than_asked(video: Path) -> None:
    source = open_source(SourceSpec(str(video)))
    assert source.next_frame(timeout_s=0) is not None
    assert source.next_frame(timeout_s=0) is None
    assert source.state == "open"
    following = source.next_frame(timeout_s=1)
    assert following is not None
    assert following.index == 1 + source.skipped


def test_late_frames_are_skipped_and_counted_and_their_cut_is_kept() -> None:
    def work(seconds: float) -> Image:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            pass
        return np.zeros((2, 2, 3), np.uint8)

    def play() -> Iterator[Playable]:
        for index in range(20):
            yield Playable(index * 10.0, 10.0, index in {0, 3}, lambda index=index: work(0.08 if index == 0 else 0))

    source = PlayedSource("video", play, loop=False, paced=True)
    frames = list(source)
    assert frames[0].index == 0
    assert 7 <= frames[1].index <= 12
    assert frames[1].cut
    assert sum(frame.cut for frame in frames) == 2
    assert source.skipped == 20 - len(frames)


def test_source_that_cannot_be_decoded_in_real_time_still_delivers() -> None:
    def play() -> Iterator[Playable]:
        for index in range(100):
            yield Playable(index * 0.001, 0.001, index == 0, lambda: np.zeros((2, 2, 3), np.uint8))

    assert 3 <= len(list(PlayedSource("video", play, loop=False, paced=True))) < 100


def test_slideshow_repeats_each_picture_and_passes_over_what_is_none(slides: Path) -> None:
    source = open_source(SourceSpec(str(slides), paced=False, picture_seconds=0.5, picture_fps=6))
    frames = list(source)
    assert source.kind == SourceKind.PICTURES
    assert [int(frame.image[0, 0, 0]) for frame in frames] == [50] * 3 + [200] * 3
    assert [frame.cut for frame in frames] == [True, False, False] * 2
    np.testing.assert_allclose([frame.media_ms for frame in frames], np.arange(6) * 1000 / 6)


def test_single_picture_is_a_source(slides: Path) -> None:
    assert len(list(open_source(SourceSpec(str(slides / "2.png"), paced=False, picture_seconds=1, picture_fps=2)))) == 2


def test_folder_of_nothing_but_unreadable_pictures_ends_even_when_looped(slides: Path) -> None:
    for name in ("2.png", "10.png"):
        (slides / name).write_bytes(b"")
    source = open_source(SourceSpec(str(slides), paced=False, loop=True))
    assert source.next_frame(timeout_s=0) is None
    assert source.state == "ended"


@pytest.mark.parametrize(
    ("uri", "problem"),
    [("no-such-file.mp4", "no such file"), ("text.mp4", "no video that OpenCV can read"), ("empty", "no pictures")],
)
def test_unusable_file_source_is_one_line(tmp_path: Path, uri: str, problem: str) -> None:
    (tmp_path / "text.mp4").write_text("this is no video")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=problem) as caught:
        open_source(SourceSpec(str(tmp_path / uri)))
    assert "\n" not in str(caught.value)


def test_stream_that_dies_is_opened_again(video: Path) -> None:
    source = open_source(SourceSpec(f"file://{video}"))
    try:
        assert (source.kind, source.finite) == (SourceKind.URL, False)
        assert wait_for_frame(source, cut=True)
        assert wait_for_frame(source, cut=True)
    finally:
        source.close()
    assert source.state == "ended"
    assert list(source) == []


def test_stream_that_does_not_answer_says_so(tmp_path: Path) -> None:
    source = open_source(SourceSpec(f"file://{tmp_path}/nothing.mp4"))
    try:
        deadline = time.monotonic() + 5
        while source.state == "opening" and time.monotonic() < deadline:
            assert source.next_frame(timeout_s=0.02) is None
        assert source.state == "failed: it does not open"
    finally:
        source.close()

import itertools
import os
import re
import threading
import time
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest
from fake_cameras import patiently

from twinface.errors import InputError
from twinface.faces import FrameFeed, SourceKind, SourceSpec, SourceState, SourceWord, open_source
from twinface.faces.sources.playback import Pass, Playable, PlayedSource
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


ENDED = SourceState(SourceWord.ENDED, "the source has ended")


def test_every_frame_of_a_video_is_delivered_in_order(video: Path) -> None:
    source = open_source(SourceSpec(str(video), paced=False))
    assert (source.kind, source.finite, source.state.word) == (SourceKind.VIDEO, True, SourceWord.STARTING)
    frames = list(source)
    assert [frame.index for frame in frames] == list(range(FRAMES))
    assert [round(float(frame.image.mean()) / 20) for frame in frames] == list(range(FRAMES))
    np.testing.assert_allclose([frame.captured.media_ms for frame in frames], np.arange(FRAMES) * 1000 / FPS, atol=0.5)
    assert [frame.cut for frame in frames] == [True] + [False] * (FRAMES - 1)
    assert (source.state, source.skipped) == (ENDED, 0)


def test_looped_video_goes_on_in_media_time_with_a_cut(video: Path) -> None:
    source = open_source(SourceSpec(str(video), paced=False, loop=True))
    assert not source.finite
    reading = iter(source)
    frames = list(itertools.islice(reading, 3 * FRAMES))
    assert [frame.index for frame in frames if frame.cut] == [0, FRAMES, 2 * FRAMES]
    np.testing.assert_allclose(
        [frame.captured.media_ms for frame in frames], np.arange(3 * FRAMES) * 1000 / FPS, atol=0.5
    )
    assert source.state.word is SourceWord.RUNNING
    source.close()
    assert list(reading) == []
    assert source.state == ENDED


@pytest.mark.parametrize("jump_ms", [60_000, 1_000, -500], ids=["a minute is missing", "a second is", "back"])
def test_jumps_of_time_stamps_are_cuts_that_nobody_waits_for(jump_ms: int, tmp_path: Path) -> None:
    path = tmp_path / "film.mkv"
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*"MJPG"), FPS, (64, 48))
    for index in range(5 * FPS):
        writer.write(np.full((48, 64, 3), 2 * index, np.uint8))
    writer.release()
    path.write_bytes(
        re.sub(
            rb"(?<=\xe7\x82)..",
            lambda time: (int.from_bytes(time[0]) + jump_ms).to_bytes(2),
            path.read_bytes(),
            flags=re.DOTALL,
        )
    )

    frames = list(open_source(SourceSpec(str(path), paced=False)))
    assert len(frames) == 5 * FPS
    steps_ms = np.diff([frame.captured.media_ms for frame in frames])
    believed = 0 < jump_ms < 2000
    assert sum(frame.cut for frame in frames) == (1 if believed else 2)
    assert steps_ms.max() == pytest.approx(1000 / FPS + (jump_ms if believed else 0), abs=1)
    assert steps_ms.min() > 0


def test_paced_video_takes_its_time(video: Path) -> None:
    source = open_source(SourceSpec(str(video)))
    started = time.monotonic()
    frames = list(source)
    assert time.monotonic() - started > 0.9 * (FRAMES - 1) / FPS
    assert len(frames) + source.skipped == FRAMES


def test_closing_ends_the_wait_for_the_next_frame() -> None:
    def play() -> Pass:
        for media_ms in (0.0, 3_600_000.0):
            yield Playable(media_ms, 40.0, media_ms == 0, lambda: np.zeros((2, 2, 3), np.uint8))

    source = PlayedSource(SourceKind.VIDEO, play, loop=False, paced=True)
    for frame in source:
        assert frame.index == 0
        threading.Timer(0.1, source.close).start()
    assert source.state == ENDED


def test_late_frames_are_skipped_and_counted_and_their_cut_is_kept() -> None:
    def work(seconds: float) -> Image:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            pass
        return np.zeros((2, 2, 3), np.uint8)

    def play() -> Pass:
        for index in range(20):
            yield Playable(index * 10.0, 10.0, index in {0, 3}, lambda index=index: work(0.08 if index == 0 else 0))

    source = PlayedSource(SourceKind.VIDEO, play, loop=False, paced=True)
    frames = list(source)
    assert frames[0].index == 0
    assert 7 <= frames[1].index <= 12
    assert frames[1].cut
    assert sum(frame.cut for frame in frames) == 2
    assert source.skipped == 20 - len(frames)


def test_source_that_cannot_be_decoded_in_real_time_still_delivers() -> None:
    def play() -> Pass:
        for index in range(100):
            yield Playable(index * 0.001, 0.001, index == 0, lambda: np.zeros((2, 2, 3), np.uint8))

    assert 3 <= len(list(PlayedSource(SourceKind.VIDEO, play, loop=False, paced=True))) < 100


def test_slideshow_repeats_each_picture_and_passes_over_what_is_none(slides: Path) -> None:
    source = open_source(SourceSpec(str(slides), paced=False, picture_seconds=0.5, picture_fps=6))
    frames = list(source)
    assert source.kind == SourceKind.PICTURES
    assert [int(frame.image[0, 0, 0]) for frame in frames] == [50] * 3 + [200] * 3
    assert [frame.cut for frame in frames] == [True, False, False] * 2
    np.testing.assert_allclose([frame.captured.media_ms for frame in frames], np.arange(6) * 1000 / 6)


def test_single_picture_is_a_source(slides: Path) -> None:
    assert len(list(open_source(SourceSpec(str(slides / "2.png"), paced=False, picture_seconds=1, picture_fps=2)))) == 2


def test_a_loop_of_which_nothing_can_be_read_waits_until_it_can(slides: Path) -> None:
    whole = (slides / "2.png").read_bytes()
    for name in ("2.png", "10.png"):
        (slides / name).write_bytes(b"")
    source = open_source(SourceSpec(str(slides), paced=False, loop=True))
    feed = FrameFeed(source, lossless=True)
    try:
        patiently(lambda: source.state.word is SourceWord.WAITING)
        assert source.state.detail == "nothing of the source can be read now"
        (slides / "2.png").write_bytes(whole)
        assert feed.take(60.0) is not None
        assert source.state.word is SourceWord.RUNNING
    finally:
        feed.stop()


def test_a_folder_of_which_nothing_can_be_read_ends(slides: Path) -> None:
    for name in ("2.png", "10.png"):
        (slides / name).write_bytes(b"")
    source = open_source(SourceSpec(str(slides), paced=False))
    assert list(source) == []
    assert source.state == ENDED


@pytest.mark.parametrize(
    ("uri", "problem"),
    [
        ("no-such-file.mp4", "no such file"),
        ("text.mp4", "no video that OpenCV can read"),
        ("nothing.mp4", "the file is empty"),
        ("empty", "no pictures"),
        ("pipe", "neither a file nor a folder"),
        ("of_another_codec.avi", r"not one frame of its video \(VP70\) can be decoded; convert it"),
        ("of_an_unknown_codec.avi", r"not one frame of its video \(zzzz\) can be decoded; convert it"),
    ],
)
def test_unusable_file_source_is_one_line(video: Path, tmp_path: Path, uri: str, problem: str) -> None:
    (tmp_path / "text.mp4").write_text("this is no video")
    (tmp_path / "nothing.mp4").touch()
    (tmp_path / "of_another_codec.avi").write_bytes(video.read_bytes().replace(b"MJPG", b"VP70"))
    (tmp_path / "of_an_unknown_codec.avi").write_bytes(video.read_bytes().replace(b"MJPG", b"zzzz"))
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=problem) as caught:
        open_source(SourceSpec(str(tmp_path / uri)))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("paced", [False, True])
def test_frames_that_nobody_looks_at_are_neither_decoded_nor_delivered_nor_late(paced: bool) -> None:
    asked: list[tuple[int, float, int]] = []
    decoded: list[int] = []

    def decode(index: int) -> Image:
        decoded.append(index)
        return np.zeros((2, 2, 3), np.uint8)

    def play() -> Pass:
        for index in range(9):
            yield Playable(index * 200.0, 200.0, index in {0, 4}, partial(decode, index))

    def passes_over(index: int, media_ms: float, after: int) -> bool:
        asked.append((index, media_ms, after))
        return index % 3 != 0

    source = PlayedSource(SourceKind.VIDEO, play, loop=False, paced=paced, passes_over=passes_over)
    frames = list(source)
    assert source.skipped == 0
    assert decoded == [frame.index for frame in frames] == [0, 3, 4, 6]
    assert [frame.cut for frame in frames] == [True, False, True, False], "a cut is looked at"
    assert asked == [(n, n * 200.0, after) for n, after in ((1, 0), (2, 0), (3, 0), (5, 4), (6, 4), (7, 6), (8, 6))]


def test_of_a_video_that_is_passed_over_in_part_the_right_frames_are_delivered(video: Path) -> None:
    source = open_source(SourceSpec(str(video), paced=False), lambda index, _media_ms, _after: index % 4 != 0)
    frames = list(source)
    assert [round(float(frame.image.mean()) / 20) for frame in frames] == [frame.index for frame in frames] == [0, 4, 8]
    np.testing.assert_allclose(
        [frame.captured.media_ms for frame in frames], np.array([0, 4, 8]) * 1000 / FPS, atol=0.5
    )

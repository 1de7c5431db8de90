"""Our own YuNet finds what OpenCV's finds in the file that it was made of."""

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from twinface.faces import detection, list_pictures, read_image
from twinface.faces.yunet import Rows, YuNet, suppress
from twinface.types import Image

ZOO = detection.MODEL.with_name("face_detection_yunet_2023mar_int8bq.onnx")
SCORE = 0.4


@pytest.fixture(scope="module")
def yunet() -> YuNet:
    return YuNet(detection.MODEL.read_bytes(), score_threshold=SCORE)


@pytest.fixture(scope="module")
def opencv() -> cv2.FaceDetectorYN:
    return cv2.FaceDetectorYN.create(str(ZOO), "", (32, 32), SCORE, 0.3, 5000)


def shrunk(image: Image, side_px: int) -> Image:
    scale = min(1.0, side_px / max(image.shape))
    return np.asarray(cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)


def compare(yunet: YuNet, opencv: cv2.FaceDetectorYN, images: Iterator[Image]) -> tuple[int, int]:
    """How many pictures and faces there were, all found alike."""
    pictures = faces = 0
    for image in images:
        opencv.setInputSize((image.shape[1], image.shape[0]))
        found = opencv.detect(image)[1]
        expected = np.zeros((0, 15), np.float32) if found is None else np.asarray(found)
        rows = yunet.detect(image)
        assert rows.shape == expected.shape
        np.testing.assert_allclose(rows[:, :14], expected[:, :14], atol=0.01)
        np.testing.assert_allclose(rows[:, 14], expected[:, 14], atol=1e-4)
        pictures, faces = pictures + 1, faces + len(rows)
    return pictures, faces


def test_portraits_of_every_size_have_the_faces_that_opencv_finds(
    yunet: YuNet, opencv: cv2.FaceDetectorYN, portraits: Path
) -> None:
    images = [read_image(path) for path in list_pictures(portraits)]
    assert compare(yunet, opencv, (shrunk(one, px) for one in images for px in (640, 401, 250))) >= (18, 18)


@pytest.mark.parametrize("size", [(360, 640), (32, 32), (33, 95), (1, 1), (3, 400)])
def test_noise_has_the_faces_that_opencv_finds(yunet: YuNet, opencv: cv2.FaceDetectorYN, size: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    compare(yunet, opencv, (rng.integers(0, 256, (*size, 3), np.uint8) for _ in range(3)))


def test_real_pictures_and_frames_have_the_faces_that_opencv_finds(
    yunet: YuNet, opencv: cv2.FaceDetectorYN, shared_data: Path
) -> None:
    def pictures() -> Iterator[Image]:
        for path in sorted((shared_data / "people").rglob("*.jpg"))[::29]:
            yield shrunk(read_image(path), 400)
        for path in sorted((shared_data / "video").glob("*.mp4")):
            capture = cv2.VideoCapture(str(path))
            for number in range(200):
                if capture.grab() and number % 20 == 0:
                    yield shrunk(np.asarray(capture.retrieve()[1], np.uint8), 640)
            capture.release()

    assert compare(yunet, opencv, pictures()) >= (200, 200)


def test_a_picture_is_seen_alike_whatever_was_seen_before(yunet: YuNet, portraits: Path) -> None:
    portrait = shrunk(read_image(portraits / "person_a_1.jpg"), 300)
    smaller = portrait[:-9, :-9]
    first = YuNet(detection.MODEL.read_bytes(), score_threshold=SCORE).detect(smaller)
    yunet.detect(np.full_like(portrait, 255))
    np.testing.assert_array_equal(yunet.detect(smaller), first)


def row(left: float, top: float, width: float, height: float, score: float) -> list[float]:
    return [left, top, width, height, *[0.0] * 10, score]


def scores(*rows: list[float]) -> list[float]:
    kept: Rows = suppress(np.array(rows, np.float32).reshape(-1, 15))
    return [round(float(one), 2) for one in kept[:, 14]]


def test_the_best_of_boxes_that_share_much_is_kept() -> None:
    assert scores(row(0, 0, 10, 10, 0.7), row(2, 0, 10, 10, 0.9), row(30, 0, 10, 10, 0.8)) == [0.9, 0.8]
    # 3 of 7 pixels of the union are too much, 3 of 10 are not
    assert scores(row(0, 0, 5, 1, 0.9), row(2, 0, 5, 1, 0.8)) == [0.9]
    assert scores(row(0, 0, 6, 1, 0.9), row(3, 0, 7, 1, 0.8)) == [0.9, 0.8]


def test_what_gives_way_makes_nobody_give_way() -> None:
    assert scores(row(0, 0, 10, 1, 0.9), row(4, 0, 10, 1, 0.8), row(8, 0, 10, 1, 0.7)) == [0.9, 0.7]


def test_boxes_compete_as_whole_pixels() -> None:
    assert scores(row(0, 0, 10, 10, 0.9), row(5.9, 0, 10, 10, 0.8)) == [0.9]
    assert scores(row(0, 0, 0.5, 0.5, 0.9), row(40, 40, 0.5, 0.5, 0.8)) == [0.9]


def test_no_face_is_no_face() -> None:
    assert scores() == []

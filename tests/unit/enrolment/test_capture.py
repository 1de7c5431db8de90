from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from twinface.enrolment.capture import CropFolder, capture_automatically, capture_faces, mark, require_display
from twinface.enrolment.gate import inspect_picture
from twinface.errors import InputError
from twinface.faces import FaceDetector, Source, SourceSpec, open_source, read_image
from twinface.types import Image

Film = Callable[[list[Image]], Source]


@pytest.fixture
def film(tmp_path: Path) -> Film:
    """Makes a video of pictures, each shown for three frames, and opens it."""

    def make(pictures: list[Image]) -> Source:
        path = str(tmp_path / "film.avi")
        writer = cv2.VideoWriter(path, cv2.VideoWriter.fourcc(*"MJPG"), 10, (400, 500))
        for picture in pictures:
            for _ in range(3):
                writer.write(cv2.resize(picture, (400, 500)))
        writer.release()
        return open_source(SourceSpec(path, paced=False))

    return make


@pytest.fixture
def two_looks(portraits: Path) -> list[Image]:
    """Two portraits of one person and, between them, a wall."""
    one, two = (read_image(portraits / f"person_b_{number}.jpg") for number in (1, 2))
    return [one, np.full_like(one, 90), two]


def test_only_differing_faces_are_saved(
    film: Film, two_looks: list[Image], detector: FaceDetector, tmp_path: Path
) -> None:
    saved = list(capture_automatically(film(two_looks * 2), detector, CropFolder(tmp_path / "jacinda"), count=5))
    assert [path.name for path in saved] == ["001.png", "002.png"]
    assert all(read_image(path).shape == (224, 224, 3) for path in saved)
    assert not np.array_equal(read_image(saved[0]), read_image(saved[1]))


def test_capture_stops_at_the_count_and_goes_on_after_what_is_there(
    film: Film, two_looks: list[Image], detector: FaceDetector, tmp_path: Path
) -> None:
    for expected in ("001.png", "002.png"):
        (path,) = capture_automatically(film(two_looks), detector, CropFolder(tmp_path / "jacinda"), count=1)
        assert path.name == expected


def test_blurred_and_double_faces_are_not_saved_and_the_reasons_are_told(
    film: Film, two_looks: list[Image], detector: FaceDetector, tmp_path: Path
) -> None:
    blurred = cv2.GaussianBlur(two_looks[0], (0, 0), 14)
    double = np.hstack([two_looks[0], two_looks[0]])
    reasons: list[str] = []
    saved = capture_automatically(
        film([blurred, double, two_looks[1]]),
        detector,
        CropFolder(tmp_path / "who"),
        count=5,
        on_frame=lambda objection: reasons.append(objection.reason if objection else "good"),
    )
    assert not list(saved)
    assert not (tmp_path / "who").exists()
    assert reasons == ["blurred"] * 3 + ["more_than_one_face"] * 3 + ["no_face"] * 3


def test_force_saves_a_blurred_face(film: Film, two_looks: list[Image], detector: FaceDetector, tmp_path: Path) -> None:
    blurred = cv2.GaussianBlur(two_looks[0], (0, 0), 14)
    saved = capture_automatically(film([blurred]), detector, CropFolder(tmp_path / "who"), count=5, force=True)
    assert len(list(saved)) == 1


def test_a_capture_says_what_it_saved_and_why_there_is_no_more(
    film: Film, two_looks: list[Image], tmp_path: Path
) -> None:
    film(two_looks).close()
    heard: list[Path] = []
    captured = capture_faces(tmp_path / "who", video=str(tmp_path / "film.avi"), count=5, on_saved=heard.append)
    assert [path.name for path in captured.saved] == ["001.png", "002.png"]
    assert heard == list(captured.saved)
    assert (captured.frames, captured.not_taken) == (9, {"no_face": 3})
    captured.require_any()
    assert captured.describe_shortfall() == (
        "only 2 of 5: there were no more good faces that differ (9 frames, not taken: 3 no_face)"
    )
    film(two_looks[1:2]).close()
    nobody = capture_faces(tmp_path / "nobody", video=str(tmp_path / "film.avi"), count=1)
    with pytest.raises(InputError, match=r"film.avi: no face saved \(3 frames, not taken: 3 no_face\)"):
        nobody.require_any()


def test_the_window_shows_in_red_why_a_face_is_not_saved(two_looks: list[Image], detector: FaceDetector) -> None:
    blurred = cv2.GaussianBlur(two_looks[0], (0, 0), 14)
    for image, colour in ((two_looks[0], (80, 220, 80)), (blurred, (80, 80, 220))):
        marked = mark(image, inspect_picture(image, detector.detect(image)))
        changed = marked[(marked != image).any(axis=2)]
        assert (changed == colour).all(axis=1).any()
        written = (marked[-40:] != image[-40:]).any()
        assert written == (image is blurred)


def test_camera_that_does_not_open_is_an_error(detector: FaceDetector, tmp_path: Path) -> None:
    source = open_source(SourceSpec(f"file://{tmp_path}/no-such-stream"))
    try:
        with pytest.raises(InputError, match=r"url failed: no such file: .*no-such-stream"):
            list(capture_automatically(source, detector, CropFolder(tmp_path / "who"), count=1))
    finally:
        source.close()


def test_missing_window_system_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(InputError, match="use --auto N"):
        require_display()

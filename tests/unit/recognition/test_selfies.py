from pathlib import Path

import cv2
import numpy as np

from twinface.errors import NoFaceError
from twinface.faces import FaceDetector, read_image
from twinface.recognition.people import list_people
from twinface.recognition.selfies import crop_selfies


def test_photo_without_a_face_saves_nothing(people: Path, tmp_path: Path, detector: FaceDetector) -> None:
    """The original saved the face of the photo before, even into the next person's folder."""
    errors = {path.name: error for path, error in crop_selfies(list_people(people), tmp_path / "crops", detector)}
    saved = sorted(str(path.relative_to(tmp_path / "crops")) for path in (tmp_path / "crops").rglob("*.png"))
    assert saved == ["a/1.png", "a/2.png", "b/1.png", "b/2.png"]
    assert isinstance(errors["empty.png"], NoFaceError)
    assert read_image(tmp_path / "crops" / "a" / "1.png").shape == (224, 224, 3)
    assert not np.array_equal(read_image(tmp_path / "crops/a/2.png"), read_image(tmp_path / "crops/b/1.png"))


def test_photo_of_two_people_is_refused(people: Path, portraits: Path, tmp_path: Path, detector: FaceDetector) -> None:
    one, two = (cv2.resize(read_image(portraits / f"person_{who}_2.jpg"), (400, 500)) for who in "ab")
    cv2.imwrite(str(people / "a" / "3.png"), np.hstack([one, two]))
    errors = {path.name: error for path, error in crop_selfies(list_people(people), tmp_path / "crops", detector)}
    assert "2 faces alike" in str(errors["3.png"])
    assert not (tmp_path / "crops" / "a" / "3.png").exists()


def test_photos_of_one_name_but_two_kinds_both_save(
    people: Path, portraits: Path, tmp_path: Path, detector: FaceDetector
) -> None:
    cv2.imwrite(str(people / "a" / "1.png"), read_image(portraits / "person_a_2.jpg"))
    assert not any(error for path, error in crop_selfies({"a": list_people(people)["a"]}, tmp_path / "crops", detector))
    assert len(list((tmp_path / "crops" / "a").iterdir())) == 3

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from twinface.enrolment.objections import Reason
from twinface.enrolment.selfies import Selfie, crop_photos, crop_selfies
from twinface.errors import InputError
from twinface.faces import FaceDetector, read_image
from twinface.recognition.picture_folders import list_people


def test_photo_without_a_face_saves_nothing(people: Path, tmp_path: Path, detector: FaceDetector) -> None:
    """The original saved the face of the photo before, even into the next person's folder."""
    done = {selfie.picture.name: selfie for selfie in crop_selfies(list_people(people), tmp_path / "crops", detector)}
    saved = sorted(str(path.relative_to(tmp_path / "crops")) for path in (tmp_path / "crops").rglob("*.png"))
    assert saved == ["a/1.png", "a/2.png", "b/1.png", "b/2.png"]
    assert done["empty.png"].objection is not None
    assert done["empty.png"].objection.reason is Reason.NO_FACE
    assert read_image(tmp_path / "crops" / "a" / "1.png").shape == (224, 224, 3)
    assert not np.array_equal(read_image(tmp_path / "crops/a/2.png"), read_image(tmp_path / "crops/b/1.png"))


def test_photo_of_two_people_is_refused(people: Path, portraits: Path, tmp_path: Path, detector: FaceDetector) -> None:
    one, two = (cv2.resize(read_image(portraits / f"person_{who}_2.jpg"), (400, 500)) for who in "ab")
    cv2.imwrite(str(people / "a" / "3.png"), np.hstack([one, two]))
    done = {selfie.picture.name: selfie for selfie in crop_selfies(list_people(people), tmp_path / "crops", detector)}
    assert str(done["3.png"].objection).startswith("more_than_one_face: 2 faces alike in size")
    assert not (tmp_path / "crops" / "a" / "3.png").exists()


def test_photos_of_one_name_but_two_kinds_both_save(
    people: Path, portraits: Path, tmp_path: Path, detector: FaceDetector
) -> None:
    cv2.imwrite(str(people / "a" / "1.png"), read_image(portraits / "person_a_2.jpg"))
    selfies = crop_selfies({"a": list_people(people)["a"]}, tmp_path / "crops", detector)
    assert not any(selfie.objection for selfie in selfies)
    assert len(list((tmp_path / "crops" / "a").iterdir())) == 3


def test_what_the_gate_refuses_goes_beside_with_its_reason(
    people: Path, portraits: Path, tmp_path: Path, detector: FaceDetector
) -> None:
    blurred = cv2.GaussianBlur(read_image(portraits / "person_a_2.jpg"), (0, 0), 16)
    cv2.imwrite(str(people / "a" / "3.png"), blurred)
    everybody, crops = list_people(people), tmp_path / "crops"
    done = {selfie.picture.name: selfie for selfie in crop_selfies(everybody, crops, detector)}
    assert done["3.png"].crop == crops / "a" / "set_aside" / "3.png"
    assert not (crops / "a" / "3.png").exists()
    (reason,) = json.loads((crops / "a" / "set_aside" / "reasons.json").read_text())
    assert (reason["picture"], reason["reason"]) == (str(people / "a" / "3.png"), "blurred")
    assert reason["value"] < reason["bound"]
    assert [path.name for path in list_people(crops)["a"]] == ["1.png", "2.png"]

    forced = {selfie.picture.name: selfie for selfie in crop_selfies(everybody, crops, detector, force=True)}
    assert forced["3.png"].crop == crops / "a" / "3.png"
    assert json.loads((crops / "a" / "set_aside" / "reasons.json").read_text()) == []
    assert (crops / "a" / "set_aside" / "3.png").exists()


def test_a_folder_of_photos_is_cropped_and_summed_up(people: Path, portraits: Path, tmp_path: Path) -> None:
    (people / "c").mkdir()
    cv2.imwrite(str(people / "c" / "1.png"), cv2.GaussianBlur(read_image(portraits / "person_a_2.jpg"), (0, 0), 16))
    (people / "stray.jpg").write_bytes(b"beside the folders")
    heard: list[Selfie] = []
    left_out: list[str] = []
    cropped = crop_photos(people, tmp_path / "crops", on_left_out=left_out.append, on_selfie=heard.append)
    assert heard == list(cropped.selfies)
    assert cropped.saved == 4
    assert [line.removeprefix(f"{people}: ").partition(";")[0] for line in left_out] == [
        "1 picture beside the folders of people",
        "no pictures of nobody",
    ]
    (sentence,) = cropped.describe_without_any()
    assert sentence == "c: the photo could not be used; give one clear face each, or use --force"
    forced = crop_photos(people, tmp_path / "forced", force=True)
    assert (forced.saved, forced.describe_without_any()) == (5, [])


def test_photos_without_a_usable_one_are_an_error(people: Path, tmp_path: Path) -> None:
    for path in (*people.rglob("*.jpg"), *people.rglob("*.png")):
        cv2.imwrite(str(path), np.full((200, 200, 3), 90, np.uint8))
    cropped = crop_photos(people, tmp_path / "crops")
    with pytest.raises(InputError, match=f"none of {len(cropped.selfies)} photos could be used"):
        cropped.require_any()
    assert all(sentence.endswith("one clear face each") for sentence in cropped.describe_without_any())
    assert len(cropped.describe_without_any()) == 2

"""The gate of enrolment on portraits, as they are and spoilt."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from twinface.enrolment.gate import inspect_picture, objection_of
from twinface.enrolment.objections import Reason
from twinface.errors import InputError
from twinface.faces import FaceDetector, list_pictures, read_image
from twinface.types import Image

Spoil = Callable[[Image], Image]


def tone(curve: Callable[[np.ndarray], np.ndarray]) -> Spoil:
    table = np.clip(255 * curve(np.arange(256) / 255), 0, 255).astype(np.uint8)
    return lambda image: np.asarray(cv2.LUT(image, table), np.uint8)


def turned(degrees: float) -> Spoil:
    def spoil(image: Image) -> Image:
        height, width = image.shape[:2]
        matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1)
        return np.asarray(cv2.warpAffine(image, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE), np.uint8)

    return spoil


def test_portraits_are_good(portraits: Path, detector: FaceDetector) -> None:
    for path in list_pictures(portraits):
        image = read_image(path)
        look = inspect_picture(image, detector.detect(image))
        assert look.objection is None, path.name
        assert look.crop is not None
        assert look.crop.image.shape == (224, 224, 3)


@pytest.mark.parametrize(
    ("reason", "spoil"),
    [
        (Reason.TOO_SMALL, lambda image: cv2.resize(image, None, fx=0.1, fy=0.1, interpolation=cv2.INTER_AREA)),
        (Reason.BLURRED, lambda image: cv2.GaussianBlur(image, (0, 0), 12)),
        (Reason.BLURRED, lambda image: cv2.blur(image, (60, 1))),
        (Reason.TOO_DARK, tone(lambda x: 0.12 * x)),
        (Reason.TOO_BRIGHT, tone(lambda x: 4 * x)),
        (Reason.LOW_CONTRAST, tone(lambda x: 0.5 + 0.13 * (x - 0.5))),
        (Reason.EXTREME_POSE, turned(-35)),
        (Reason.MORE_THAN_ONE_FACE, lambda image: np.hstack([image, image])),
        (Reason.NO_FACE, lambda image: image[:100, :100]),
    ],
    ids=["small", "blurred", "shaken", "dark", "bright", "flat", "tilted", "two", "none"],
)
def test_a_spoilt_portrait_is_refused_for_what_is_wrong_with_it(
    reason: Reason, spoil: Spoil, portraits: Path, detector: FaceDetector
) -> None:
    image = spoil(read_image(portraits / "person_b_2.jpg"))
    objection = inspect_picture(image, detector.detect(image)).objection
    assert objection is not None
    assert objection.reason is reason
    forced = inspect_picture(image, detector.detect(image), force=True)
    assert (forced.objection is None) == (forced.crop is not None) == (reason is not Reason.NO_FACE)


def test_the_sentence_says_what_was_measured_and_what_is_needed(portraits: Path, detector: FaceDetector) -> None:
    image = cv2.GaussianBlur(read_image(portraits / "person_b_2.jpg"), (0, 0), 12)
    objection = inspect_picture(image, detector.detect(image)).objection
    assert objection is not None
    assert objection.value is not None
    assert str(objection) == f"blurred: sharpness {objection.value:.3g}, at least 0.40 is needed"
    assert objection.bound == 0.4


def test_profiles_are_refused_and_frontal_pictures_are_not(shared_data: Path, detector: FaceDetector) -> None:
    """Of ten people of the training side; docs/decisions/enrolment-quality.md has the figures of the others."""
    people = sorted((shared_data / "people").iterdir())[:50:5]
    refused = {
        kind: [
            inspect_picture(image, detector.detect(image)).objection is not None
            for person in people
            for image in map(read_image, sorted(person.glob(f"{kind}_0[12].jpg")))
        ]
        for kind in ("frontal", "profile")
    }
    assert sum(refused["frontal"]) == 0
    assert sum(refused["profile"]) >= 18


def test_what_cannot_be_read_is_an_objection_without_the_path(tmp_path: Path) -> None:
    picture = tmp_path / "missing.jpg"
    with pytest.raises(InputError) as caught:
        read_image(picture)
    assert str(objection_of(caught.value, picture)) == "unreadable: no such file; name a picture"

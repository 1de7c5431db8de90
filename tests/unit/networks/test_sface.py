from pathlib import Path

import cv2
import numpy as np
import pytest

from twinface import assets
from twinface.faces import FaceDetector, align_face, pick_enrolment_face, read_image
from twinface.networks import Network, load_network
from twinface.networks.onnx_inputs import keep_inputs


@pytest.fixture(scope="module")
def vectors(portraits: Path, detector: FaceDetector, sface: Network) -> dict[str, np.ndarray]:
    """The portraits' vectors, of length 1, by the names of the files."""
    found = {}
    for path in portraits.glob("*.jpg"):
        image = read_image(path)
        crop = align_face(image, pick_enrolment_face(detector.detect(image), image.shape).landmarks_px, 112)
        vector = sface.embed(crop[np.newaxis])[0]
        found[path.stem] = vector / np.linalg.norm(vector)
    return found


def test_portraits_of_one_person_are_alike_and_of_two_are_not(vectors: dict[str, np.ndarray]) -> None:
    names = sorted(vectors)
    for index, a in enumerate(names):
        for b in names[index + 1 :]:
            cosine = float(vectors[a] @ vectors[b])
            same = a.rpartition("_")[0] == b.rpartition("_")[0] and a.startswith("person")
            assert cosine > 0.55 if same else cosine < 0.35, (a, b, cosine)


def test_vectors_do_not_depend_on_their_batch(sface: Network) -> None:
    crops = np.random.default_rng(0).integers(0, 256, (3, 112, 112, 3), np.uint8)
    together = sface.embed(crops)
    assert together.shape == (3, 128)
    np.testing.assert_array_equal(together, np.concatenate([sface.embed(crops[i : i + 1]) for i in range(3)]))


def test_fingerprint_is_the_same_each_time(sface: Network) -> None:
    assert load_network("sface").recipe == sface.recipe
    assert len(sface.recipe.fingerprint) == 64


def test_colour_order_matters(sface: Network) -> None:
    """Fed as BGR the network would still work, only worse: so the order is pinned by OpenCV's own way of feeding it."""
    crop = np.random.default_rng(1).integers(0, 256, (112, 112, 3), np.uint8)
    net = cv2.dnn.readNetFromONNX(np.frombuffer(keep_inputs(assets.fetch("sface").read_bytes(), {"data"}), np.uint8))
    net.setInput(cv2.dnn.blobFromImage(crop, swapRB=True))
    np.testing.assert_allclose(sface.embed(crop[np.newaxis]), net.forward(), rtol=1e-5, atol=1e-5)


def test_edited_model_keeps_all_bytes_but_the_inputs() -> None:
    model = assets.fetch("sface").read_bytes()
    edited = keep_inputs(model, {"data"})
    assert len(model) - 10_000 < len(edited) < len(model)
    assert keep_inputs(edited, {"data"}) == edited


@pytest.mark.parametrize("damaged", [b"\x3a\xff\xff\xff\xff\x0f", b"\xff" * 12, b"\x3b"])
def test_damaged_model_is_a_value_error(damaged: bytes) -> None:
    with pytest.raises(ValueError, match="not an ONNX file"):
        keep_inputs(damaged, {"data"})

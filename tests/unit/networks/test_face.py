"""The bundled network `face`, and its head."""

import cv2
import numpy as np
import pytest

from twinface import assets
from twinface.faces import FaceDetector, align_face, pick_main_face, read_image
from twinface.matching import load_head
from twinface.networks import available_networks, bundled_folder, find_recipe, load_network, name_network


@pytest.fixture(scope="module")
def crops() -> dict[str, np.ndarray]:
    """The faces of the demo's portraits by their names."""
    detector = FaceDetector()
    cut = {}
    for path in sorted(assets.fetch("portraits").glob("*.jpg")):
        image = read_image(path)
        cut[path.stem] = align_face(image, pick_main_face(detector.detect(image), image.shape).landmarks_px, 112)
    return cut


def test_face_is_bundled_with_its_terms() -> None:
    assert set(available_networks()) == {"sface", "face"}
    recipe = find_recipe("face")
    assert (recipe.name, recipe.backbone, recipe.layer) == ("face", "resnet50", "conv5_block2_out")
    assert (recipe.input_size_px, recipe.pooling, recipe.quantization) == (112, "projected", "int8")
    assert name_network(recipe.fingerprint) == "face"
    folder = bundled_folder("face")
    assert folder is not None
    assert {path.name for path in folder.iterdir()} == {"network.json", "network.tflite", "LICENSE.md", "README.md"}
    assert sum(path.stat().st_size for path in folder.iterdir()) < 25e6
    assert bundled_folder("sface") is None


def test_its_head_tells_the_people_of_the_portraits_apart(crops: dict[str, np.ndarray]) -> None:
    network = load_network("face")
    head = load_head(None, network.recipe.fingerprint)
    assert (head.spec.architecture, head.spec.network_name) == ("plda", "face")
    vectors = network.embed(np.stack(list(crops.values())))
    people = [name.rsplit("_", 1)[0] if name.startswith("person") else name for name in crops]
    for row, probe in enumerate(vectors):
        for score, person, other in zip(head.score(probe, vectors), people, range(len(people)), strict=True):
            if other != row:
                assert (score > 0.5) == (person == people[row]), (people[row], person, float(score))


def test_a_mirrored_face_stays_the_same_and_a_grey_square_is_nobody(crops: dict[str, np.ndarray]) -> None:
    network = load_network("face")
    head = load_head(None, network.recipe.fingerprint)
    face = crops["person_a_1"]
    plain, mirrored, grey = network.embed(np.stack([face, cv2.flip(face, 1), np.full_like(face, 127)]))
    assert head.score(plain, mirrored[np.newaxis])[0] > 0.9
    assert head.score(plain, grey[np.newaxis])[0] < 0.5

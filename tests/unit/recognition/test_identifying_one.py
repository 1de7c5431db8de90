"""A gallery of one person is enough to be named by, and nobody else is."""

from pathlib import Path

import numpy as np
import pytest

from twinface.faces import FaceDetector, read_image
from twinface.gallery import Gallery
from twinface.gallery.keys import KEY_VARIABLE
from twinface.networks import Network
from twinface.recognition.embedding import embed_one_face
from twinface.recognition.identification import Identifier
from twinface.settings import Settings


def test_the_one_person_is_named_and_strangers_are_not(
    portraits: Path, detector: FaceDetector, sface: Network, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY_VARIABLE, str(tmp_path / "key"))
    gallery = Gallery.open(tmp_path / "gallery", network=sface.recipe.fingerprint, create=True)
    vector = embed_one_face(read_image(portraits / "person_a_1.jpg"), detector, sface).vector
    gallery.add("ann", ("1.jpg",), vector[np.newaxis], np.ones(1, np.float32))
    identifier = Identifier(Settings(gallery=tmp_path / "gallery"))
    assert identifier.threshold.source == "one stranger in 20,000 gets a name, by 1 person enrolled"
    assert identifier.warnings == ()
    pictures = ("person_a_2.jpg", "person_b_1.jpg", "impostor_1.jpg", "impostor_2.jpg")
    named = [identifier.identify(portraits / picture).faces[0].name for picture in pictures]
    assert named == ["ann", None, None, None]

    (tmp_path / "text.jpg").write_text("no picture")
    files = (tmp_path / "text.jpg", portraits / "person_a_2.jpg")
    unreadable, readable = identifier.identify_files(files)
    assert (unreadable.path, unreadable.found) == (files[0], None)
    assert unreadable.problem
    assert str(files[0]) not in unreadable.problem
    assert readable.found is not None
    assert ([face.name for face in readable.found.faces], readable.problem) == (["ann"], "")

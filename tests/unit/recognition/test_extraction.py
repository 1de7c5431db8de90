import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from harness import until

from twinface.enrolment.selfies import crop_selfies
from twinface.errors import InputError
from twinface.faces import FaceDetector, read_image
from twinface.gallery import read_features
from twinface.networks import Network
from twinface.recognition.embedding import EmbeddedFace
from twinface.recognition.extraction import Embedder, extract_folder
from twinface.recognition.picture_folders import list_people


@pytest.fixture(autouse=True)
def own_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A signing key of the test's own."""
    monkeypatch.setenv("TWINFACE_KEY_FILE", str(tmp_path / "key"))


def test_every_usable_picture_becomes_a_vector(people: Path, tmp_path: Path, sface: Network) -> None:
    seen: list[tuple[str, str]] = []
    done = extract_folder(
        people,
        tmp_path / "features",
        "sface",
        on_picture=lambda path, error: seen.append((path.name, str(error or ""))),
    )
    assert (done.people, done.pictures, done.skipped) == (2, 4, 2)
    a, b = read_features(tmp_path / "features")
    assert (a.name, a.files, b.name, b.files) == ("a", ("1.jpg", "2.jpg"), "b", ("1.jpg", "2.jpg"))
    assert a.vectors.shape == (2, 128)
    assert a.network == sface.recipe.fingerprint
    assert (a.quality > 0.3).all()
    assert [name for name, _ in seen] == ["1.jpg", "2.jpg", "1.jpg", "2.jpg", "broken.jpg", "empty.png"]
    assert "not a picture" in dict(seen)["broken.jpg"]
    assert "no face was found" in dict(seen)["empty.png"]


def test_aligned_crops_give_the_vectors_of_their_pictures(people: Path, tmp_path: Path, detector: FaceDetector) -> None:
    for _ in crop_selfies(list_people(people), tmp_path / "crops", detector):
        pass
    extract_folder(people, tmp_path / "from-pictures", "sface")
    extract_folder(tmp_path / "crops", tmp_path / "from-crops", "sface", aligned=True)
    for one, other in zip(
        read_features(tmp_path / "from-pictures"), read_features(tmp_path / "from-crops"), strict=True
    ):
        for a, b in zip(one.vectors, other.vectors, strict=True):
            assert a @ b / np.linalg.norm(a) / np.linalg.norm(b) > 0.95


def test_picture_that_is_no_square_is_no_crop(people: Path) -> None:
    with Embedder("sface", aligned=True) as embedder:
        ((path, result),) = embedder.embed_files([people / "a" / "1.jpg"])
    assert isinstance(result, InputError)
    assert str(path) in str(result)


def test_order_and_count_do_not_depend_on_the_workers(people: Path, portraits: Path) -> None:
    paths = [people / "a" / "1.jpg", people / "b" / "empty.png", people / "b" / "1.jpg"] * 12
    with Embedder("sface") as embedder:
        results = list(embedder.embed_files(paths))
    assert [path for path, _ in results] == paths
    assert [type(result).__name__ for _, result in results] == ["EmbeddedFace", "NoFaceError", "EmbeddedFace"] * 12
    first, again = results[0][1], results[3][1]
    np.testing.assert_array_equal(first.vector, again.vector)  # type: ignore[union-attr]


@pytest.mark.parametrize("aligned", [False, True])
def test_results_do_not_depend_on_how_far_ahead_is_read(people: Path, tmp_path: Path, aligned: bool) -> None:
    square = tmp_path / "square.png"
    cv2.imwrite(str(square), read_image(people / "a" / "1.jpg")[:200, :200])
    good = square if aligned else people / "b" / "2.jpg"
    paths = [good, people / "b" / "broken.jpg", good, tmp_path / "missing.jpg", good] * 3
    outcomes = []
    for workers in (1, 3):
        with Embedder("sface", aligned=aligned, workers=workers) as embedder:
            results = list(embedder.embed_files(paths))
        assert [path for path, _ in results] == paths
        outcomes.append([one.vector.tobytes() if isinstance(one, EmbeddedFace) else str(one) for _, one in results])
    assert outcomes[0] == outcomes[1]
    assert len({outcome for outcome in outcomes[0] if isinstance(outcome, bytes)}) == 1
    errors = [outcome for outcome in outcomes[0] if isinstance(outcome, str)]
    assert len(errors) == 6
    assert "broken.jpg: not a picture" in errors[0]
    assert "missing.jpg: no such file" in errors[1]


def test_no_more_is_read_ahead_than_memory_is_meant_for(people: Path) -> None:
    workers, begun, done, most_ahead, most_readers = 2, 0, 0, 0, 0

    def begin() -> Iterator[Path]:
        nonlocal begun
        for _ in range(30):
            begun += 1
            yield people / "b" / "empty.png"

    with Embedder("sface", workers=workers) as embedder:
        for _ in embedder.embed_files(begin()):
            most_ahead = max(most_ahead, begun - done)
            most_readers = max(most_readers, sum("embedder" in thread.name for thread in threading.enumerate()))
            done += 1
    assert done == 30
    assert workers < most_ahead <= 4 * workers + 1
    assert most_readers <= 2 * workers


def test_ctrl_c_ends_it_clean(people: Path, tmp_path: Path) -> None:
    for number in range(150):
        shutil.copytree(people / "a", tmp_path / "many" / f"person_{number:03d}")
    features, twinface = tmp_path / "features", Path(sys.executable).parent / "twinface"
    process = subprocess.Popen(
        [twinface, "extract", "--faces", tmp_path / "many", "--features", features, "--network", "sface"],
        stderr=subprocess.PIPE,
        text=True,
    )
    until(lambda: list(features.glob("*.pkl")), 120.0, "the first features")
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=120.0)
    assert (process.returncode, errors) == (130, "")
    assert {path.suffix for path in features.iterdir()} == {".pkl"}
    assert 1 <= len(read_features(features)) < 150


def test_folder_in_which_nothing_can_be_used_is_an_error(people: Path, tmp_path: Path) -> None:
    for path in people.rglob("*.jpg"):
        path.unlink()
    with pytest.raises(InputError, match="the picture could not be used"):
        extract_folder(people, tmp_path / "features", "sface")
    assert not (tmp_path / "features").exists()


def test_pictures_without_a_person_are_said(portraits: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="these pictures into one folder for each person"):
        list_people(portraits)
    with pytest.raises(InputError, match="no such folder"):
        list_people(tmp_path / "nowhere")

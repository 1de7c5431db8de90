"""The commands from photo to name, on real faces, as somebody types them."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from twinface.faces import read_image
from twinface.gallery import Gallery, read_features
from twinface.matching.head_folder import write_built_in_head
from twinface.matching.head_spec import DecisionCalibration
from twinface.networks import Network

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(autouse=True)
def own_box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key and a configuration of the test's own."""
    monkeypatch.setenv("TWINFACE_KEY_FILE", str(tmp_path / "key"))
    config = tmp_path / "pipeline.toml"
    config.write_text(f'network = "sface"\ngallery = "{tmp_path}/gallery"\n')
    monkeypatch.setenv("TWINFACE_CONFIG", str(config))


@pytest.fixture
def photos(tmp_path: Path, portraits: Path) -> Path:
    """A folder a person: macron and ardern with a portrait each, and a wall among macron's."""
    for name, file in (("macron", "person_a_1.jpg"), ("ardern", "person_b_1.jpg")):
        (tmp_path / "photos" / name).mkdir(parents=True)
        shutil.copy(portraits / file, tmp_path / "photos" / name)
    cv2.imwrite(str(tmp_path / "photos" / "macron" / "wall.png"), np.full((300, 300, 3), 90, np.uint8))
    return tmp_path / "photos"


@pytest.fixture
def gallery(photos: Path, tmp_path: Path, twinface: Run, sface: Network) -> Path:
    """The gallery of both."""
    assert twinface("extract", "--faces", photos, "--features", tmp_path / "features")[0] == 0
    gallery = Gallery.open(tmp_path / "gallery", network=sface.recipe.fingerprint, network_name="sface", create=True)
    for person in read_features(tmp_path / "features"):
        gallery.add(person.name, files=person.files, vectors=person.vectors, quality=person.quality)
    return tmp_path / "gallery"


def one_line(text: str) -> bool:
    """Whether an error message is what it should be."""
    return text.startswith("twinface: ") and text.count("\n") == 1


def test_assets_says_where_each_lies(twinface: Run) -> None:
    code, out, _ = twinface("assets", "--json")
    assert code == 0
    assert all(Path(path).exists() for path in json.loads(out)["assets"].values())
    assert json.loads(out)["assets"].keys() == {"sface", "portraits"}
    assert twinface("assets")[1].count("\n") == 2


def test_assets_fetches_only_what_is_named(twinface: Run) -> None:
    code, out, _ = twinface("assets", "sface", "--json")
    assert code == 0
    assert json.loads(out)["assets"].keys() == {"sface"}
    code, _, err = twinface("assets", "arcface")
    assert code == 2
    assert one_line(err)
    assert "sface" in err


def test_selfies_then_extract_of_the_crops(photos: Path, tmp_path: Path, twinface: Run) -> None:
    code, out, err = twinface("selfies", "--selfies", photos, "--faces", tmp_path / "faces")
    assert code == 0
    assert "2 faces saved, 1 photo set aside" in out
    assert "wall.png: no_face: no face was found" in err
    code, out, err = twinface(
        "extract", "--faces", tmp_path / "faces", "--features", tmp_path / "features", "--aligned"
    )
    assert code == 0
    assert "2 people, 2 vectors, 0 pictures skipped" in out
    assert [person.name for person in read_features(tmp_path / "features")] == ["ardern", "macron"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("selfies", "--selfies", "missing", "--faces", "faces"),
        ("extract", "--faces", "missing", "--features", "features"),
        ("extract", "--faces", "empty", "--features", "features"),
        ("extract", "--faces", "walls", "--features", "features"),
        ("selfies", "--selfies", "walls", "--faces", "faces"),
        ("extract", "--faces", "walls", "--features", "features", "--network", "no-such-network"),
        ("capture", "--output", "who", "--video", "missing.mp4", "--auto", "3"),
        ("identify", "picture.jpg", "--gallery", "missing"),
        ("identify", "picture.jpg", "--network", "missing"),
    ],
)
def test_mistakes_are_one_line_and_exit_code_2(
    arguments: tuple[str, ...], tmp_path: Path, twinface: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("empty").mkdir()
    Path("walls/somebody").mkdir(parents=True)
    cv2.imwrite("walls/somebody/wall.png", np.full((300, 300, 3), 90, np.uint8))
    before = sorted(Path.cwd().rglob("*"))
    code, out, err = twinface(*arguments)
    assert (code, out) == (2, "")
    assert one_line("".join(line for line in err.splitlines(keepends=True) if not line.startswith("warning: ")))
    assert [path for path in sorted(Path.cwd().rglob("*")) if path.name != "key"] == before


def test_capture_saves_what_differs(tmp_path: Path, portraits: Path, twinface: Run) -> None:
    film = str(tmp_path / "film.avi")
    writer = cv2.VideoWriter(film, cv2.VideoWriter.fourcc(*"MJPG"), 10, (400, 500))
    for name in ("person_b_1.jpg", "person_b_2.jpg"):
        for _ in range(3):
            writer.write(cv2.resize(read_image(portraits / name), (400, 500)))
    writer.release()
    code, out, err = twinface("capture", "--output", tmp_path / "ardern", "--video", film, "--auto", 3)
    assert code == 0
    assert len(out.splitlines()) == 2
    assert "only 2 of 3" in err
    assert json.loads(twinface("capture", "--output", tmp_path / "x", "--video", film, "--auto", 1, "--json")[1]) == {
        "schema": 1,
        "saved": [str(tmp_path / "x" / "001.png")],
        "frames": 1,
        "not_taken": {},
    }
    code, _, err = twinface("capture", "--output", tmp_path / "ardern", "--video", film)
    assert code == 2
    assert one_line(err)


def test_capture_says_why_nothing_was_saved(tmp_path: Path, twinface: Run) -> None:
    film = str(tmp_path / "film.avi")
    writer = cv2.VideoWriter(film, cv2.VideoWriter.fourcc(*"MJPG"), 10, (400, 500))
    for _ in range(3):
        writer.write(np.full((500, 400, 3), 90, np.uint8))
    writer.release()
    code, out, err = twinface("capture", "--output", tmp_path / "who", "--video", film, "--auto", 1, "--json")
    assert code == 2
    assert json.loads(out) == {"schema": 1, "saved": [], "frames": 3, "not_taken": {"no_face": 3}}
    assert "no face saved (3 frames, not taken: 3 no_face)" in err


def test_selfies_as_json_and_a_person_without_a_usable_photo(photos: Path, tmp_path: Path, twinface: Run) -> None:
    (photos / "macron" / "person_a_1.jpg").unlink()
    code, out, err = twinface("selfies", "--selfies", photos, "--faces", tmp_path / "faces", "--json")
    assert code == 0
    report = json.loads(out)
    assert report["saved"] == 1
    assert [(entry["person"], entry["reason"]) for entry in report["set_aside"]] == [("macron", "no_face")]
    assert "macron: the photo could not be used" in err


def test_identify_names_who_is_known_and_nobody_else(portraits: Path, gallery: Path, twinface: Run) -> None:
    expected = {
        "person_a_2.jpg": "macron",
        "person_b_2.jpg": "ardern",
        "impostor_1.jpg": None,
        "impostor_2.jpg": None,
    }
    code, out, _ = twinface("identify", *(portraits / name for name in expected), portraits / "missing.jpg", "--json")
    assert code == 2, "one of them is not there"
    *entries, missing = json.loads(out)["pictures"]
    assert {Path(entry["image"]).name: entry["faces"][0]["name"] for entry in entries} == expected
    assert missing == {"image": str(portraits / "missing.jpg"), "error": "no such file; name a picture"}
    for entry, state in zip(entries, ("known", "known", "unknown", "unknown"), strict=True):
        assert (entry["height"], entry["width"]) == read_image(Path(entry["image"])).shape[:2]
        (face,) = entry["faces"]
        left, top, right, bottom = face["box_xyxy"]
        assert 0 <= left < right <= entry["width"]
        assert 0 <= top < bottom <= entry["height"]
        assert face["state"] == state
        assert 0 <= face["score"] <= 1
        assert {one["name"] for one in face["candidates"]} == {"ardern", "macron"}


def test_identify_prints_a_table(portraits: Path, gallery: Path, twinface: Run) -> None:
    code, out, _ = twinface("identify", portraits / "person_a_2.jpg", portraits / "impostor_1.jpg")
    assert code == 0
    lines = out.splitlines()
    assert any("person_a_2.jpg" in line and "macron" in line for line in lines)
    assert any("impostor_1.jpg" in line and "unknown" in line for line in lines)


def test_identify_of_nothing_but_unreadable_pictures_fails(tmp_path: Path, gallery: Path, twinface: Run) -> None:
    (tmp_path / "text.jpg").write_text("no picture")
    code, out, _ = twinface("identify", tmp_path / "text.jpg", "--json")
    assert code == 2
    assert "not a picture" in json.loads(out)["pictures"][0]["error"]


def test_identify_with_an_empty_gallery_says_how_to_fill_it(
    tmp_path: Path, portraits: Path, twinface: Run, sface: Network
) -> None:
    Gallery.open(tmp_path / "gallery", network=sface.recipe.fingerprint, create=True)
    code, _, err = twinface("identify", portraits / "person_a_2.jpg")
    assert code == 2
    assert one_line(err)
    assert "twinface gallery add" in err


def test_identify_with_a_gallery_of_another_network_is_refused(tmp_path: Path, portraits: Path, twinface: Run) -> None:
    gallery = Gallery.open(tmp_path / "gallery", network="f" * 64, create=True)
    vectors = np.ones((1, 128), np.float32)
    gallery.add("macron", files=("1.jpg",), vectors=vectors, quality=np.ones(1, np.float32))
    code, _, err = twinface("identify", portraits / "person_a_2.jpg")
    assert code == 2
    assert one_line(err)


def test_identify_says_which_threshold_decides_and_where_it_comes_from(
    tmp_path: Path, portraits: Path, gallery: Path, twinface: Run, sface: Network
) -> None:
    content = {"rule": "template", "best_k": 3, "comparisons": 9900, "people": 100, "thresholds": {"0.001": 1.0}}
    calibration = DecisionCalibration.model_validate(content)
    write_built_in_head(tmp_path / "head", sface.recipe.fingerprint, "sface", calibration)
    arguments = ("identify", portraits / "person_a_2.jpg", "--head", tmp_path / "head")
    (entry,) = json.loads(twinface(*arguments, "--json")[1])["pictures"]
    assert (entry["threshold"], entry["threshold_from"]) == (1.0, "false-accept rate 0.001, from 100 people")
    assert (entry["faces"][0]["name"], entry["faces"][0]["candidates"][0]["name"]) == (None, "macron")
    code, out, err = twinface(*arguments, "--threshold", "0.4")
    assert code == 0
    assert "macron" in out
    assert err == "threshold 0.4 (set, not calibrated)\n"
    calibration = calibration.model_copy(update={"rule": "mean"})
    write_built_in_head(tmp_path / "head", sface.recipe.fingerprint, "sface", calibration)
    assert (
        "warning: the head is calibrated for the rule 'mean', not 'template'; run `twinface" in twinface(*arguments)[2]
    )


def test_identify_goes_on_beside_a_damaged_person(portraits: Path, gallery: Path, twinface: Run) -> None:
    (macron,) = (gallery / "people").glob("macron*.pkl")
    macron.write_bytes(macron.read_bytes()[:-20])
    code, out, err = twinface("identify", portraits / "person_b_2.jpg", "--json")
    assert code == 0
    assert json.loads(out)["pictures"][0]["faces"][0]["name"] == "ardern"
    assert err.startswith("warning: ")
    assert macron.name in err


def test_probes_of_real_people_get_their_names(
    shared_data: Path, tmp_path: Path, twinface: Run, sface: Network
) -> None:
    people, probes = shared_data / "portraits" / "people", shared_data / "portraits" / "probes"
    assert twinface("extract", "--faces", people, "--features", tmp_path / "features")[0] == 0
    gallery = Gallery.open(tmp_path / "gallery", network=sface.recipe.fingerprint, create=True)
    for person in read_features(tmp_path / "features"):
        gallery.add(person.name, files=person.files, vectors=person.vectors, quality=person.quality)
    _, out, _ = twinface("identify", *sorted(probes.glob("*.jpg")), "--json")
    named = {
        Path(entry["image"]).stem: sorted(face["name"] for face in entry["faces"] if face["name"])
        for entry in json.loads(out)["pictures"]
    }
    assert named == {
        "alex_lacamoire1": ["alex_lacamoire"],
        "johnsnow_test1": [],
        "kit_with_rose": ["rose_leslie"],
        "obama1": ["obama"],
        "obama3": ["obama"],
        "obama_and_biden": ["biden", "obama"],
        "obama_and_biden2": ["biden", "obama"],
        "obama_partial_face": ["obama"],
        "obama_partial_face2": ["obama"],
    }

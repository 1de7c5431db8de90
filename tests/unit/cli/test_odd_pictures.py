"""Pictures that people have: of other kinds, on their side, damaged; each is said once, with the file and the mend."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from twinface.faces import formats, read_image

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(autouse=True)
def own_box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key, a configuration and a current folder of the test's own; no reader of HEIC."""
    monkeypatch.setenv("TWINFACE_KEY_FILE", str(tmp_path / "key"))
    monkeypatch.setenv("TWINFACE_CONFIG", str(tmp_path / "pipeline.toml"))
    (tmp_path / "pipeline.toml").write_text(f'network = "sface"\ngallery = "{tmp_path}/gallery"\nstore_crops = true\n')
    (tmp_path / "photos" / "ada").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(formats, "find_spec", lambda _name: None)


@pytest.fixture
def ada(tmp_path: Path) -> Path:
    return Path("photos/ada")


def warnings(err: str) -> list[str]:
    return [line for line in err.splitlines() if line.startswith("warning: ")]


def lying(portraits: Path, name: str, quarter_turns: int) -> np.ndarray:
    """A portrait turned counterclockwise, and nothing in the file says so."""
    return np.ascontiguousarray(np.rot90(read_image(portraits / name), quarter_turns))


def test_what_is_left_out_is_said_and_what_is_there_is_taken(ada: Path, twinface: Run, portraits: Path) -> None:
    for name in ("1.heic", "2.heic", "3.cr2"):
        (ada / name).write_bytes(b"x")
    shutil.copy(portraits / "person_b_1.jpg", ada / "good.jfif")
    Path("photos/loose.png").write_bytes(b"x")
    left_out = "3 files left out: 2 .heic (pip install 'twinface[heic]'), 1 .cr2 (save as JPEG)"
    code, out, err = twinface("gallery", "add", "Ada", ada)
    assert (code, warnings(err)) == (0, [f"warning: photos/ada: {left_out}"])
    assert "1 picture added" in out
    nobodys = "warning: photos: 1 picture beside the folders of people; put each into the folder of whom it shows"
    for words in (
        ("selfies", "--selfies", "photos", "--faces", "c"),
        ("extract", "--faces", "photos", "--features", "f"),
    ):
        code, _, err = twinface(*words)
        assert (code, warnings(err)) == (0, [f"warning: photos: {left_out}", nobodys])


def test_pictures_in_sub_folders_are_counted_and_said(ada: Path, twinface: Run, portraits: Path) -> None:
    for place in ("2019", "2019/beach", "2020", "2021", "set_aside", ".trash", "@eaDir", "refused"):
        (ada / place).mkdir()
        shutil.copy(portraits / "person_b_1.jpg", ada / place)
    shutil.copy(portraits / "person_b_2.jpg", ada / "2020")
    (ada / "refused" / "reasons.json").write_text("[]")
    nested = "5 pictures in sub-folders (ada/2019, ada/2020, ada/2021, 1 more)"
    into = "put these pictures into one folder for each person"
    for words in (
        ("selfies", "--selfies", "photos", "--faces", "c"),
        ("extract", "--faces", "photos", "--features", "f"),
    ):
        code, _, err = twinface(*words)
        assert (code, warnings(err)) == (2, [])
        assert f"photos: nobody in it, {nested}; {into}" in err
    shutil.copy(portraits / "person_b_1.jpg", ada)
    warning = f"warning: photos: {nested} left out; put each directly into the folder of whom it shows"
    for words in (
        ("selfies", "--selfies", "photos", "--faces", "c"),
        ("extract", "--faces", "photos", "--features", "f"),
        ("gallery", "add", "--people", "photos"),
    ):
        code, _, err = twinface(*words)
        assert (code, warnings(err)) == (0, [warning])
    code, _, err = twinface("gallery", "add", "ada", ada, ada / "2020")
    nested = "3 pictures in sub-folders (2019, 2021, 2019/beach) left out; name these folders too"
    assert (code, warnings(err)) == (0, [f"warning: photos/ada: {nested}"])


def test_a_folder_without_a_picture_says_so_and_not_to_use_force(ada: Path, twinface: Run) -> None:
    (ada / "1.heic").write_bytes(b"x")
    code, _, err = twinface("gallery", "add", "Ada", ada)
    assert code == 2
    assert err.splitlines() == [
        "warning: photos/ada: 1 file left out: 1 .heic (pip install 'twinface[heic]')",
        "twinface: photos/ada: no pictures there; name pictures, or folders of them",
    ]
    assert not Path("gallery").exists()
    for words in (
        ("selfies", "--selfies", "photos", "--faces", "c"),
        ("extract", "--faces", "photos", "--features", "f"),
    ):
        code, _, err = twinface(*words)
        assert (code, warnings(err)) == (2, [])
        assert "nobody in it, 1 file left out: 1 .heic (pip install 'twinface[heic]'); put pictures into" in err


@pytest.mark.parametrize("content", [b"no picture", b""])
def test_force_is_named_only_where_it_helps(ada: Path, twinface: Run, portraits: Path, content: bytes) -> None:
    (ada / "1.jpg").write_bytes(content)
    cv2.imwrite(str(ada / "wall.png"), np.full((300, 300, 3), 90, np.uint8))
    (ada.parent / "bob").mkdir()
    shutil.copy(portraits / "person_b_1.jpg", ada.parent / "bob")
    for words in (("gallery", "add", "Ada", ada), ("selfies", "--selfies", "photos", "--faces", "faces")):
        assert "--force" not in twinface(*words)[2]
    cv2.imwrite(str(ada / "dark.png"), read_image(portraits / "person_b_1.jpg") // 8)
    for words in (("gallery", "add", "Ada", ada), ("selfies", "--selfies", "photos", "--faces", "faces")):
        assert "--force" in twinface(*words)[2]


@pytest.mark.parametrize(
    ("turns", "way"), [(1, "90 degrees clockwise"), (2, "180 degrees"), (3, "90 degrees counterclockwise")]
)
def test_a_picture_on_its_side_gets_a_hint(ada: Path, twinface: Run, portraits: Path, turns: int, way: str) -> None:
    shutil.copy(portraits / "person_b_2.jpg", ada / "good.jpg")
    cv2.imwrite(str(ada / "side.png"), lying(portraits, "person_b_1.jpg", turns))
    hint = f"photos/ada/side.png: turned: a face stands upright when the picture is turned by {way}; turn it"
    code, _, err = twinface("gallery", "add", "Ada", ada)
    assert (code, warnings(err)) == (0, [f"warning: {hint}"])
    code, out, err = twinface("selfies", "--selfies", "photos", "--faces", "faces", "--json")
    assert (code, warnings(err)) == (0, [f"warning: {hint}"])
    assert [entry["reason"] for entry in json.loads(out)["set_aside"]] == ["turned"]
    assert not list(Path("faces").rglob("side.png"))
    code, _, err = twinface("extract", "--faces", "photos", "--features", "features")
    assert (code, warnings(err)) == (0, [f"warning: {hint.replace('turned: ', '', 1)}"])
    code, out, err = twinface("identify", ada / "side.png", ada / "good.jpg", "--json")
    assert (code, warnings(err)) == (0, [f"warning: {hint.replace('turned: ', '', 1)}"])
    assert [entry["turn_deg"] for entry in json.loads(out)["pictures"]] == [turns * 90, 0]


def test_what_the_decoder_complains_of_is_said_once_with_the_file(ada: Path, twinface: Run, portraits: Path) -> None:
    jpeg = cv2.imencode(".jpg", read_image(portraits / "person_b_1.jpg"))[1].tobytes()
    place = len(jpeg) - 2000
    (ada / "damaged.jpg").write_bytes(jpeg[:place] + b"\xff\x00" * 20 + jpeg[place + 40 :])
    code, out, err = twinface("gallery", "add", "Ada", ada)
    assert code == 0
    (line,) = warnings(err)
    assert line.startswith("warning: photos/ada/damaged.jpg: Corrupt JPEG data: ")
    assert "1 picture added" in out, "and it is read twice where crops are kept"


def test_a_name_that_is_markup_is_a_name(ada: Path, twinface: Run) -> None:
    (ada / "[bold]:smile:[").mkdir()
    code, _, err = twinface("gallery", "add", "[/] :smile: [red", ada / "[bold]:smile:[")
    assert (code, err) == (
        2,
        "twinface: photos/ada/[bold]:smile:[: no pictures there; name pictures, or folders of them\n",
    )


def test_people_of_whom_there_is_nothing_are_named(ada: Path, twinface: Run, portraits: Path) -> None:
    shutil.copy(portraits / "person_b_1.jpg", ada)
    for name in ("bob", "eve", "heic", "deep/below"):
        Path("photos", name).mkdir(parents=True)
    Path("photos/heic/1.heic").write_bytes(b"x")
    shutil.copy(portraits / "person_b_1.jpg", "photos/deep/below")
    nothing = "warning: photos: no pictures of bob, eve; put some into the folder, or remove it"
    for words in (
        ("selfies", "--selfies", "photos", "--faces", "c"),
        ("extract", "--faces", "photos", "--features", "f"),
    ):
        code, _, err = twinface(*words)
        assert (code, warnings(err)[-1]) == (0, nothing)

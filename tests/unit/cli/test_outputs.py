"""No command writes over what it reads, or over what it did not make: each command with an output, on real files."""

import hashlib
import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import typer
from made_features import make_features

from twinface.cli.main import app
from twinface.faces import read_image
from twinface.gallery import Gallery, person_path
from twinface.networks import Network, bundled_folder

Run = Callable[..., tuple[int, str, str]]

OUTPUTS = {
    ("calibrate", "output"),
    ("record", "file"),
    ("capture", "output"),
    ("distill", "output"),
    ("evaluate", "json_file"),
    ("evaluate", "plots"),
    ("extract", "features"),
    ("finetune", "output"),
    ("gallery add", "aside"),
    ("gallery add", "gallery"),
    ("gallery backup", "file"),
    ("gallery import-pickles", "gallery"),
    ("gallery restore", "gallery"),
    ("network", "output"),
    ("selfies", "faces"),
    ("stats", "features"),
    ("train", "output"),
}
"""Where commands write files for people; CASES have each of them."""

OTHERS = {
    "picture",
    "config",
    "head",
    "impostors",
    "strangers",
    "other",
    "crops",
    "people",
    "begin_with",
    "start",
    "pairs",
    "images",
    "sources",
    "photos",
}
OTHERS |= {
    "groups",
    "pickles",
    "representative",
    "hard_negatives",
    "corrections",
    "gallery",
    "features",
    "faces",
    "file",
    "recording",
}
"""Options that name what is read, or the box's own gallery and configuration."""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, portraits: Path, sface: Network) -> Path:
    """A folder of everything that commands read, in which they are called.

    photos/ada has a PNG and a JPEG, mine/ a photo and a text; features/ of 40 people, gallery/ with one of them.
    """
    home = tmp_path / "home"
    (home / "photos" / "ada").mkdir(parents=True)
    (home / "mine").mkdir()
    monkeypatch.chdir(home)
    monkeypatch.setenv("TWINFACE_KEY_FILE", str(tmp_path / "key"))
    monkeypatch.setenv("TWINFACE_CONFIG", str(tmp_path / "pipeline.toml"))
    (tmp_path / "pipeline.toml").write_text(f'network = "sface"\ngallery = "{home}/gallery"\n')
    cv2.imwrite("photos/ada/holiday.png", read_image(portraits / "person_b_1.jpg"))
    shutil.copy(portraits / "person_b_2.jpg", "photos/ada/party.jpg")
    cv2.imwrite("photos/ada/wall.png", np.full((300, 300, 3), 90, np.uint8))
    for target in ("mine/holiday.png", "mine/report.html", "mine/notes.txt", "pairs.txt", "mine.json"):
        Path(target).write_bytes(b"mine")
    Path("pairs.txt").write_text("ada/holiday.png\tada/party.jpg\t1\n")
    make_features(Path("features"), 40, ("1.jpg", "2.jpg", "3.jpg", "4.jpg"))
    gallery = Gallery.open(Path("gallery"), network=sface.recipe.fingerprint, network_name="sface", create=True)
    gallery.add("ada", ("1.jpg",), np.eye(1, 128, dtype=np.float32), np.ones(1, np.float32))
    Path("link").symlink_to("photos")
    return home


def file_at(path: str, content: bytes = b"mine") -> Callable[[], None]:
    """Puts a file there that is somebody's own."""

    def make() -> None:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_bytes(content)

    return make


def link_at(path: str, target: str) -> Callable[[], None]:
    def make() -> None:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).symlink_to(Path(target).absolute())

    return make


def foreign_head() -> None:
    """A head among somebody's own files."""
    shutil.copytree(bundled_folder("face").parent / "sface-head", "head")  # type: ignore[union-attr]
    Path("head/notes.txt").write_bytes(b"mine")


def backed_up() -> None:
    """A backup that lies among the people of the gallery."""
    from twinface.gallery.backup import write_backup

    write_backup(Gallery.open(Path("gallery")), Path("b.twinface"))
    Path("b.twinface").rename("gallery/people/b.twinface")


def nothing() -> None:
    pass


SELFIES = ("selfies", "--selfies", "photos", "--faces")
EXTRACT = ("extract", "--faces", "photos", "--features")
ADD = ("gallery", "add", "Ada", "photos/ada")
TRAIN = ("train", "--features", "features", "--output")
NETWORK = ("network", "--output", ".", "--name")
DISTILL = ("distill", "--crops", "photos", "--steps", "1", "--output")
EVALUATE = ("evaluate", "--pairs", "pairs.txt", "--images", "photos", "--force")
ADA_PKL = person_path(Path(), "ada").name
CASES: list[tuple[tuple[str, ...], str, Callable[[], None]]] = [
    ((*SELFIES, "photos"), "faces", nothing),
    ((*SELFIES, "link"), "faces", nothing),
    ((*SELFIES, "./photos/../link/ada"), "faces", nothing),
    ((*SELFIES, "photos/crops"), "faces", nothing),
    ((*SELFIES, "crops"), "faces", link_at("crops/ada", "photos/ada")),
    ((*SELFIES, "crops"), "faces", link_at("crops/ada/set_aside", "photos/ada")),
    ((*SELFIES, "crops"), "faces", file_at("crops/ada/holiday.png")),
    ((*SELFIES, "crops"), "faces", file_at("crops/ada/set_aside/party.png")),
    ((*SELFIES, "crops"), "faces", file_at("crops/ada/set_aside/reasons.json")),
    ((*SELFIES, "crops"), "faces", link_at("crops/ada/holiday.png", "mine/holiday.png")),
    ((*EXTRACT, "photos"), "features", nothing),
    ((*EXTRACT, "link/ada"), "features", nothing),
    ((*EXTRACT, "mine.json"), "features", nothing),
    ((*EXTRACT, "gallery"), "features", nothing),
    ((*EXTRACT, "gallery/people"), "features", nothing),
    ((*EXTRACT, "vectors"), "features", file_at(f"vectors/{ADA_PKL}")),
    (("capture", "--video", "photos/ada", "--auto", "1", "--output", "link/ada"), "output", nothing),
    ((*ADD, "--set-aside", "link/ada"), "aside", nothing),
    (("gallery", "add", "Ada", "photos/ada/wall.png", "--set-aside", "link/ada"), "aside", nothing),
    ((*ADD, "--set-aside", "gallery/people"), "aside", nothing),
    ((*ADD, "--set-aside", "aside"), "aside", file_at("aside/reasons.json")),
    ((*ADD, "--gallery", "photos/ada"), "gallery", nothing),
    (("gallery", "import-pickles", "features", "--gallery", "features"), "gallery", nothing),
    (("gallery", "backup", "gallery/people/b", "--force"), "file", nothing),
    (("gallery", "backup", "photos/ada/party.jpg", "--force"), "file", nothing),
    (("gallery", "restore", "gallery/people/b.twinface", "--replace", "--yes"), "gallery", backed_up),
    ((*TRAIN, "features"), "output", nothing),
    ((*TRAIN, "features/head"), "output", nothing),
    ((*TRAIN, "."), "output", nothing),
    ((*TRAIN, "photos"), "output", nothing),
    ((*TRAIN, "mine.json"), "output", nothing),
    ((*TRAIN, "head"), "output", foreign_head),
    (("stats", "--features", "features"), "features", file_at("features/stats.json", b'{"mine": 1}')),
    ((*NETWORK, "mine"), "output", nothing),
    ((*NETWORK, "head", "--weights", "head"), "output", foreign_head),
    ((*DISTILL, "photos"), "output", nothing),
    ((*DISTILL, "link/run"), "output", nothing),
    ((*DISTILL, "mine"), "output", nothing),
    (("finetune", "--start", "face", "--crops", "photos", "--steps", "1", "--output", "link"), "output", nothing),
    ((*EVALUATE, "--json", "pairs.txt"), "json_file", nothing),
    ((*EVALUATE, "--json", "photos/ada/out.json"), "json_file", nothing),
    ((*EVALUATE[:-1], "--json", "mine.json"), "json_file", nothing),
    ((*EVALUATE, "--plots", "link"), "plots", nothing),
    ((*EVALUATE[:-1], "--plots", "mine"), "plots", nothing),
    (("calibrate", "--output", "photos"), "output", nothing),
    (("record", "mine/notes.txt"), "file", nothing),
]


def contents(folder: Path) -> dict[str, str]:
    """Every file and link below a folder, and what is in it."""
    return {
        str(path): str(path.readlink()) if path.is_symlink() else hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_symlink() or path.is_file()
    }


@pytest.mark.parametrize(("words", "option", "prepare"), CASES, ids=[" ".join(words) for words, _, _ in CASES])
def test_what_is_somebodys_own_is_refused_in_one_line_and_left_alone(
    home: Path, twinface: Run, words: tuple[str, ...], option: str, prepare: Callable[[], None]
) -> None:
    if words[0] in {"distill", "finetune"} or "--plots" in words:
        pytest.importorskip("tensorflow")
    prepare()
    before, folders = contents(home), sorted(path for path in home.rglob("*") if path.is_dir())
    code, out, err = twinface(*words)
    lines = [line for line in err.splitlines() if not line.startswith("warning: ")]
    assert (code, out, len(lines)) == (2, "", 1), err
    assert re.search("nothing is written to|there already|replace|are there|is a gallery|else is there", lines[0]), (
        lines
    )
    assert "; " in lines[0], "it names the mend"
    assert contents(home) == before
    assert sorted(path for path in home.rglob("*") if path.is_dir()) == folders


def paths_of(command: Any, name: tuple[str, ...] = ()) -> Iterator[tuple[str, str]]:
    """Every option and argument that is a path, with its command."""
    for word, below in getattr(command, "commands", {}).items():
        yield from paths_of(below, (*name, word))
    for option in () if hasattr(command, "commands") else command.params:
        if "Path" in repr(option.type_descriptor.annotation):
            yield " ".join(name), option.name


def test_every_output_of_every_command_has_a_case() -> None:
    """An option that is new belongs to the outputs, which need a case, or to what is only read."""
    options = set(paths_of(typer.main.get_command(app)))
    assert options >= OUTPUTS
    assert [option for option in options - OUTPUTS if option[1] not in OTHERS] == []
    covered = {(" ".join(words[:2]) if words[0] == "gallery" else words[0], option) for words, option, _ in CASES}
    assert covered == OUTPUTS


def test_what_twinface_made_is_made_again(home: Path, twinface: Run) -> None:
    again = (
        ((*SELFIES, "crops"), "crops"),
        (("extract", "--faces", "crops", "--aligned", "--features", "vectors"), "vectors"),
        (("stats", "--features", "features"), "features"),
        ((*TRAIN, "head", "--start", "none"), "head"),
        ((*NETWORK, "small"), "small"),
    )
    for words, folder in again:
        assert twinface(*words)[0] == 0, words
        first = contents(Path(folder))
        for path in Path(folder).rglob("wall.png"):
            pytest.fail(f"{path}: a crop without a face")
        assert twinface(*words)[0] == 0, words
        assert contents(Path(folder)).keys() == first.keys()
    Path("head/.DS_Store").touch()
    assert twinface(*TRAIN, "head", "--start", "none")[0] == 0


def test_crops_of_names_that_some_disks_take_for_one_do_not_meet(home: Path, twinface: Run, portraits: Path) -> None:
    for name in ("one.jpg", "ONE.png", "One.jpg.png"):
        cv2.imwrite(f"photos/ada/{name}", read_image(portraits / "person_b_1.jpg"))
    assert twinface(*SELFIES, "crops")[0] == 0
    crops = [path.name for path in Path("crops/ada").glob("*.png")]
    assert len({name.casefold() for name in crops}) == len(crops) == 5


def test_forgetting_erases_no_picture_that_was_there_before(home: Path, twinface: Run) -> None:
    """A copy that somebody has made of the very same picture is theirs."""
    Path("aside").mkdir()
    shutil.copy("photos/ada/wall.png", "aside/wall.png")
    assert twinface(*ADD, "--force", "--set-aside", "aside", "--gallery", "new")[0] == 0
    assert twinface("forget", "Ada", "--gallery", "new", "--yes")[0] == 0
    assert Path("aside/wall.png").exists()
    assert json.loads(Path("aside/reasons.json").read_text()) != []


def test_a_capture_goes_on_after_what_is_there(home: Path, twinface: Run) -> None:
    for number in range(2):
        words = ("capture", "--output", "who", "--video", "photos/ada", "--auto", "1")
        assert twinface(*words)[0] == 0
        if number == 0:
            Path("who/002.png").mkdir()
    assert sorted(path.name for path in Path("who").iterdir()) == ["001.png", "002.png", "003.png"]

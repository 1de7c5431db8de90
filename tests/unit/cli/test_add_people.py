"""`twinface gallery add --people`: everybody of a folder, one bad person at their own cost only."""

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from harness import TWINFACE, until

from twinface.config_file import CONFIG_VARIABLE
from twinface.gallery import Gallery, PersonVectors, person_path, write_features
from twinface.gallery.keys import KEY_VARIABLE
from twinface.networks import find_recipe

Run = Callable[..., tuple[int, str, str]]
NETWORK = find_recipe("sface").fingerprint


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(KEY_VARIABLE, str(tmp_path / "key"))
    config = tmp_path / "pipeline.toml"
    config.write_text('gallery = "gallery"\n')
    monkeypatch.setenv(CONFIG_VARIABLE, str(config))
    return tmp_path


@pytest.fixture
def faces(home: Path, portraits: Path) -> Path:
    """Two people, a third with one good and one useless picture, and whatever else lies around in such a folder."""
    folder = home / "faces"
    for name, pictures in {
        "ann": ["person_a_1", "person_a_2"],
        "bob": ["person_b_1", "person_b_2"],
        "carl": ["impostor_1"],
        "empty": [],
        "two\nlines": ["impostor_2"],
    }.items():
        (folder / name).mkdir(parents=True)
        for picture in pictures:
            shutil.copy(portraits / f"{picture}.jpg", folder / name)
    (folder / "carl" / "broken.jpg").write_bytes(b"no picture")
    (folder / ".hidden").mkdir()
    (folder / "notes.txt").write_text("of nobody")
    return folder


def made(name: str, seed: int, count: int = 3, network: str = NETWORK) -> PersonVectors:
    random = np.random.default_rng(seed)
    vectors = (random.normal(size=128) + 0.3 * random.normal(size=(count, 128))).astype(np.float32)
    return PersonVectors(name, tuple(map(str, range(count))), vectors, np.ones(count, np.float32), network)


def people_of(folder: Path) -> dict[str, int]:
    gallery = Gallery.open(folder)
    assert gallery.verify() == {}
    return {name: len(person.files) for name, person in gallery.people.items()}


def outcomes(report: dict[str, Any]) -> dict[str, tuple[str, int, int]]:
    return {one["name"]: (one["outcome"], one["added"], one["known"]) for one in report["results"]}


def test_everybody_of_a_folder_is_added_and_again_only_what_is_new(
    twinface: Run, faces: Path, home: Path, portraits: Path
) -> None:
    code, out, err = twinface("gallery", "add", "--people", faces)
    assert code == 0
    rows = [line.split() for line in out.splitlines()]
    assert ["added", "3", "5"] in rows
    assert ["known", "already", "0", "0"] in rows
    assert ["refused", "2", "1"] in rows
    assert "refused: " in out
    for reason in ("unreadable 1", "no_pictures 1", "unusable_name 1"):
        assert reason in out
    assert f"warning: empty: no_pictures: no pictures directly in {faces / 'empty'}" in err
    assert "unusable_name: the name 'two\\nlines' has line ends or control characters" in err
    assert people_of(home / "gallery") == {"ann": 2, "bob": 2, "carl": 1}

    (faces / "ann" / "person_a_2.jpg").rename(faces / "ann" / "again.jpg")
    (faces / "empty").rename(faces / "dora")
    shutil.copy(portraits / "impostor_2.jpg", faces / "dora")
    report = json.loads(twinface("gallery", "add", "--people", faces, "--json")[1])
    assert outcomes(report) == {
        "ann": ("known", 0, 2),
        "bob": ("known", 0, 2),
        "carl": ("known", 0, 1),
        "dora": ("added", 1, 0),
        "two\nlines": ("refused", 0, 0),
    }
    assert report["people"] == {"all": 5, "added": 1, "known": 3, "refused": 1}
    assert report["pictures"] == {"added": 1, "known": 5, "refused": 1}
    assert report["reasons"] == {"unreadable": 1, "unusable_name": 1}
    assert not report["stopped"]
    (refused,) = next(one for one in report["results"] if one["name"] == "carl")["refused"]
    assert (refused["picture"], refused["reason"]) == (str(faces / "carl" / "broken.jpg"), "unreadable")
    assert people_of(home / "gallery") == {"ann": 2, "bob": 2, "carl": 1, "dora": 1}


def test_it_is_a_step_that_undo_takes_back(twinface: Run, faces: Path, home: Path, portraits: Path) -> None:
    twinface("gallery", "add", "bob", portraits / "person_b_1.jpg")
    (path,) = (home / "gallery" / "people").iterdir()
    before = path.read_bytes()
    assert twinface("gallery", "add", "--people", faces)[0] == 0
    assert people_of(home / "gallery") == {"ann": 2, "bob": 2, "carl": 1}
    code, out, _ = twinface("undo")
    assert code == 0
    assert "3 people added" in out
    assert people_of(home / "gallery") == {"bob": 1}
    assert path.read_bytes() == before


def test_somebody_under_two_names_is_refused_the_second_time(
    twinface: Run, faces: Path, home: Path, portraits: Path
) -> None:
    (faces / "zed").mkdir()
    shutil.copy(portraits / "person_a_2.jpg", faces / "zed")
    (faces / "ann" / "person_a_2.jpg").unlink()
    code, _, err = twinface("gallery", "add", "--people", faces)
    assert code == 0
    assert "zed: the picture could not be used: looks_like_somebody_else 1" in err
    assert "zed" not in people_of(home / "gallery")
    assert twinface("gallery", "add", "--people", faces, "--force")[0] == 0
    assert people_of(home / "gallery")["zed"] == 1


def test_features_are_added_as_they_are(twinface: Run, home: Path) -> None:
    everybody = [made(f"person {number}", 100 + number) for number in range(12)]
    mixed = made("mixed", 50)
    mixed.vectors[2] = made("x", 51).vectors[0]
    double = made("double", 100)
    write_features(home / "features", [*everybody, mixed])
    write_features(home / "features", [PersonVectors("twin", double.files, double.vectors, double.quality, NETWORK)])
    path = person_path(home / "features", "person 5")
    path.write_bytes(path.read_bytes()[:-1])
    code, out, err = twinface("gallery", "add", "--people", home / "features", "--json")
    assert code == 0
    report = json.loads(out)
    assert report["people"] == {"all": 14, "added": 12, "known": 0, "refused": 2}
    assert report["reasons"] == {"looks_like_somebody_else": 3, "not_like_the_others": 1, "damaged": 1}
    assert outcomes(report)["mixed"] == ("added", 2, 0)
    assert outcomes(report)["twin"][0] == "refused"
    assert "cut short" in err
    kept = people_of(home / "gallery")
    assert kept == {f"person {number}": 3 for number in range(12) if number != 5} | {"mixed": 2}
    again = json.loads(twinface("gallery", "add", "--people", home / "features", "--json")[1])
    assert again["people"] == {"all": 14, "added": 0, "known": 12, "refused": 2}


def test_a_person_damaged_in_the_gallery_costs_nobody_else(twinface: Run, faces: Path, home: Path) -> None:
    twinface("gallery", "add", "--people", faces)
    path = person_path(home / "gallery" / "people", "bob")
    content = path.read_bytes()[:-1]
    path.write_bytes(content)
    Gallery.open(home / "gallery").remove("carl")
    report = json.loads(twinface("gallery", "add", "--people", faces, "--json")[1])
    assert outcomes(report)["bob"] == ("refused", 0, 0)
    assert outcomes(report)["carl"] == ("added", 1, 0)
    assert report["reasons"]["damaged"] == 1
    assert path.read_bytes() == content


def test_crops_are_kept_where_the_settings_say_so(twinface: Run, faces: Path, home: Path) -> None:
    (home / "pipeline.toml").write_text('gallery = "gallery"\nstore_crops = true\n')
    assert twinface("gallery", "add", "--people", faces)[0] == 0
    gallery = Gallery.open(home / "gallery")
    assert [len(gallery.crops(name)) for name in ("ann", "bob", "carl")] == [2, 2, 1]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "name a person and their pictures, or a folder of many people with --people"),
        (("ann",), "name a person and their pictures, or a folder of many people with --people"),
        (("ann", "x.jpg", "--people", "faces"), "--people goes with neither a name nor --set-aside"),
        (("--people", "faces", "--set-aside", "aside"), "--people goes with neither a name nor --set-aside"),
        (("--people", "nowhere"), "nowhere: no such folder; name one with a folder of pictures for each person"),
        (("--people", "nobody"), "nobody: nobody in it; put pictures into one folder for each person"),
        (("--people", "taken"), "taken: this is a gallery; take it over with `twinface gallery backup`"),
        (("--people", "theirs"), "made with the network ? (bbbbbbbbbbbb), not the one in use"),
        (("--people", "gallery/people"), "nothing is written to gallery"),
    ],
)
def test_mistakes_are_one_line_and_code_2(
    twinface: Run, home: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], told: str
) -> None:
    monkeypatch.chdir(home)
    (home / "nobody").mkdir()
    Gallery.open(home / "taken", network=NETWORK, create=True)
    write_features(home / "theirs", [made("ann", 1, network="b" * 64)])
    gallery = Gallery.open(home / "gallery", network=NETWORK, create=True)
    before = gallery.version
    code, out, err = twinface("gallery", "add", *arguments)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith("twinface: ")
    assert told in err or "gallery/people" in arguments
    assert Gallery.open(home / "gallery").version == before


def test_nobody_at_all_is_an_error_with_the_summary(twinface: Run, home: Path) -> None:
    (home / "faces" / "ann").mkdir(parents=True)
    code, out, err = twinface("gallery", "add", "--people", home / "faces", "--json")
    assert code == 2
    assert json.loads(out)["people"] == {"all": 1, "added": 0, "known": 0, "refused": 1}
    assert err.splitlines()[-1].startswith(f"twinface: {home / 'faces'}: of 1 person nobody could be added")


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_whatever_breaks_it_off_leaves_whole_people_and_the_same_again_adds_the_rest(home: Path, how: int) -> None:
    count = 1000
    write_features(home / "features", [made(f"person {number:04}", number, 1) for number in range(count)])
    command = [TWINFACE, "gallery", "add", "--people", str(home / "features"), "--json", "--force"]
    with subprocess.Popen(command, cwd=home, env=os.environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        until(lambda: len(list((home / "gallery" / "people").glob("*.pkl"))) > 3, 250.0, "the first people")
        process.send_signal(how)
        out, _ = process.communicate(timeout=250)
    there = people_of(home / "gallery")
    assert 0 < len(there) < count
    assert set(there.values()) == {1}
    if how == signal.SIGINT:
        assert process.returncode == 130
        report = json.loads(out)
        assert report["stopped"]
        assert len(there) - 1 <= report["people"]["added"] <= len(there)
    again = subprocess.run(command, cwd=home, env=os.environ, capture_output=True, text=True, check=True)
    report = json.loads(again.stdout)
    assert report["people"] == {"all": count, "added": count - len(there), "known": len(there), "refused": 0}
    assert len(people_of(home / "gallery")) == count

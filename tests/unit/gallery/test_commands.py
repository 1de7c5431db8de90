"""`twinface gallery` as people type it."""

import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from twinface.faces import read_image
from twinface.gallery import person_path

Run = Callable[..., Any]


def names(run: Run) -> dict[str, int]:
    listed = json.loads(run("list", "--json").out)
    return {person["name"]: person["pictures"] for person in listed["people"]}


def test_a_gallery_from_pictures_to_nobody(run: Run, portraits: Path) -> None:
    assert run("add", "Ann Ä.", portraits / "person_a_1.jpg").code == 0
    assert run("add", "bob", portraits / "person_b_1.jpg", portraits / "person_b_2.jpg").code == 0
    again = run("add", "bob", portraits / "person_b_2.jpg")
    assert "0 pictures added, 1 known already" in again.out
    assert names(run) == {"Ann Ä.": 1, "bob": 2}
    assert run("rename", "Ann Ä.", "Ann").code == 0
    assert run("remove", "bob").code == 0
    assert names(run) == {"Ann": 1}
    assert "1 person, 1 vector, files sound" in run("verify").out


def test_unusable_pictures_are_named_and_skipped(run: Run, portraits: Path, tmp_path: Path) -> None:
    (tmp_path / "no_picture.jpg").write_bytes(b"no picture")
    pictures = (tmp_path / "missing.jpg", tmp_path / "no_picture.jpg", portraits / "person_a_1.jpg")
    result = run("add", "ann", *pictures)
    assert result.code == 2, "one of those that were named is not there"
    assert "missing.jpg" in result.err
    assert "no_picture.jpg" in result.err
    assert "1 picture added, 0 known already, 2 set aside" in result.out
    assert run("add", "ann", *pictures[1:]).code == 0


def test_no_usable_picture_at_all_is_an_error(run: Run, tmp_path: Path) -> None:
    result = run("add", "ann", tmp_path / "missing.jpg")
    assert result.code == 2
    assert "ann not added: the picture could not be used" in result.err
    assert names(run) == {}


def test_a_folder_is_all_its_pictures(run: Run, portraits: Path, tmp_path: Path) -> None:
    (tmp_path / "bob").mkdir()
    for number in (1, 2):
        (tmp_path / "bob" / f"{number}.jpg").write_bytes((portraits / f"person_b_{number}.jpg").read_bytes())
    run("add", "bob", tmp_path / "bob")
    assert names(run) == {"bob": 2}


def test_a_picture_of_two_people_is_not_enrolled(run: Run, shared_data: Path) -> None:
    result = run("add", "obama", shared_data / "portraits" / "probes" / "obama_and_biden2.jpg")
    assert result.code == 2
    assert "obama_and_biden2.jpg: more_than_one_face: 2 faces alike in size" in result.err


@pytest.fixture
def blurred(portraits: Path, tmp_path: Path) -> Path:
    """A portrait of bob in which nobody can be made out."""
    path = tmp_path / "blurred.png"
    cv2.imwrite(str(path), cv2.GaussianBlur(read_image(portraits / "person_b_1.jpg"), (0, 0), 14))
    return path


def test_a_poor_picture_is_set_aside_with_the_reason_and_what_was_measured(
    run: Run, portraits: Path, blurred: Path, tmp_path: Path
) -> None:
    aside = tmp_path / "aside"
    result = run("add", "bob", blurred, portraits / "person_b_1.jpg", "--json", "--set-aside", aside)
    assert result.code == 0
    assert f"warning: {blurred}: blurred: sharpness 0." in result.err
    report = json.loads(result.out)
    assert (report["name"], report["added"], report["known"]) == ("bob", 1, 0)
    (entry,) = report["set_aside"]
    assert (entry["picture"], entry["reason"], entry["bound"]) == (str(blurred), "blurred", 0.4)
    assert entry["value"] < 0.4
    assert json.loads((aside / "reasons.json").read_text()) == [entry]
    assert (aside / "blurred.png").read_bytes() == blurred.read_bytes()


def test_force_takes_it_all_the_same(run: Run, blurred: Path) -> None:
    refused = run("add", "bob", blurred)
    assert refused.code == 2
    assert "bob not added: the picture could not be used" in refused.err
    assert "--force" in refused.err
    assert names(run) == {}
    forced = run("add", "bob", blurred, "--force")
    assert forced.code == 0
    assert "taken all the same" in forced.err
    assert names(run) == {"bob": 1}


def test_somebody_of_the_gallery_is_not_added_under_another_name(run: Run, portraits: Path) -> None:
    run("add", "ann", portraits / "person_a_1.jpg")
    result = run("add", "bob", portraits / "person_a_2.jpg", portraits / "person_b_1.jpg")
    assert result.code == 0
    assert "person_a_2.jpg: looks_like_somebody_else: would be taken for ann" in result.err
    assert names(run) == {"ann": 1, "bob": 1}
    assert run("add", "carl", portraits / "person_a_2.jpg").code == 2


def test_a_stranger_is_not_added_to_a_person(run: Run, portraits: Path) -> None:
    run("add", "ann", portraits / "person_a_1.jpg")
    result = run("add", "ann", portraits / "impostor_1.jpg", portraits / "person_a_2.jpg")
    assert result.code == 0
    assert "impostor_1.jpg: not_like_the_others: scores 0.00 with the others on average" in result.err
    assert names(run) == {"ann": 2}


def test_a_copy_does_not_overwrite_another_picture_of_its_name(
    run: Run, portraits: Path, blurred: Path, tmp_path: Path
) -> None:
    aside = tmp_path / "aside"
    run("add", "bob", blurred, "--set-aside", aside)
    cv2.imwrite(str(blurred), np.full((90, 90, 3), 90, np.uint8))
    run("add", "bob", blurred, "--set-aside", aside)
    assert sorted(path.name for path in aside.iterdir()) == ["blurred-2.png", "blurred.png", "reasons.json"]
    assert [entry["reason"] for entry in json.loads((aside / "reasons.json").read_text())] == ["no_face"]


@pytest.mark.parametrize("command", [("list",), ("verify",), ("remove", "ann"), ("rename", "ann", "bob")])
def test_without_a_gallery_the_way_to_one_is_named(run: Run, command: tuple[str, ...]) -> None:
    result = run(*command)
    assert result.code == 2
    assert result.err.count("\n") == 1
    assert "start one with `twinface gallery add" in result.err


def test_mistakes_are_one_line(run: Run, portraits: Path) -> None:
    run("add", "ann", portraits / "person_a_1.jpg")
    for words in (("remove", "anne"), ("rename", "ann", "ann"), ("rename", "zed", "x"), ("rename", "ann", " ")):
        result = run(*words)
        assert result.code == 2
        assert result.err.startswith("twinface: ")
        assert result.err.count("\n") == 1
    assert names(run) == {"ann": 1}


def test_verify_says_what_is_damaged(run: Run, portraits: Path, tmp_path: Path) -> None:
    run("add", "ann", portraits / "person_a_1.jpg")
    path = person_path(tmp_path / "gallery" / "people", "ann")
    path.write_bytes(path.read_bytes()[:100])
    result = run("verify", "--json")
    assert result.code == 1
    report = json.loads(result.out)
    assert (report["sound"], report["people"], report["vectors"]) == (False, 0, 0)
    assert "cut short" in report["problems"][0]
    assert run("list").code == 0
    assert run("remove", "ann").code == 0
    assert run("verify").code == 0


def test_pickles_of_the_original_are_imported(run: Run, tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    pickles = tmp_path / "pickles"
    (pickles / "bob").mkdir(parents=True)
    (pickles / "ann.pkl").write_bytes(pickle.dumps(random.normal(size=(3, 128)), 2))
    (pickles / "bob" / "features.pkl").write_bytes(pickle.dumps(random.normal(size=(2, 128)).astype(np.float32), 0))
    (pickles / "carl.pkl").write_bytes(pickle.dumps(random.normal(size=(2, 2048)), 2))
    (pickles / "dora.pkl").write_bytes(b"cos\nmkdir\n(S'" + str(tmp_path / "trace").encode() + b"'\ntR.")
    result = run("import-pickles", pickles)
    assert result.code == 0
    assert "2 people imported, 2 skipped" in result.out
    assert "vectors of 2048 numbers, sface makes 128" in result.err
    assert "asks for os.mkdir" in result.err
    assert not (tmp_path / "trace").exists()
    assert names(run) == {"ann": 3, "bob": 2}
    run("import-pickles", pickles)
    assert names(run) == {"ann": 3, "bob": 2}


def test_nothing_to_import_is_an_error(run: Run, tmp_path: Path) -> None:
    (tmp_path / "pickles").mkdir()
    (tmp_path / "pickles" / "ann.pkl").write_bytes(b"")
    assert run("import-pickles", tmp_path / "pickles").code == 2
    assert run("import-pickles", tmp_path / "missing").code == 2

"""`twinface gallery verify | rebuild | backup | restore` and `twinface forget`, with real faces."""

import hashlib
import json
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from twinface import assets
from twinface.config_file import CONFIG_VARIABLE
from twinface.corrections.audit_file import read_notes
from twinface.events import Event, EventStore, Kind, Subject
from twinface.faces import read_image
from twinface.faces.picture_files import decode_image
from twinface.gallery import Gallery
from twinface.gallery.keys import KEY_VARIABLE
from twinface.networks import Network, find_recipe
from twinface.networks.onnx_inputs import keep_inputs
from twinface.networks.recipe import write_recipe
from twinface.recognition.embedding import embed_aligned

Run = Callable[..., Any]


@pytest.fixture
def keep_crops(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The configuration keeps crops."""
    config = tmp_path / "keeping.toml"
    config.write_text("store_crops = true\n")
    monkeypatch.setenv(CONFIG_VARIABLE, str(config))


@pytest.fixture
def other_network(tmp_path: Path) -> Path:
    """Another network: SFace that makes its vectors of length 1."""
    folder = tmp_path / "network"
    folder.mkdir()
    (folder / "n.onnx").write_bytes(keep_inputs(assets.fetch("sface").read_bytes(), {"data"}))
    write_recipe(folder, replace(find_recipe("sface"), name="sface-l2", normalisation="l2", file="n.onnx"))
    return folder


def add_two(run: Run, portraits: Path) -> None:
    run("add", "ann", portraits / "person_a_1.jpg", portraits / "person_a_2.jpg")
    run("add", "bob", portraits / "person_b_1.jpg")


def open_it(tmp_path: Path) -> Gallery:
    return Gallery.open(tmp_path / "gallery")


def listed(run: Run) -> dict[str, tuple[int, bool]]:
    return {one["name"]: (one["pictures"], one["crops"]) for one in json.loads(run("list", "--json").out)["people"]}


def test_no_crop_is_kept_by_default(run: Run, portraits: Path, tmp_path: Path) -> None:
    add_two(run, portraits)
    assert listed(run) == {"ann": (2, False), "bob": (1, False)}
    assert {path.suffix for path in (tmp_path / "gallery" / "people").iterdir()} == {".pkl"}


@pytest.mark.usefixtures("keep_crops")
def test_crops_that_are_kept_show_the_face_and_give_its_vector(
    run: Run, portraits: Path, tmp_path: Path, sface: Network
) -> None:
    add_two(run, portraits)
    aligned = tmp_path / "aligned.png"
    cv2.imwrite(str(aligned), np.full((300, 300, 3), 90, np.uint8))
    run("add", "grey", aligned, "--aligned", "--force")
    assert listed(run) == {"ann": (2, True), "bob": (1, True), "grey": (1, True)}
    assert "crops" in run("list").out
    gallery = open_it(tmp_path)
    person, crops = gallery.people["ann"], list(gallery.crops("ann").values())
    for vector, crop in zip(person.vectors, crops, strict=True):
        image = decode_image(crop, "crop")
        assert image.shape == (224, 224, 3)
        again = embed_aligned(image, sface).vector
        assert again @ vector > 0.97 * np.linalg.norm(again) * np.linalg.norm(vector)
    (grey,) = gallery.crops("grey").values()
    assert decode_image(grey, "crop").shape == (224, 224, 3)


@pytest.mark.usefixtures("keep_crops")
def test_rebuild_makes_every_vector_anew_by_another_network(
    run: Run, portraits: Path, tmp_path: Path, other_network: Path
) -> None:
    add_two(run, portraits)
    before = open_it(tmp_path)
    result = run("rebuild", "--network", other_network)
    assert result.code == 0
    assert "3 vectors of 2 people made again by sface-l2" in result.out
    assert 'set in the configuration: network = "sface-l2"' in result.err
    after = open_it(tmp_path)
    assert (after.network_name, after.version, after.verify()) == ("sface-l2", before.version + 1, {})
    for name, person in after.people.items():
        old = before.people[name]
        assert person.files == old.files
        np.testing.assert_array_equal(person.quality, old.quality)
        np.testing.assert_allclose(np.linalg.norm(person.vectors, axis=1), 1.0, rtol=1e-5)
        cosines = (person.vectors * old.vectors).sum(axis=1) / np.linalg.norm(old.vectors, axis=1)
        assert cosines.min() > 0.97
        assert len(after.crops(name)) == len(person.files)
    assert "nothing to do: 3 vectors, all of sface-l2 already" in run("rebuild", "--network", other_network).out
    assert run("rebuild").code == 0
    assert open_it(tmp_path).network_name == "sface"


def test_rebuild_says_of_whom_there_are_no_crops(
    run: Run, portraits: Path, tmp_path: Path, other_network: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("add", "ann", portraits / "person_a_1.jpg")
    run("add", "bob", portraits / "person_b_1.jpg")
    (tmp_path / "keeping.toml").write_text("store_crops = true\n")
    monkeypatch.setenv(CONFIG_VARIABLE, str(tmp_path / "keeping.toml"))
    run("add", "ann", portraits / "person_a_2.jpg")
    result = run("rebuild", "--network", other_network)
    assert result.code == 2
    assert "warning: ann: no crops kept of 1 of 2 pictures" in result.err
    assert "warning: bob: no crops kept of 1 of 1 picture" in result.err
    assert "no crops of 2 pictures of 2 people; add them again" in result.err
    assert (open_it(tmp_path).network_name, listed(run)) == ("sface", {"ann": (2, True), "bob": (1, False)})

    report = json.loads(run("rebuild", "--network", other_network, "--leave-out", "--json").out)
    assert (report["rebuilt"], [gap["name"] for gap in report["left_out"]]) == (1, ["ann", "bob"])
    assert listed(run) == {"ann": (1, True)}


def test_rebuild_of_nothing_is_an_error(run: Run, portraits: Path, tmp_path: Path, other_network: Path) -> None:
    run("add", "ann", portraits / "person_a_1.jpg")
    result = run("rebuild", "--network", other_network, "--leave-out")
    assert result.code == 2
    assert "no crops are kept of anybody" in result.err
    assert list(open_it(tmp_path).people) == ["ann"]
    run("remove", "ann")
    assert "nobody is in this gallery" in run("rebuild", "--network", other_network).err


def test_verify_finds_what_wants_a_look(run: Run, portraits: Path) -> None:
    run("add", "ann", portraits / "person_a_1.jpg")
    run("add", "bob", portraits / "person_b_1.jpg", portraits / "person_b_2.jpg")
    assert run("verify").code == 0
    run("add", "bob", portraits / "person_a_2.jpg", "--force")
    result = run("verify", "--json")
    assert result.code == 1
    report = json.loads(result.out)
    assert report["sound"]
    (finding,) = [one for one in report["findings"] if one["fault"] == "mislabelled"]
    assert (finding["person"], finding["other"]) == ("bob", "ann")
    assert finding["picture"].endswith("person_a_2.jpg")
    shown = run("verify")
    assert shown.code == 1
    assert "warning: mislabelled: bob: " in shown.err
    files = run("verify", "--files", "--json")
    assert (files.code, json.loads(files.out)["findings"]) == (0, None)


def test_verify_compares_nobody_where_scores_mean_nothing(run: Run, portraits: Path, other_network: Path) -> None:
    run("add", "ann", portraits / "person_a_1.jpg", "--network", other_network)
    result = run("verify", "--json")
    assert result.code == 0
    assert "nobody was compared: the gallery is of the network sface-l2, configured is sface" in result.err
    assert json.loads(result.out)["findings"] is None


def test_two_who_are_one_are_merged(run: Run, portraits: Path) -> None:
    run("add", "ann", portraits / "person_a_1.jpg")
    run("add", "Ann", portraits / "person_a_2.jpg", "--force")
    refused = run("rename", "ann", "Ann")
    assert refused.code == 2
    assert "Ann is in the gallery already; use --merge" in refused.err
    assert listed(run) == {"Ann": (1, False), "ann": (1, False)}
    merged = run("rename", "ann", "Ann", "--merge")
    assert (merged.code, merged.err) == (0, "")
    assert listed(run) == {"Ann": (2, False)}


def test_two_who_are_two_are_merged_with_force_only_and_verify_finds_them(run: Run, portraits: Path) -> None:
    for name, letter in (("ann", "a"), ("bob", "b")):
        run("add", name, *(portraits / f"person_{letter}_{number}.jpg" for number in (1, 2)))
    assert run("verify").code == 0
    refused = run("rename", "ann", "bob", "--merge")
    assert refused.code == 2
    assert (
        "ann and bob do not look like one person: 2 pictures of ann and 2 of bob score 0.00 with each other"
        in refused.err
    )
    assert "use --force where they are one all the same" in refused.err
    assert listed(run) == {"ann": (2, False), "bob": (2, False)}
    assert run("rename", "ann", "bob", "--merge", "--force").code == 0
    result = run("verify")
    assert result.code == 1
    assert "two_people: bob: 2 pictures: score 0.00 with the others" in result.err
    assert "files sound, 1 to look at" in result.out
    (found,) = json.loads(run("verify", "--json").out)["findings"]
    assert (found["fault"], found["person"], len(found["pictures"])) == ("two_people", "bob", 2)


def test_who_cannot_be_compared_is_merged_with_a_warning(run: Run, portraits: Path, other_network: Path) -> None:
    for name, letter in (("ann", "a"), ("bob", "b")):
        run("add", name, portraits / f"person_{letter}_1.jpg", "--network", other_network)
    merged = run("rename", "ann", "bob", "--merge")
    assert merged.code == 0
    assert "not checked whether ann and bob look like one person: the gallery is of the network" in merged.err


def test_a_backup_brings_everybody_back(run: Run, portraits: Path, tmp_path: Path) -> None:
    add_two(run, portraits)
    written = run("backup", tmp_path / "b.twinface")
    assert written.code == 0
    assert hashlib.sha256((tmp_path / "b.twinface").read_bytes()).hexdigest() in written.out
    again = run("backup", tmp_path / "b.twinface")
    assert again.code == 2
    assert "of 2 people, is there; name another file, or replace it with --force" in again.err
    made = json.loads(run("backup", tmp_path / "b.twinface", "--force", "--json").out)
    run("remove", "ann")
    refused = run("restore", tmp_path / "b.twinface")
    assert refused.code == 2
    assert "1 person there already; use --replace" in refused.err
    assert listed(run) == {"bob": (1, False)}
    restored = run("restore", tmp_path / "b.twinface", "--replace")
    assert restored.code == 0
    assert "2 people, 3 vectors, 0 crops restored" in restored.out
    assert "this box's" in restored.err
    (note,) = [one for one in read_notes(tmp_path / "gallery") if one.what == "restore"]
    assert note.said == f"the gallery is the one of {made['made_at']}"
    assert listed(run) == {"ann": (2, False), "bob": (1, False)}


def test_another_boxs_backup_is_shown_and_has_to_be_confirmed(
    run: Run, portraits: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_two(run, portraits)
    made = json.loads(run("backup", tmp_path / "b", "--json").out)
    (tmp_path / "gallery").rename(tmp_path / "gallery-of-the-other-box")
    monkeypatch.setenv(KEY_VARIABLE, str(tmp_path / "key-here"))
    refused = run("restore", tmp_path / "b")
    assert refused.code == 2
    for shown in (made["made_at"], made["host"], made["key"], made["sha256"], "another box's", "2 people", "--yes"):
        assert shown in refused.err
    assert not (tmp_path / "gallery").exists()
    assert run("restore", tmp_path / "b", "--yes").code == 0
    assert listed(run) == {"ann": (2, False), "bob": (1, False)}
    assert run("verify").code == 0


def test_a_person_is_forgotten_everywhere_and_what_was_erased_is_said(
    run: Run, portraits: Path, tmp_path: Path, keep_crops: None
) -> None:
    blurred = tmp_path / "pictures" / "blurred.png"
    blurred.parent.mkdir()
    cv2.imwrite(str(blurred), cv2.GaussianBlur(read_image(portraits / "person_a_1.jpg"), (0, 0), 14))
    aside = tmp_path / "aside"
    run("add", "bob", portraits / "person_b_1.jpg", blurred, "--set-aside", aside)
    run("add", "ann", portraits / "person_a_1.jpg", portraits / "person_a_2.jpg", blurred, "--set-aside", aside)
    run("rename", "ann", "Ann")
    about = {"camera": "door", "stream": 1, "state": "known", "score": 0.9, "at_ns": 1, "since_ns": 1}
    about |= {"duration_s": 0.0, "media_ms": 0.0, "frame": 1}
    with EventStore(tmp_path / "events.sqlite") as store:
        store.append(
            [Event(Kind.ENTER, Subject.PERSON, track=None, name=name, **about) for name in ("Ann", "bob", "Ann")]
        )

    refused = run("forget", "Ann")
    assert refused.code == 2
    assert "use --yes" in refused.err
    assert "Ann" in listed(run)
    result = run("forget", "Ann", "--yes", "--json")
    assert result.code == 0
    report = json.loads(result.out)
    assert report["name"] == "Ann"
    assert {one["what"]: one["count"] for one in report["erased"]} == {
        "steps to be taken back": 2,
        "vectors": 2,
        "crops": 2,
        "pictures set aside": 1,
        "events": 2,
    }
    assert listed(run) == {"bob": (1, True)}
    assert blurred.exists(), "one's own pictures stay"
    assert not (aside / "blurred.png").exists()
    assert json.loads((aside / "reasons.json").read_text()) == []
    with sqlite3.connect(tmp_path / "events.sqlite") as connection:
        assert connection.execute("SELECT name FROM events").fetchall() == [("bob",)]
    connection.close()
    for path in (tmp_path / "gallery").rglob("*"):
        assert "ann" not in path.name.lower()

    again = run("forget", "Ann", "--yes")
    assert again.code == 2
    assert "nobody called 'Ann' is known" in again.err
    assert "1  events" in run("forget", "bob", "--yes").out


def test_a_copy_that_is_another_picture_by_now_is_not_erased(run: Run, portraits: Path, tmp_path: Path) -> None:
    (tmp_path / "empty.png").write_bytes(cv2.imencode(".png", np.full((90, 90, 3), 90, np.uint8))[1].tobytes())
    run("add", "ann", tmp_path / "empty.png", "--set-aside", tmp_path / "aside")
    copy = tmp_path / "aside" / "empty.png"
    copy.write_bytes(b"something else")
    result = run("forget", "ann", "--yes")
    assert result.code == 0
    assert f"1  notes of pictures set aside, which are gone: {tmp_path / 'aside'}" in result.out
    assert copy.read_bytes() == b"something else"
    assert run("forget", "ann", "--yes").code == 2

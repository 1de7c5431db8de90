"""`twinface averages`, and what other commands say and do of sources and averages, on a real gallery and file."""

import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from documented_json import differences

from twinface.averages import Clusters, read_faces
from twinface.averages.faces_file import averages_lock, write_faces
from twinface.cli.live.status_tables import averages_lines
from twinface.corrections.audit_file import read_notes
from twinface.gallery import Gallery
from twinface.messages.schema import Heartbeat
from twinface.networks import Network
from twinface.recognition.embedding import EmbeddedFace
from twinface.settings_file import load_settings

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def learnt(config: Path, faces: dict[str, EmbeddedFace], sface: Network) -> Path:
    """What the door has shown: Ada's other picture, an impostor, and 28 more whom nobody knows."""
    random = np.random.default_rng(1)
    prior, clusters = np.zeros(128, np.float32), Clusters.none(128)
    others = random.normal(size=(28, 128)).astype(np.float32)
    vectors = [faces["person_a_2"].vector, faces["impostor_1"].vector, *others]
    for number, vector in enumerate(vectors):
        clusters = clusters.learnt(vector, prior, 1_700_000_000 * 10**9 + number)
    few = Clusters.none(128).learnt(faces["person_a_2"].vector, prior, 1_700_000_000 * 10**9)
    path = load_settings(config).averages_path
    with averages_lock(path):
        write_faces(path, {"camera:door": clusters, "camera:yard": few}, sface.recipe.fingerprint)
    return path


def counts(path: Path, sface: Network) -> dict[str, int]:
    return {source: len(one) for source, one in read_faces(path, sface.recipe.fingerprint).items()}


def test_averages_are_listed_with_what_they_rest_on(twinface: Run, config: Path, box: Path, learnt: Path) -> None:
    code, output, errors = twinface("averages", "--config", config, "--json")
    assert (code, errors) == (0, "")
    report = json.loads(output)
    assert differences(report, "averages") == set()
    assert (report["file"], report["learn"], report["fewest"]) == (str(learnt), True, 20)
    door, yard, photos = report["sources"]
    assert (door["source"], door["people"], door["tracks"], door["is_frozen"]) == ("camera:door", 30, 30, False)
    assert 0.01 < door["shift"] < 0.6
    assert (yard["source"], yard["people"], yard["shift"], yard["is_frozen"]) == ("camera:yard", 1, 0.0, True)
    assert (photos["source"], photos["people"], photos["tracks"]) == ("photos", 1, 1)


def test_averages_are_told_to_people(
    twinface: Run, config: Path, box: Path, learnt: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    config.write_text(config.read_text() + "[averages]\nlearn = false\n")
    _, output, errors = twinface("averages", "--config", config)
    assert errors == "cameras teach nothing new: learn = false in [averages]\n"
    head, door, yard, photos = output.splitlines()
    assert head.split() == ["source", "people", "tracks", "shift", "in", "use"]
    assert door.split()[:3] == ["camera:door", "30", "30"]
    assert door.rstrip().endswith("its own average")
    assert "the bundled average, until there are 20 people" in yard
    assert photos.split()[:4] == ["photos", "1", "1", "0.00"]


def test_without_anything_that_is_said(twinface: Run, config: Path) -> None:
    code, output, errors = twinface("averages", "--config", config)
    assert (code, output) == (0, "")
    assert errors.startswith("nothing yet")


def test_a_source_is_reset_and_no_other(twinface: Run, config: Path, box: Path, learnt: Path, sface: Network) -> None:
    code, output, errors = twinface("averages", "--config", config, "--reset", "camera:door", "--yes")
    assert (code, output, errors) == (0, f"what camera:door has taught is forgotten: {learnt}\n", "")
    assert counts(learnt, sface) == {"camera:yard": 1}
    code, output, _ = twinface("averages", "--config", config, "--reset", "all", "--yes", "--json")
    notes = [(one.what, one.said) for one in read_notes(load_settings(config).gallery)]
    assert notes == [("averages", f"what {who} taught is forgotten") for who in ("camera:door has", "all cameras have")]
    assert (code, json.loads(output)) == (0, {"schema": 1, "file": str(learnt), "reset": "all"})
    assert differences(json.loads(output), "averages --reset") == set()
    assert not learnt.exists()


@pytest.mark.parametrize(("answer", "left"), [("n", {"camera:door": 30, "camera:yard": 1}), ("y", {"camera:yard": 1})])
def test_a_reset_asks_first_and_says_that_it_is_for_good(
    config: Path, learnt: Path, sface: Network, answer: str, left: dict[str, int]
) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "twinface.cli.main", "averages", "--config", str(config), "--reset", "camera:door"]
    with (
        os.fdopen(ours, "wb") as keyboard,
        subprocess.Popen(command, stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as asked,
    ):
        os.close(theirs)
        keyboard.write(f"{answer}\n".encode())
        keyboard.flush()
        output, errors = asked.communicate(timeout=60)
    assert "Forget what camera:door has taught? It cannot be undone" in output + errors
    assert asked.returncode == (0 if answer == "y" else 2)
    assert ("is forgotten" in output, "is not reset" in errors) == (answer == "y", answer == "n")
    assert counts(learnt, sface) == left


@pytest.mark.parametrize(
    "mistake",
    [
        ("camera:door is not reset: it cannot be undone; use --yes", "camera:door"),
        ("nothing was learnt from 'camera:roof'; `twinface averages` lists", "camera:roof", "--yes"),
        ("the average of 'photos' is that of the gallery's people", "photos", "--yes"),
    ],
)
def test_mistakes_are_said_in_a_line_and_change_nothing(
    twinface: Run, config: Path, learnt: Path, sface: Network, mistake: tuple[str, ...]
) -> None:
    told, *words = mistake
    code, output, errors = twinface("averages", "--config", config, "--reset", *words)
    assert (code, output, errors.count("\n")) == (2, "", 1)
    assert told in errors
    assert counts(learnt, sface) == {"camera:door": 30, "camera:yard": 1}


def test_a_damaged_file_is_said_and_reset(twinface: Run, config: Path, learnt: Path) -> None:
    learnt.write_bytes(learnt.read_bytes()[:-1] + b"?")
    code, output, errors = twinface("averages", "--config", config)
    assert (code, output) == (2, "")
    assert "the signature does not fit" in errors
    assert twinface("averages", "--config", config, "--reset", "all", "--yes")[0] == 0
    assert twinface("averages", "--config", config)[0] == 0


def test_forgetting_somebody_erases_the_faces_like_theirs(
    twinface: Run, config: Path, box: Path, learnt: Path, sface: Network
) -> None:
    code, output, _ = twinface("forget", "Ada", "--yes", "--config", config, "--json")
    assert code == 0
    erased = {one["what"]: (one["count"], one["where"]) for one in json.loads(output)["erased"]}
    assert erased["faces that cameras have learnt from"] == (2, str(learnt))
    assert counts(learnt, sface) == {"camera:door": 29}


def test_what_nobody_can_read_is_erased_when_somebody_is_forgotten(
    twinface: Run, config: Path, box: Path, learnt: Path
) -> None:
    learnt.write_bytes(b"TWINFACE")
    code, output, _ = twinface("forget", "Ada", "--yes", "--config", config)
    assert code == 0
    assert "1  averages of cameras, which cannot be read" in output
    assert not learnt.exists()


def test_status_says_it_in_a_line_each_that_80_columns_show() -> None:
    counted = {"average_people camera:door": 214.0, "average_people camera:yard": 12.0, "events_mb": 3.0}
    beat = Heartbeat("matcher", 1, "running", "", 1.0, 0.5, 50.0, {}, counted, {})
    lines = list(averages_lines(beat))
    assert lines == [
        " average of camera:door: 214 people",
        " average of camera:yard: 12 of 20 people, frozen until then",
    ]
    assert max(map(len, lines)) <= 80
    assert list(averages_lines(None)) == []


# --- where vectors come from ------------------------------------------------------------------------------------


def sources_of(config: Path) -> dict[str, tuple[str, ...]]:
    gallery = Gallery.open(load_settings(config).gallery)
    return {name: person.sources for name, person in gallery.people.items()}


def test_a_confirmed_or_enrolled_look_is_of_its_camera(twinface: Run, config: Path, box: Path) -> None:
    assert twinface("confirm", "--config", config, "--track", "door:1")[0] == 0
    assert twinface("enrol", "--config", config, "--unknown", "unknown-1", "--name", "Zoë")[0] == 0
    found = sources_of(config)
    assert found["Ada"] == ("photos", "camera:door")
    assert set(found["Zoë"]) == {"camera:door"}
    listed = json.loads(twinface("gallery", "list", "--config", config, "--json")[1])["people"]
    assert next(one["sources"] for one in listed) == {"camera:door": 1, "photos": 1}
    _, output, _ = twinface("gallery", "list", "--config", config)
    assert output.splitlines()[0].endswith("Ada  (1 camera:door, 1 photos)")
    (path,) = (config.parent / "gallery" / "people").glob("ada-*.pkl")
    before = path.read_bytes()
    assert twinface("gallery", "rename", "Ada", "Ann", "--config", config)[0] == 0
    assert sources_of(config)["Ann"] == ("photos", "camera:door")
    assert twinface("undo", "--config", config)[0] == 0
    assert path.read_bytes() == before


def test_pictures_are_of_the_source_that_is_named(twinface: Run, config: Path, portraits: Path, tmp_path: Path) -> None:
    picture = portraits / "person_b_1.jpg"
    assert twinface("gallery", "add", "Bob", picture, "--config", config, "--source", "camera:door")[0] == 0
    assert twinface("gallery", "add", "Bob", portraits / "person_b_2.jpg", "--config", config)[0] == 0
    assert sources_of(config) == {"Bob": ("camera:door", "photos")}
    _, output, _ = twinface("gallery", "list", "--config", config)
    assert output.endswith("Bob  (1 camera:door, 1 photos)\n")
    code, _, errors = twinface("gallery", "add", "Bob", picture, "--config", config, "--source", "the door")
    assert (code, "the source 'the door'" in errors) == (2, True)


def test_features_keep_their_source_in_a_gallery_unless_another_is_named(
    twinface: Run, config: Path, portraits: Path, tmp_path: Path
) -> None:
    (tmp_path / "faces" / "Bob").mkdir(parents=True)
    (tmp_path / "faces" / "Bob" / "1.jpg").write_bytes((portraits / "person_b_1.jpg").read_bytes())
    features = ("--features", tmp_path / "features")
    assert (
        twinface("extract", "--config", config, "--faces", tmp_path / "faces", *features, "--source", "phone")[0] == 0
    )
    listed = json.loads(twinface("gallery", "list", "--gallery", tmp_path / "features", "--json")[1])["people"]
    assert listed[0]["sources"] == {"phone": 1}
    assert twinface("gallery", "add", "--config", config, "--people", tmp_path / "features")[0] == 0
    assert sources_of(config) == {"Bob": ("phone",)}
    other = ("--gallery", tmp_path / "other", "--source", "camera:door", "--people", tmp_path / "features")
    assert twinface("gallery", "add", "--config", config, *other)[0] == 0
    assert Gallery.open(tmp_path / "other").people["Bob"].sources == ("camera:door",)
    from_pictures = ("--gallery", tmp_path / "third", "--source", "camera:door", "--people", tmp_path / "faces")
    assert twinface("gallery", "add", "--config", config, *from_pictures)[0] == 0
    assert Gallery.open(tmp_path / "third").people["Bob"].sources == ("camera:door",)

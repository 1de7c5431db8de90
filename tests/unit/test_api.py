"""`import twinface`: what it offers, how quick it is, and that it does what the commands do."""

import ast
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from fake_box import FakeMatcher, short_run_directory
from made_features import make_features

import twinface
from twinface import api
from twinface.faces import read_image
from twinface.gallery.keys import KEY_VARIABLE


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A configuration whose gallery lies beside it."""
    monkeypatch.setenv(KEY_VARIABLE, str(tmp_path / "key"))
    path = tmp_path / "box.toml"
    path.write_text('gallery = "people"\n')
    return path


def test_what_is_exported() -> None:
    assert twinface.__all__ == sorted(twinface.__all__)
    assert set(twinface.__all__) == {
        *("enrol", "evaluate", "follow", "identify", "load_settings", "open_gallery", "open_identifier"),
        *("EnrolledPictures", "FeaturesEvaluation", "Gallery", "IdentifiedPicture", "Identifier", "MatchFollower"),
        *("Decision", "Face", "MatchEvent", "NamedFace", "Settings", "State", "__version__"),
        *("ArtefactError", "AssetError", "InputError", "ServiceError", "SettingsError", "TwinfaceError", "UserError"),
    }
    assert [name for name in twinface.__all__ if getattr(twinface, name).__doc__ is None] == []
    assert set(twinface.__all__) <= set(dir(twinface))
    assert (Path(twinface.__file__).with_name("py.typed")).is_file()


def test_every_function_of_the_module_is_exported_and_no_other_name_is_there() -> None:
    tree = ast.parse(Path(api.__file__).read_text(encoding="utf-8"))
    functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.name[0] != "_"}
    homes = {name: getattr(getattr(twinface, name), "__module__", "") for name in twinface.__all__}
    assert functions == {name for name, home in homes.items() if home == "twinface.api"}
    with pytest.raises(AttributeError, match="no attribute 'recognise'"):
        twinface.recognise  # noqa: B018


def test_importing_it_loads_nothing_else() -> None:
    script = (
        "import sys, twinface; print(*(one for one in sys.modules if one.startswith(('twinface', 'numpy', 'cv2'))))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["twinface.errors", "twinface"]


def test_a_person_is_enrolled_from_a_folder_and_named(portraits: Path, config: Path, tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    (folder / "a.jpg").write_bytes((portraits / "person_a_1.jpg").read_bytes())
    (folder / "wall.png").write_bytes(b"no picture")
    (folder / "notes.txt").touch()
    enrolled = twinface.enrol("Ada", str(folder), config=config)
    assert (enrolled.name, enrolled.added, enrolled.known) == ("Ada", 1, 0)
    assert enrolled.warnings == (f"{folder}: 1 file left out: 1 .txt",)
    ((refused, reason),) = [(one.picture.name, one.objection) for one in enrolled.refused]
    assert refused == "wall.png"
    assert reason is not None
    assert reason.reason == "unreadable"
    assert list(twinface.open_gallery(config=config).people) == ["Ada"]
    assert twinface.load_settings(config).gallery == tmp_path / "people"

    picture = portraits / "person_a_2.jpg"
    named = twinface.identify(picture, config=config)
    assert [face.name for face in named.faces] == ["Ada"]
    assert named.faces[0].score > 0.5
    assert named.faces[0].decision.state is twinface.State.KNOWN
    again = twinface.open_identifier(config=config).identify(read_image(picture))
    assert (again.width_px, again.height_px) == (named.width_px, named.height_px)
    assert [face.score for face in again.faces] == [face.score for face in named.faces]
    stranger = twinface.identify(portraits / "impostor_1.jpg", config=config, gallery=tmp_path / "people")
    assert [face.name for face in stranger.faces] == [None]
    assert [face.name for face in twinface.identify(picture, config=config, threshold=1.0).faces] == [None]


def test_the_same_pictures_again_are_known(portraits: Path, config: Path) -> None:
    pictures = [portraits / "person_a_1.jpg", portraits / "person_a_2.jpg"]
    assert twinface.enrol("Ada", pictures, config=config).added == 2
    again = twinface.enrol("Ada", pictures, config=config)
    assert (again.added, again.known, again.refused) == (0, 2, ())


def test_mistakes_are_errors_that_name_the_mend(config: Path, portraits: Path, tmp_path: Path) -> None:
    with pytest.raises(twinface.ArtefactError, match="people"):
        twinface.open_gallery(config=config)
    with pytest.raises(twinface.InputError, match="no pictures there"):
        twinface.enrol("Ada", [], config=config)
    with pytest.raises(twinface.InputError, match="0 to 1"):
        twinface.open_identifier(threshold=40.0, config=config)
    with pytest.raises(twinface.SettingsError, match=r"gone\.toml: cannot be read"):
        twinface.open_identifier(config=tmp_path / "gone.toml")
    twinface.enrol("Ada", portraits / "person_a_1.jpg", config=config)
    identifier = twinface.open_identifier(config=config)
    with pytest.raises(twinface.InputError, match="no such file"):
        identifier.identify(tmp_path / "gone.jpg")
    with pytest.raises(twinface.InputError, match=r"expected uint8 .* got float64 \(4, 4\)"):
        identifier.identify(np.zeros((4, 4)))


def test_live_matches_are_followed_to_the_end_of_all_streams(config: Path) -> None:
    with short_run_directory() as run, FakeMatcher(run) as matcher:
        config.write_text(f'run_directory = "{run.path}"\n')
        earlier = matcher.event("enter")
        with twinface.follow(from_start=True, config=config) as matches:
            later = matcher.event("match", name="Ada", state="known", score=0.9)
            end = matcher.event("end", streams_open=0)
            assert list(matches) == [earlier, later, end]
            assert matches.missed == 0


def test_nothing_to_follow_is_said_at_once(config: Path) -> None:
    with short_run_directory() as run:
        config.write_text(f'run_directory = "{run.path}"\n')
        with pytest.raises(twinface.ServiceError, match="start it with `twinface up`"):
            twinface.follow(config=config)


def test_features_are_evaluated(config: Path, tmp_path: Path) -> None:
    features = make_features(tmp_path / "features", 60, [f"{number}.jpg" for number in range(6)])
    alike = twinface.evaluate(features, people="all", config=config)
    assert (len(alike.people), alike.subject.metric) == (60, "cosine")
    assert 0 < alike.verifications[0].figures.eer < 0.1
    assert alike.identification is not None
    assert len(twinface.evaluate(features, config=config, metric="l1").people) == 12

"""`twinface calibrate` without pictures of strangers, as people type it."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from documented_json import differences

from twinface.gallery import Gallery
from twinface.matching import load_head
from twinface.matching.head_folder import write_built_in_head
from twinface.matching.head_spec import DecisionCalibration
from twinface.matching.vectors import normalised
from twinface.networks import find_recipe
from twinface.recognition.identification import Identifier
from twinface.settings_file import load_settings
from twinface.types import Vectors

Run = Callable[..., tuple[int, str, str]]
NETWORK = find_recipe("sface").fingerprint
NOISE = 0.5


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, with a key and a configuration of its own."""
    monkeypatch.setenv("TWINFACE_KEY_FILE", str(tmp_path / "key"))
    monkeypatch.chdir(tmp_path)
    configure(tmp_path)
    monkeypatch.setenv("TWINFACE_CONFIG", str(tmp_path / "pipeline.toml"))
    return tmp_path


def configure(home: Path, top: str = "", matching: str = "") -> None:
    (home / "pipeline.toml").write_text(f'gallery = "gallery"\n{top}\n[matching]\n{matching}\n')


@pytest.fixture(scope="module")
def faces() -> Vectors:
    """Faces of the kind that the cohort knows, none of them in it, (400, 128)."""
    cohort = load_head(None, NETWORK).cohort
    assert cohort is not None
    points = cohort.strangers.imagine(400, seed=7)
    shuffled = np.random.default_rng(3).permutation(points)
    return np.asarray(np.exp(shuffled[:, -1:]) * normalised(cohort.prior + shuffled[:, :-1]), np.float32)


def pictures_of(face: Vectors, count: int, seed: int) -> Vectors:
    """Pictures of one face, which differ as those of a good network do."""
    noise = np.random.default_rng(seed).normal(size=(count, len(face))) * NOISE / np.sqrt(len(face))
    return np.asarray(np.linalg.norm(face) * normalised(normalised(face[np.newaxis]) + noise), np.float32)


def enrol(home: Path, faces: Vectors, counts: Sequence[int]) -> Gallery:
    gallery = Gallery.open(home / "gallery", network=NETWORK, network_name="sface", create=True)
    for number, (face, count) in enumerate(zip(faces, counts, strict=False)):
        files = tuple(f"{one}.jpg" for one in range(count))
        gallery.add(f"p{number:02}", files, pictures_of(face, count, number), np.ones(count, np.float32))
    return gallery


def expected(twinface: Run, *arguments: object) -> dict[str, object]:
    code, out, err = twinface("calibrate", *arguments, "--json")
    assert (code, err) == (0, "")
    found: dict[str, object] = json.loads(out)
    assert differences(found, "calibrate") == set()
    return found


def test_a_family_needs_no_strangers_and_nothing_is_stored(twinface: Run, home: Path, faces: Vectors) -> None:
    version = enrol(home, faces, [5, 5, 2, 1]).version
    code, out, err = twinface("calibrate")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == "4 people with 13 pictures"
    assert "so that 0.02 % of strangers at most get a name from one look" in lines[1]
    assert any(line.startswith("own pictures missed, each left out once: ") and "of 12" in line for line in lines)
    assert "1 person has one picture, none to leave out: p03" in lines
    assert "this threshold is in force, and found again at every change of the gallery; nothing is stored" in lines[-1]
    assert "[matching] strangers_named = SHARE" in lines[-1]
    assert sorted(path.name for path in home.iterdir()) == ["gallery", "key", "pipeline.toml"]
    assert Gallery.open(home / "gallery").version == version


def test_it_is_the_threshold_that_gives_names(twinface: Run, home: Path, faces: Vectors) -> None:
    enrol(home, faces, [3] * 40)
    for matching in ("", "strangers_named = 0.01", 'rule = "mean"', 'rule = "best-k"\nbest_k = 2'):
        configure(home, matching=matching)
        found = expected(twinface)
        in_force = Identifier(load_settings(home / "pipeline.toml")).threshold
        assert found["threshold_in_force"] == {
            "value": in_force.value,
            "source": in_force.source,
            "is_left_open": True,
        }
        assert found["threshold"] == in_force.value


def test_the_share_that_is_asked_for_is_expected_of_the_worse_kind(twinface: Run, home: Path, faces: Vectors) -> None:
    enrol(home, faces, [3] * 10)
    thresholds = []
    for asked in (0.05, 0.01, 0.001):
        found = expected(twinface, "--strangers-named", asked)
        shares = found["strangers_expected"]
        assert isinstance(shares, dict)
        assert max(shares.values()) == pytest.approx(asked, rel=0.1)
        assert 0 < min(shares.values()) < max(shares.values())
        thresholds.append(found["threshold"])
    assert thresholds == sorted(thresholds)
    assert len(set(thresholds)) == 3


def test_strangers_of_the_same_kind_get_names_as_seldom_as_expected(twinface: Run, home: Path, faces: Vectors) -> None:
    gallery, head = enrol(home, faces, [1] * 20), load_head(None, NETWORK)
    found = expected(twinface, "--strangers-named", 0.3)
    templates = gallery.snapshot().vectors
    reached = head.prepare(templates)(faces[20:]).max(axis=1) >= found["threshold"]
    assert 0.1 < reached.mean() <= 0.36, "380 of them; imagined strangers are a little less alike than real ones"


def test_own_pictures_that_are_missed_are_counted_by_person(twinface: Run, home: Path, faces: Vectors) -> None:
    gallery = enrol(home, faces, [4] * 6)
    poor = np.stack([*pictures_of(faces[200], 3, 99), faces[201]])
    gallery.add("poor", tuple("abcd"), np.asarray(poor, np.float32), np.ones(4, np.float32))
    found = expected(twinface)
    own = {one["name"]: (one["pictures"], one["missed"]) for one in found["own"]}  # type: ignore[attr-defined]
    assert own["poor"][0] == 4
    assert own["poor"][1] >= 1
    missed = found["own_missed"]
    assert isinstance(missed, dict)
    assert (missed["count"], missed["of"]) == (sum(one for _, one in own.values()), 28)
    low, high = missed["interval_95"]
    assert 0 <= low <= missed["share"] <= high < 1
    assert "  poor: 1 of 4" in twinface("calibrate")[1]


def test_one_picture_alone(twinface: Run, home: Path, faces: Vectors) -> None:
    enrol(home, faces, [1])
    found = expected(twinface)
    assert (found["own_missed"], found["own"], found["single"]) == (None, [], ["p00"])
    assert (found["most_alike"], found["twins"], found["near"]) == (None, [], None)
    assert 0.1 < found["threshold"] < 1.0  # type: ignore[operator]
    assert "1 person with 1 picture" in twinface("calibrate")[1]


def test_twins_are_said(twinface: Run, home: Path, faces: Vectors) -> None:
    gallery = enrol(home, faces, [3] * 4)
    gallery.add("twin", tuple("abc"), pictures_of(faces[2], 3, 50), np.ones(3, np.float32))
    out = twinface("calibrate")[1]
    assert "p02 and twin reach the threshold with each other: one person under two names, or twins" in out
    assert "most alike: p02 and twin" in out
    own = {one["name"]: one["missed"] for one in expected(twinface)["own"]}  # type: ignore[attr-defined]
    assert own["p02"] + own["twin"] > own["p00"] + own["p01"], "neither leads the other"


def test_what_decides_instead_and_what_changes_it_is_said(twinface: Run, home: Path, faces: Vectors) -> None:
    enrol(home, faces, [3] * 4)
    out = twinface("calibrate", "--strangers-named", 0.01)[1]
    assert "(one stranger in 5,000 gets a name, by 4 people enrolled) is in force" in out
    assert "set in the configuration: [matching] strangers_named = 0.01" in out
    configure(home, matching="strangers_named = 0.01")
    assert "this threshold is in force" in twinface("calibrate", "--strangers-named", 0.01)[1]
    configure(home, matching="threshold = 0.7")
    out = twinface("calibrate")[1]
    assert "the threshold 0.7 (set, not calibrated) is in force" in out
    assert '[matching] threshold = "", [matching] strangers_named = SHARE' in out
    decision = DecisionCalibration(rule="template", best_k=3, comparisons=1, people=9, thresholds={"0.001": 0.4})
    write_built_in_head(home / "head", NETWORK, "sface", decision)
    configure(home, top='head = "head"')
    out = twinface("calibrate")[1]
    assert "(false-accept rate 0.001, from 9 people) is in force: that of the head decides" in out


def test_a_rate_of_false_accepts_takes_the_place_of_strangers_named(twinface: Run, home: Path, faces: Vectors) -> None:
    enrol(home, faces, [2] * 50)
    code, out, _ = twinface("calibrate", "--far", "0.01", "--output", "head")
    assert code == 0
    assert out.endswith("from then on it takes the place of [matching] strangers_named\n")


@pytest.mark.parametrize(
    ("arguments", "matching", "told"),
    [
        (("--strangers-named", "0"), "", "--strangers-named 0: expected a share between 0 and 1"),
        (("--strangers-named", "1"), "", "--strangers-named 1: expected a share between 0 and 1"),
        (("--strangers-named", "nan"), "", "--strangers-named nan: expected a share between 0 and 1"),
        (("--strangers-named", "0.1", "--far", "0.1"), "", "without --far, --impostors and --output"),
        ((), 'rule = "vote"', 'the rule "vote" has no threshold'),
        (("--head", "cosine", "--strangers-named", "0.1"), "", "train one that does with `twinface train --strangers"),
        (("--gallery", "empty"), "", "nobody is in this gallery; add people with `twinface gallery add`"),
    ],
)
def test_mistakes_are_one_line_and_code_2(
    twinface: Run, faces: Vectors, arguments: tuple[str, ...], matching: str, told: str
) -> None:
    home = Path.cwd()
    enrol(home, faces, [2, 2])
    Gallery.open(home / "empty", network=NETWORK, network_name="sface", create=True)
    (home / "cosine").mkdir()
    about = {"format": 1, "architecture": "metric", "network": NETWORK, "calibration": {"slope": 36, "offset": 0.43}}
    (home / "cosine" / "head.json").write_text(json.dumps(about))
    configure(home, matching=matching)
    code, out, err = twinface("calibrate", *arguments)
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert told in err

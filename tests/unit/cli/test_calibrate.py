"""`twinface calibrate` as people type it."""

import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from documented_json import differences

from twinface.evaluation.protocols.split import person_digest
from twinface.files import canonical_json, read_json_object
from twinface.gallery import Gallery, PersonVectors, write_features
from twinface.matching import load_head
from twinface.matching.head_folder import write_built_in_head
from twinface.matching.head_spec import DecisionCalibration
from twinface.networks import find_recipe

Run = Callable[..., tuple[int, str, str]]
NETWORK = "a" * 64


def people(
    names: Sequence[str], pictures: int = 5, *, network: str = NETWORK, seed: int = 0, noise: float = 0.65
) -> list[PersonVectors]:
    """People with about the cosines of a good network: 0.7 with their own pictures, around 0 with others."""
    random = np.random.default_rng(seed)
    found = []
    for name in names:
        vectors = random.normal(size=64) + noise * random.normal(size=(pictures, 64))
        files = tuple(f"/photos/{name}/{number}.jpg" for number in range(pictures))
        found.append(PersonVectors(name, files, vectors.astype(np.float32), np.ones(pictures, np.float32), network))
    return found


def enrol(folder: Path, somebody: Sequence[PersonVectors], network: str = NETWORK) -> Path:
    gallery = Gallery.open(folder, network=network, network_name="testnet", create=True)
    for person in somebody:
        gallery.add(person.name, person.files, person.vectors, person.quality)
    return folder


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, with a key of its own and the settings that come with the package."""
    monkeypatch.setenv("TWINFACE_KEY_FILE", str(tmp_path / "key"))
    monkeypatch.delenv("TWINFACE_CONFIG", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def gallery(home: Path) -> Path:
    """Fifty people, one picture of p07 is of p03, one of p09 of nobody."""
    fifty = people([f"p{number:02}" for number in range(50)])
    fifty[7].vectors[2] = fifty[3].vectors[1] + 0.1
    fifty[9].vectors[4] = np.random.default_rng(7).normal(size=64)
    return enrol(home / "gallery", fifty)


def test_thresholds_are_stored_in_a_head_of_its_own(twinface: Run, gallery: Path, home: Path) -> None:
    code, out, err = twinface("calibrate", "--gallery", gallery, "--far", "0.001", "--output", home / "cosine")
    assert (code, err) == (0, "")
    assert "50 people with 250 pictures; rule template" in out
    assert "12,250 impostor comparisons of 1,225 pairs of people" in out
    assert "0.0001: not reported, too few people; the lowest reported is 0.00082" in out
    assert "most alike: p03 and p07" in out
    assert "p07: 2.jpg" in out
    assert "p09: 4.jpg" in out
    assert "no accuracy on other people" in out
    assert f'set in the configuration: head = "{home / "cosine"}"\n' in out
    decision = load_head(home / "cosine", NETWORK).spec.decision
    assert decision is not None
    assert (decision.rule, decision.best_k, decision.people, decision.comparisons) == ("template", 3, 50, 12_250)
    assert set(decision.thresholds) == {"0.01", "0.001"}


def test_json_tells_it_all(twinface: Run, gallery: Path, home: Path) -> None:
    code, out, err = twinface("calibrate", "--gallery", gallery, "--far", "0.002", "--json")
    assert (code, err) == (0, "")
    report = json.loads(out)
    assert differences(report, "calibrate --far") == set()
    assert (report["people"], report["pictures"], report["people_pairs"]) == (50, 250, 1225)
    assert list(report["points"]) == ["0.01", "0.002", "0.001"]
    point = report["points"]["0.002"]
    assert report["threshold"] == point["threshold"]
    assert point["false_accepts"]["count"] == 24
    assert point["false_accepts"]["of"] == report["impostor_comparisons"] == 12_250
    assert point["false_accepts"]["interval_95"][1] > 0.002
    assert point["not_named"]["of"] == point["strangers_named"]["of"] == 250
    assert report["not_carried"] == ["0.0001"]
    assert {(one["person"], one["picture"], one["reason"]) for one in report["suspects"]} == {
        ("p07", "/photos/p07/2.jpg", "mislabelled"),
        ("p09", "/photos/p09/4.jpg", "poor"),
    }
    assert report["suspects"][0]["other"] == "p03"
    assert (report["most_alike"]["first"], report["most_alike"]["second"]) == ("p03", "p07")
    assert report["stored"] is None
    assert sorted(path.name for path in home.iterdir()) == ["gallery", "key"]


def test_the_head_that_is_named_keeps_all_it_had(twinface: Run, gallery: Path, home: Path) -> None:
    old = DecisionCalibration(rule="mean", best_k=3, comparisons=1, people=1, thresholds={"0.5": 0.5})
    write_built_in_head(home / "head", NETWORK, "testnet", old)
    content = read_json_object(home / "head" / "head.json") | {"seed": 3, "calibration": {"slope": 20, "offset": 0.3}}
    (home / "head" / "head.json").write_bytes(canonical_json(content))
    code, out, _ = twinface("calibrate", "--gallery", gallery, "--head", home / "head", "--far", "0.01")
    assert code == 0
    assert f"stored in {home / 'head'}; set in the configuration" in out
    assert "[matching] false_accept_rate = 0.01" in out
    now = read_json_object(home / "head" / "head.json")
    assert now.pop("decision")["rule"] == "template"
    content.pop("decision")
    assert now == content


def test_people_the_head_learnt_from_are_told(twinface: Run, gallery: Path, home: Path) -> None:
    calibration = DecisionCalibration(rule="mean", best_k=3, comparisons=1, people=1, thresholds={})
    write_built_in_head(home / "head", NETWORK, "testnet", calibration)
    content = read_json_object(home / "head" / "head.json") | {
        "learnt_from": [person_digest("p01"), person_digest("x")]
    }
    (home / "head" / "head.json").write_bytes(canonical_json(content))
    code, out, err = twinface("calibrate", "--gallery", gallery, "--head", home / "head", "--json")
    assert code == 0
    assert "warning: the head was trained on 1 of these people" in err
    assert json.loads(out)["learnt"] == ["p01"]


def test_people_the_bundled_head_was_trained_on_are_reported(twinface: Run, home: Path, shared_data: Path) -> None:
    network = find_recipe("sface").fingerprint
    random = np.random.default_rng(3)
    gallery = Gallery.open(home / "gallery", network=network, network_name="sface", create=True)
    names = sorted(path.name for path in (shared_data / "people").iterdir())[:60]
    for name in names:
        vectors = (random.normal(size=128) + 0.65 * random.normal(size=(3, 128))).astype(np.float32)
        gallery.add(name, ("1.jpg", "2.jpg", "3.jpg"), vectors, np.ones(3, np.float32))
    code, out, err = twinface("calibrate", "--gallery", gallery.folder, "--output", home / "head", "--json")
    assert code == 0
    assert "warning: the head was trained on 48 of these people" in err
    assert json.loads(out)["learnt"] == [name for row, name in enumerate(names) if row % 5 != 4]
    stored = load_head(home / "head", network).spec
    assert (stored.architecture, stored.network_name) == ("plda", "sface")
    assert stored.decision is not None
    assert stored.decision.people == 60


def test_the_configured_head_and_rule_are_used(
    twinface: Run, gallery: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert twinface("calibrate", "--gallery", gallery, "--output", "cosine")[0] == 0
    config = home / "pipeline.toml"
    config.write_text('gallery = "gallery"\nhead = "cosine"\n[matching]\nrule = "mean"\nfalse_accept_rate = 0.01\n')
    monkeypatch.setenv("TWINFACE_CONFIG", str(config))
    code, out, _ = twinface("calibrate")
    assert code == 0
    assert f"stored in {home / 'cosine'}; in use from now on" in out
    decision = load_head(home / "cosine", NETWORK).spec.decision
    assert decision is not None
    assert decision.rule == "mean"
    config.write_text(config.read_text() + "threshold = 0.7\n")
    assert 'set in the configuration: [matching] threshold = ""' in twinface("calibrate")[1]


def test_strangers_carry_what_a_family_cannot(twinface: Run, home: Path) -> None:
    family = people(["Ada", "Bob", "Eve"])
    enrol(home / "gallery", family)
    others = people([f"s{number}" for number in range(400)], pictures=3, seed=1)
    write_features(home / "strangers", [*others, *family])
    arguments = ("calibrate", "--gallery", home / "gallery", "--far", "0.004", "--json")
    code, out, err = twinface(*arguments)
    assert code == 2
    assert "3 people: too few, with 3 pairs of people and 30 impostor comparisons; name features of" in err
    assert "or train a head that knows strangers with `twinface train --strangers`" in err
    told = json.loads(out)
    assert differences(told, "calibrate --far", table=1) == set()
    assert (told["calibrated"], told["stored"], told["people"], told["far"]) == (False, None, 3, 0.004)
    assert told["lowest_rate"] == 0.34
    assert (told["people_needed"], told["strangers_needed"]) == (23, 824)
    assert told["threshold_in_force"] == {
        "value": 0.5,
        "source": "default, not calibrated",
        "stands_for": "an even chance by the head's own scale; no rate was measured",
    }
    code, out, err = twinface(*arguments, "--impostors", home / "strangers")
    assert code == 0
    assert "left out as impostors, being in the gallery: Ada, Bob, Eve" in err
    report = json.loads(out)
    assert report["calibrated"]
    assert differences(report, "calibrate --far") == set()
    assert (report["strangers"], report["strangers_pictures"], report["left_out"]) == (400, 1200, ["Ada", "Bob", "Eve"])
    assert report["impostor_comparisons"] == 30 + 3600
    assert report["points"]["0.004"]["strangers_named"]["of"] == 1215
    assert report["most_alike_stranger"]["first"].startswith("s")


def test_what_a_refusal_names_is_enough(twinface: Run, home: Path) -> None:
    enrol(home / "gallery", people(["Ada", "Bob", "Eve"]))
    arguments = ("calibrate", "--gallery", home / "gallery", "--far", "0.01")
    told = "name features of 324 strangers with --impostors, or add people until there are 15"
    assert told in twinface(*arguments)[2]
    write_features(home / "strangers", people([f"s{number}" for number in range(324)], pictures=1, seed=1))
    assert twinface(*arguments, "--impostors", home / "strangers")[0] == 0


def test_a_family_is_told_what_stays_in_force_and_what_that_stands_for(twinface: Run, home: Path) -> None:
    network = find_recipe("sface").fingerprint
    random = np.random.default_rng(3)
    gallery = Gallery.open(home / "gallery", network=network, network_name="sface", create=True)
    for name in ("Ada", "Bob", "Eve", "Ann"):
        vectors = (random.normal(size=128) + 0.65 * random.normal(size=(5, 128))).astype(np.float32)
        gallery.add(name, tuple("12345"), vectors, np.ones(5, np.float32))
    before = gallery.version
    code, out, err = twinface("calibrate", "--gallery", gallery.folder, "--far", "0.001", "--output", home / "head")
    assert code == 2
    in_force = json.loads(twinface("calibrate", "--gallery", gallery.folder, "--json")[1])["threshold_in_force"]
    usual = re.escape("0.001 of the pairs of different people that the head was measured on reach")
    assert out.splitlines()[0] == "the lowest false-accept rate that these people can show is 0.17"
    assert re.fullmatch(
        rf"nothing is stored; the threshold {in_force['value']:.4g} \(one stranger in 5,000 gets a name, by 4 people "
        rf"enrolled\) stays in force: stricter than 0\.\d+, which {usual}",
        out.splitlines()[1],
    )
    assert err.count("\n") == 1
    assert "4 people: too few" in err
    assert "or call `twinface calibrate` without --far and --impostors" in err
    assert not (home / "head").exists()
    assert Gallery.open(gallery.folder).version == before
    assert "take a higher rate" not in err, "0.17 is no rate to live with"


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of galleries, heads and features to make mistakes with; its key is in `key`."""
    shelf = tmp_path_factory.mktemp("shelf")
    calibration = DecisionCalibration(rule="mean", best_k=3, comparisons=1, people=1, thresholds={})
    twenty = people([f"p{number:02}" for number in range(20)], pictures=11)
    same = (person for name in ("Ada", "Ada2") for person in people([name], 40, noise=0.2))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TWINFACE_KEY_FILE", str(shelf / "key"))
        enrol(shelf / "gallery", twenty)
        enrol(shelf / "empty", [])
        enrol(shelf / "singles", people(["Ada", "Bob", "Eve"], pictures=1))
        enrol(shelf / "two", people(["Ada", "Bob"], pictures=2))
        enrol(shelf / "alone", people(["Ada"]))
        enrol(shelf / "twice", [*same, *people(["p0", "p1", "p2"], 2, seed=1)])
        write_built_in_head(shelf / "other", "b" * 64, "othernet", calibration)
        write_built_in_head(shelf / "own", NETWORK, "testnet", calibration)
        write_features(shelf / "other-features", people(["zed"], network="b" * 64))
        write_features(shelf / "same-features", twenty[:2])
    return shelf


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--far", "0"), "--far 0: expected a rate between 0 and 1"),
        (("--far", "1"), "--far 1: expected a rate between 0 and 1"),
        (("--far", "nan"), "--far nan: expected a rate between 0 and 1"),
        (("--gallery", "nowhere"), "no gallery here; start one with"),
        (("--gallery", "empty"), "nobody is in this gallery; add people"),
        (("--gallery", "singles"), "3 people with one picture each: none is left to compare when"),
        (("--gallery", "alone"), "Ada is alone in the gallery: nobody to be taken for; add people"),
        (("--gallery", "twice", "--far", "0.1"), "Ada and Ada2 look like one person under two names"),
        (("--far", "0.0001"), "take a higher rate: --far 0.0053 is the lowest that they can show, or name features of"),
        (("--far", "0.0001"), "strangers with --impostors, or add people until there are 142"),
        (
            ("--gallery", "two"),
            "2 people: too few, with 1 pair of people and 4 impostor comparisons; name features of",
        ),
        (("--head", "nowhere"), "nowhere: no such folder"),
        (("--head", "other"), "this head is for the network othernet"),
        (("--head", "own", "--output", "new"), "--output is for the built-in head; leave it out"),
        (("--output", "other"), "something else is there; name another folder with --output"),
        (("--impostors", "nowhere"), "no such folder; make features with `twinface extract`"),
        (("--impostors", "other-features"), "extract them with --network testnet"),
        (("--impostors", "same-features"), "everybody in it is in the gallery"),
    ],
)
def test_mistakes_are_one_line_and_code_2(
    twinface: Run, shelf: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], told: str
) -> None:
    monkeypatch.chdir(shelf)
    monkeypatch.setenv("TWINFACE_KEY_FILE", "key")
    before = {path: path.read_bytes() for path in shelf.rglob("*.json")}
    gallery = () if "--gallery" in arguments else ("--gallery", "gallery")
    code, out, err = twinface("calibrate", *gallery, *arguments)
    assert code == 2
    assert out == "" or "nothing is stored; the threshold 0.5 (default, not calibrated) stays in force" in out
    assert err.startswith("twinface: ")
    assert err.count("\n") == 1
    assert told in err
    assert {path: path.read_bytes() for path in shelf.rglob("*.json")} == before


def test_the_rule_vote_has_no_threshold(
    twinface: Run, gallery: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "pipeline.toml").write_text('[matching]\nrule = "vote"\n')
    monkeypatch.setenv("TWINFACE_CONFIG", str(home / "pipeline.toml"))
    code, _, err = twinface("calibrate", "--gallery", gallery)
    assert code == 2
    assert 'set rule = "template" in [matching]' in err

import importlib.util
import json
import re
import shutil
from collections.abc import Callable
from html.parser import HTMLParser
from itertools import combinations
from pathlib import Path

import cv2
import numpy as np
import pytest
from made_features import make_features

from twinface.evaluation.protocols.split import person_digest, validation_people

Run = Callable[..., tuple[int, str, str]]

KEYS = {
    "pairs", "undetected", "accuracy_mean", "accuracy_std", "auc", "eer", "tar_at_far", "threshold", "metric",
    "network", "head", "seconds",
}  # fmt: skip


@pytest.fixture(autouse=True)
def own_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWINFACE_KEY_FILE", str(tmp_path / "key"))


@pytest.fixture
def images(tmp_path: Path, portraits: Path) -> Path:
    """The portraits as LFW has its pictures, and one in which there is no face."""
    folder = tmp_path / "images"
    for path in sorted(portraits.glob("*.jpg")):
        name, _, number = path.stem.rpartition("_")
        (folder / name).mkdir(parents=True, exist_ok=True)
        shutil.copy(path, folder / name / f"{name}_{int(number):04}.jpg")
    cv2.imwrite(str(folder / "person_a" / "person_a_0003.png"), np.full((200, 200, 3), 127, np.uint8))
    return folder


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    """Two folds of two pairs of each kind; one picture of the last has no face."""
    lines = [
        "2\t2", "person_a\t1\t2", "person_b\t1\t2", "person_a\t1\tperson_b\t2", "impostor\t1\tperson_b\t1",
        "person_b\t2\t1", "person_a\t2\t3", "person_a\t2\tperson_b\t1", "impostor\t2\tperson_a\t1",
    ]  # fmt: skip
    path = tmp_path / "pairs.txt"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_pairs_of_real_faces(twinface: Run, images: Path, pairs: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    code, text, _ = twinface("evaluate", "--pairs", pairs, "--images", images, "--network", "sface", "--json", out)
    assert code == 0
    found = json.loads(out.read_text())
    assert found.keys() >= KEYS
    assert (found["pairs"], found["genuine_pairs"], found["impostor_pairs"]) == (8, 4, 4)
    assert (found["undetected"], found["undetected_pictures"]) == (1, 1)
    assert [fold["accuracy"] for fold in found["folds"]] == [1.0, 0.75]
    assert (found["accuracy_mean"], found["accuracy_std"]) == (0.875, 0.125)
    assert found["auc"] == 0.75  # the pair without a face has the lowest score of all
    assert found["tar_at_far"] == {}
    assert (found["metric"], found["network"], found["head"]) == ("cosine", "sface", None)
    assert 0.3 < found["threshold"] < 0.7
    assert found["people"] == 3
    assert "accuracy 87.50 % ± 12.50 % over 2 folds" in text
    assert "1 pair decided different: no face in 1 picture" in text


def test_other_order_and_other_metric_of_the_same_pairs(twinface: Run, images: Path, tmp_path: Path) -> None:
    """Lines of paths, to standard output; L1 tells these faces apart as well."""
    pictures = sorted(path.relative_to(images) for path in images.rglob("*.jpg"))
    lines = [f"{a},{b},{int(a.parent == b.parent)}" for a, b in combinations(pictures, 2) if "impostor" not in str(a)]
    (tmp_path / "pairs.csv").write_text("\n".join(lines))
    code, text, _ = twinface(
        "evaluate", "--pairs", tmp_path / "pairs.csv", "--images", images, "--metric", "l1", "--json", "-"
    )
    assert code == 0
    found = json.loads(text)
    assert (found["metric"], found["pairs"], found["undetected"]) == ("l1", 6, 0)
    assert (found["auc"], found["eer"], found["accuracy_mean"]) == (1.0, 0.0, 1.0)
    assert found["threshold"] < 0


def test_pairs_of_whom_the_head_learnt_from_are_left_out(
    twinface: Run, images: Path, pairs: Path, tmp_path: Path
) -> None:
    head = tmp_path / "head"
    head.mkdir()
    twinface("evaluate", "--pairs", pairs, "--images", images, "--json", tmp_path / "cosine.json")
    network = json.loads((tmp_path / "cosine.json").read_text())["network_fingerprint"]
    about = {
        "format": 1,
        "architecture": "metric",
        "network": network,
        "calibration": {"slope": 36.0, "offset": 0.43},
        "learnt_from": [person_digest("somebody else")],
    }
    (head / "head.json").write_text(json.dumps(about))
    code, text, _ = twinface("evaluate", "--pairs", pairs, "--images", images, "--head", head, "--json", "-")
    assert code == 0
    found = json.loads(text)
    assert (found["metric"], found["left_out"], found["pairs"]) == ("head", 0, 8)
    about["learnt_from"] = [person_digest("person_a"), person_digest("impostor")]
    (head / "head.json").write_text(json.dumps(about))
    code, _, error = twinface("evaluate", "--pairs", pairs, "--images", images, "--head", head)
    assert code == 2
    assert re.search(r"6 of 8 pairs show people that .*head was trained on, too few are left; name a list", error)
    about["learnt_from"] = [person_digest("impostor")]
    (head / "head.json").write_text(json.dumps(about))
    found = json.loads(twinface("evaluate", "--pairs", pairs, "--images", images, "--head", head, "--json", "-")[1])
    assert (found["left_out"], found["pairs"], found["genuine_pairs"]) == (2, 6, 4)


def test_features_in_the_terminal_and_as_json(twinface: Run, tmp_path: Path) -> None:
    files = [f"frontal_{n}.jpg" for n in range(4)] + ["profile_1.jpg", "profile_2.jpg"]
    features = make_features(tmp_path / "features", 60, files)
    code, text, _ = twinface("evaluate", "--features", features, "--people", "all", "--json", tmp_path / "out.json")
    assert code == 0
    for words in ("60 people, 360 pictures (all)", "frontal-profile", "rank 1", "FNIR", "taken for"):
        assert words in text
    found = json.loads((tmp_path / "out.json").read_text())
    assert found.keys() >= KEYS - {"undetected", "accuracy_mean", "accuracy_std", "threshold"}
    assert set(found["groups"]) == {"frontal-frontal", "frontal-profile", "profile-profile"}
    assert set(found["tar_at_far"]) == {"0.01", "0.001"}
    low, high = found["intervals"]["tar_at_far"]["0.001"]
    assert low < found["tar_at_far"]["0.001"] < high
    identification = found["identification"]
    assert set(identification["fnir_at_fpir"]) == {"0.01"}
    assert len(identification["people"]) == 60
    assert {"name", "file", "taken_for", "times", "searches", "score"} == identification["confusions"][0].keys()
    assert re.fullmatch(r"person \d\d/(frontal|profile)_\d\.jpg", found["worst"]["impostors"][0]["first"])


class _Links(HTMLParser):
    """Everything a page would load."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.urls: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.urls += [value or "" for name, value in attrs if name in {"src", "srcset", "href", "data", "action"}]


def test_the_report_is_one_file_that_loads_nothing(twinface: Run, images: Path, pairs: Path, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    folder = tmp_path / "plots"
    code, text, _ = twinface("evaluate", "--pairs", pairs, "--images", images, "--plots", folder)
    assert code == 0
    assert f"report: {folder / 'report.html'}" in text.replace("\n", "")
    names = {path.name for path in folder.iterdir()}
    assert names == {"roc.png", "det.png", "scores.png", "worst_errors.png", "report.html"}
    for name in names - {"report.html"}:
        assert cv2.imread(str(folder / name)) is not None
    page = (folder / "report.html").read_text()
    links = _Links()
    links.feed(page)
    assert {"script", "link", "iframe"}.isdisjoint(links.tags)
    assert len(links.urls) > 6
    assert all(url.startswith("data:image/") for url in links.urls)
    assert "http" not in page
    assert "url(" not in page
    for words in ("87.50 %", "person_a/<wbr>person_a_0001.jpg", "1 pair decided different", "± 12.50 %"):
        assert words in page


def test_a_report_of_features_has_no_faces_without_the_pictures(twinface: Run, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    features = make_features(tmp_path / "features", 12, [f"<b>{n}.jpg" for n in range(5)])
    code, _, _ = twinface("evaluate", "--features", features, "--people", "all", "--plots", tmp_path / "plots")
    assert code == 0
    assert {path.name for path in (tmp_path / "plots").iterdir()} == {
        "roc.png", "det.png", "scores.png", "identification.png", "report.html"
    }  # fmt: skip
    page = (tmp_path / "plots/report.html").read_text()
    assert "image/jpeg" not in page
    assert "&lt;b&gt;" in page
    assert "<b>1.jpg" not in page
    assert "Each person, the worst first" in page


def test_figures_of_four_people_have_no_intervals(twinface: Run, tmp_path: Path) -> None:
    features = make_features(tmp_path / "features", 4, [f"{n}.jpg" for n in range(8)])
    command = ("evaluate", "--features", features, "--people", "all")
    code, text, _ = twinface(*command)
    assert code == 0
    assert "4 people: no interval" in text
    assert "\N{EN DASH}" not in text
    found = json.loads(twinface(*command, "--json", "-")[1])
    assert found["identification"]["intervals"]["rank1"] is None
    for measured in (found, found["identification"]):
        assert measured["no_interval"] == "4 people: no interval"
    assert {name: found["intervals"][name] for name in ("eer", "auc")} == {"eer": None, "auc": None}
    assert found["eer"] >= 0
    pytest.importorskip("matplotlib")
    assert twinface(*command, "--plots", tmp_path / "plots")[0] == 0
    page = (tmp_path / "plots" / "report.html").read_text()
    assert "<small>4 people: no interval</small>" in page
    assert "\N{EN DASH}" not in page


def test_five_people_have_intervals(twinface: Run, tmp_path: Path) -> None:
    features = make_features(tmp_path / "features", 5, [f"{n}.jpg" for n in range(8)])
    code, text, _ = twinface("evaluate", "--features", features, "--people", "all")
    assert code == 0
    assert "no interval" not in text
    assert "\N{EN DASH}" in text


def test_nothing_is_overwritten_unasked(twinface: Run, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    features = make_features(tmp_path / "features", 12, [f"{n}.jpg" for n in range(5)])
    out, plots = tmp_path / "out.json", tmp_path / "plots"
    plots.mkdir()
    command = ("evaluate", "--features", features, "--people", "all")
    for options, there in (
        (("--json", out), out),
        (("--plots", plots), plots / "report.html"),
        (("--plots", plots), plots / "roc.png"),
    ):
        there.write_text("of somebody's own")
        code, _, error = twinface(*command, *options)
        assert code == 2
        assert f"{there}: there already; name another" in error
        assert "--force" in error
        assert there.read_text() == "of somebody's own"
        assert twinface(*command, *options, "--force")[0] == 0
        assert there.read_bytes() != b"of somebody's own"
        if there.parent == plots:
            assert {path.name for path in plots.iterdir()} >= {"report.html", "roc.png"}
            for path in plots.iterdir():
                path.unlink()


@pytest.mark.parametrize("package", ["jinja2", "matplotlib"])
def test_a_report_without_its_packages_names_the_extra(
    twinface: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *more: None if name == package else find(name, *more))
    code, _, error = twinface("evaluate", "--features", tmp_path, "--plots", tmp_path / "plots")
    assert (code, error) == (
        2, f"twinface: --plots needs {package}, which is not installed; pip install 'twinface[train]'\n"
    )  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ((), "give either --pairs FILE with --images DIR, or --features DIR"),
        (("--pairs", "pairs.txt", "--features", "features"), "give either --pairs"),
        (("--pairs", "pairs.txt"), "--pairs needs --images"),
        (("--pairs", "pairs.txt", "--images", "images", "--metric", "l2"), "--metric l2: expected cosine, l1 or head"),
        (("--features", "features", "--metric", "l1", "--head", "head"), "and no --head beside it"),
        (("--features", "features", "--head", "nowhere"), "no such folder; train a head"),
        (("--features", "nowhere"), "no such folder; make features"),
        (("--features", "features", "--groups", "frontal"), "--groups frontal: expected NAME=PATTERN"),
        (("--features", "features", "--json", "/proc/none/x.json"), "--json /proc/none/x.json: cannot be written"),
        (("--features", "features", "--network", "nonet"), "no network 'nonet'"),
        (("--pairs", "short.txt", "--images", "images"), "short.txt:2: 5 columns"),
        (("--pairs", "one.txt", "--images", "images"), "at least two of the same person and two of different"),
        (("--pairs", "missing.txt", "--images", "images"), "missing.txt:3: .* is not there"),
        (("--pairs", "damaged.txt", "--images", "images"), "damaged.jpg: not a picture, or damaged"),
        (("--pairs", "faceless.txt", "--images", "images"), "no face in any of 2 pictures"),
    ],
)
def test_mistakes_are_one_line_that_names_the_mend(
    twinface: Run, images: Path, arguments: tuple[str, ...], reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(images.parent)
    make_features(Path("features"), 25, ["1.jpg", "2.jpg"])
    (images / "damaged.jpg").write_text("no picture")
    shutil.copy(images / "person_a/person_a_0003.png", images / "grey.png")
    same, other = "person_a 1 2\nperson_a 2 1\n", "person_a 1 person_b 1\nperson_a 2 person_b 2\n"
    Path("pairs.txt").write_text(same + other)
    Path("short.txt").write_text("person_a 1 2\nperson_a 1 person_b 2 3\n")
    Path("one.txt").write_text("person_a 1 2\n" + other)
    Path("missing.txt").write_text(same + "person_a 1 person_c 1\n")
    grey, whole = "person_a/person_a_0003.png", "person_a/person_a_0001.jpg"
    Path("damaged.txt").write_text(
        f"damaged.jpg {whole} 1\n{whole} damaged.jpg 1\n{whole} {grey} 0\n{grey} {whole} 0\n"
    )
    Path("faceless.txt").write_text(f"grey.png {grey} 1\n" * 2 + f"grey.png {grey} 0\n" * 2)
    code, _, error = twinface("evaluate", *arguments)
    assert code == 2
    assert error.startswith("twinface: ")
    assert error.count("\n") == 1
    assert re.search(reason, error)


def test_validation_people_of_the_shared_pictures(twinface: Run, shared_data: Path, tmp_path: Path) -> None:
    """Frontal pictures of people that nothing was trained on: SFace tells nearly all apart."""
    names = validation_people(path.name for path in (shared_data / "people").iterdir())[:8]
    same = [f"{name}/frontal_{n:02}.jpg {name}/frontal_0{n + 1}.jpg 1" for name in names for n in (1, 2)]
    other = [f"{a}/frontal_01.jpg {b}/frontal_02.jpg 0" for a, b in combinations(names, 2)][:16]
    (tmp_path / "pairs.txt").write_text("\n".join(same + other))
    code, text, _ = twinface(
        "evaluate", "--pairs", tmp_path / "pairs.txt", "--images", shared_data / "people", "--network", "sface",
        "--json", "-",
    )  # fmt: skip
    assert code == 0
    found = json.loads(text)
    assert (found["pairs"], found["undetected"], found["people"]) == (32, 0, 8)
    assert found["auc"] == 1.0
    assert found["accuracy_mean"] >= 0.95

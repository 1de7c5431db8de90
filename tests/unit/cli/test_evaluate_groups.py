import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_groups import directions, two_groups, write_labels, write_people

from twinface.matching.head_folder import built_in_head
from twinface.networks.registry import name_network

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """features and labels.tsv of two groups, in the current folder."""
    monkeypatch.setenv("TWINFACE_KEY_FILE", str(tmp_path / "key"))
    monkeypatch.chdir(tmp_path)
    two_groups(tmp_path)
    return tmp_path


COMMAND = ("evaluate", "--features", "features", "--people", "all")
LABELS = (*COMMAND, "--groups", "labels.tsv", "--far", "0.02")


def test_the_table_fits_a_terminal_and_has_every_figure(twinface: Run) -> None:
    code, text, errors = twinface(*LABELS)
    assert (code, errors) == (0, "")
    assert max(map(len, text.splitlines())) <= 80
    for line in (
        r"83 people, 166 pictures \(all\); threshold \S+ \(false-accept rate 0.02 of",
        r"1 a +2.31 +72 +12.5 +5",
        r"40 +1\.\d\S3\.\d +3,120 +\S+ +40",
        r"2 b +0.385 +12 +0 +0",
        r"3 c +too few +too few",
        r"everybody +0.705 +96 +6.02 +5",
        r"2 b +0.19 +0.38",
        r"3 c +\S +\S +\S *\n",
        r"most false accepts inside: a, 2.31 %; 6.00 times \(\S+ or more\) that of b,",
        r"most false rejects: a, 12.5 %; 2.08 times \(\S+\) everybody's",
        r"by sex",
        r"too few: fewer than 20",
    ):
        assert re.search(line, text), line


def test_json_has_the_same_figures(twinface: Run, folder: Path) -> None:
    code, text, _ = twinface(*LABELS, "--by", "sex,group", "--json", "-")
    assert code == 0
    found = json.loads(text)
    assert found.keys() == {
        "schema", "metric", "head", "network", "network_fingerprint", "people_chosen", "left_out", "labels",
        "threshold", "threshold_source", "false_accept_rate_asked", "same_person_above", "pairs_set_aside",
        "fewest_people", "everybody", "groupings", "seconds",
    }  # fmt: skip
    assert found["everybody"]["false_accepts"]["count"] == 96
    (grouping,) = found["groupings"]
    assert grouping["columns"] == ["sex", "group"]
    assert [one["name"] for one in grouping["groups"]] == ["f / a", "f / b", "f / c", "m / a", "m / b", "m / c"]
    assert grouping["groups"][3]["labels"] == {"sex": "m", "group": "a"}
    shares = [one["false_accepts"] for one in grouping["groups"]] + [
        one["false_accepts"] for one in grouping["between"]
    ]
    assert sum(one["count"] for one in shares if one) == 96
    assert {"rate", "count", "pairs", "people", "interval"} == shares[0].keys()
    twinface(*LABELS, "--by", "sex,group", "--json", folder / "out.json")
    assert json.loads((folder / "out.json").read_text())["groupings"] == found["groupings"]


def test_what_is_left_out_is_said(twinface: Run, folder: Path) -> None:
    lines = (folder / "labels.tsv").read_text().splitlines()
    rows = [f"{line}\tremark {line[:3]}" for line in lines if not line.startswith("c")]
    (folder / "labels.tsv").write_text("\n".join([*rows, "zoe\tz\tf\t"]))
    code, text, _ = twinface(*LABELS, "--same-person-above", "0.999")
    assert code == 2  # nothing is left to accept: every score is 0
    code, text, _ = twinface(*LABELS)
    assert code == 0
    for line in ("3 people left out: no row in labels.tsv", "1 row of labels.tsv: about nobody here", "groups: remark"):
        assert line in text


def features_of_sface(folder: Path) -> Path:
    """The same people for the bundled head of SFace."""
    network = "8088c3d01916df6b6aa9ebb9317780e8bdf129b21f8efeacb2eaa7b54cf46dfa"
    assert name_network(network) == "sface"
    rng = np.random.default_rng(0)
    people = {f"p{number:02}": rng.normal(size=(2, 128)).astype(np.float32) for number in range(50)}
    write_labels(folder / "half.tsv", [("who", "half"), *((name, str(int(name[1:]) // 25)) for name in people)])
    return write_people(folder / "sface", people, network)


def test_the_bundled_head_is_asked_at_the_threshold_in_force(twinface: Run, folder: Path) -> None:
    features = features_of_sface(folder)
    (folder / "pipeline.toml").write_text("[matching]\nthreshold = 0.25\n")
    words = ("evaluate", "--features", features, "--people", "all", "--groups", "half.tsv", "--metric", "head")
    code, text, _ = twinface(*words, "--json", "-")
    assert code == 0
    found = json.loads(text)
    assert (found["metric"], found["threshold"], found["threshold_source"]) == ("head", 0.25, "set, not calibrated")
    assert found["head"] == str(built_in_head(found["network_fingerprint"]))
    code, text, _ = twinface("evaluate", "--features", features, "--people", "all", "--metric", "head", "--json", "-")
    assert json.loads(text)["head"] == found["head"]


def test_patterns_of_file_names_are_groups_as_before(twinface: Run) -> None:
    code, text, _ = twinface(*COMMAND, "--groups", "first=*_0.*,second=*_1.*", "--json", "-")
    assert code == 0
    assert set(json.loads(text)["groups"]) == {"first-second"}  # nobody has two pictures of one group


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ((*COMMAND, "--groups", "nowhere.tsv"), "--groups nowhere.tsv: cannot be read .* name a file of labels"),
        ((*COMMAND, "--groups", "nowhere.txt"), "expected NAME=PATTERN .* none, or a file of labels"),
        ((*COMMAND, "--groups", "features"), "--groups features: cannot be read"),
        ((*COMMAND, "--groups", "key"), "--groups key: no text in UTF-8|no tab in the header|expected a header"),
        ((*LABELS, "--by", "height"), "--by height: labels.tsv has no label column 'height'; it has group, sex"),
        ((*COMMAND, "--by", "sex"), "--by: goes with a file of labels; name one with --groups LABELS.tsv"),
        ((*COMMAND, "--far", "0.1"), "--far: goes with a file of labels"),
        ((*COMMAND, "--same-person-above", "0.6"), "--same-person-above: goes with a file of labels"),
        ((*LABELS, "--same-person-above", "1.5"), "expected a cosine between 0 and 1, such as 0.6"),
        ((*COMMAND, "--groups", "labels.tsv", "--far", "2"), "--far 2: expected a rate between 0 and 1"),
        ((*COMMAND, "--groups", "labels.tsv", "--far", "1e-6"), "fewer than 10; take 0.00074 or more, or add people"),
        (
            (*COMMAND, "--groups", "labels.tsv", "--metric", "head"),
            "--metric head: no head is bundled for the network 7",
        ),
        ((*LABELS, "--images", "features"), "labels go with --features DIR, without --pairs and --images"),
        ((*LABELS, "--json", "labels.tsv"), "labels.tsv: nothing is written to labels.tsv, which is read"),
    ],
)
def test_mistakes_are_one_line_that_names_the_mend(twinface: Run, arguments: tuple[str, ...], reason: str) -> None:
    before = Path("labels.tsv").read_bytes()
    code, _, error = twinface(*arguments)
    assert code == 2
    assert error.startswith("twinface: ")
    assert error.count("\n") == 1
    assert re.search(reason, error), error
    assert Path("labels.tsv").read_bytes() == before


def test_the_report_shows_each_grouping(twinface: Run, folder: Path) -> None:
    pytest.importorskip("matplotlib")
    code, text, _ = twinface(*LABELS, "--by", "group", "--plots", "report")
    assert code == 0
    assert "report: report/report.html" in text
    names = {path.name for path in (folder / "report").iterdir()}
    assert names == {"far_inside_1.png", "far_between_1.png", "frr_1.png", "report.html"}
    page = (folder / "report" / "report.html").read_text()
    for words in ("By group", "72 of 3,120", "too few", "a · b", "12 of 6,400", "6.0 times", "5 of 40"):
        assert words in page


def test_odd_labels_are_shown_as_text(twinface: Run, folder: Path) -> None:
    """In a terminal, in pictures and on the page: no markup, no formula, no control character."""
    pytest.importorskip("matplotlib")
    names: list[Any] = ["<b>bold</b>", "[red]r[/]", "$x^$", "\x1b[31m" + "long " * 20]
    people = {f"p{number:03}": directions([0 if number % 4 == 3 else number % 100 + 1]) for number in range(120)}
    rows = [("who", "<i>kind</i>"), *((name, names[int(name[1:]) % 4]) for name in people)]
    write_people(folder / "odd", people)
    write_labels(folder / "odd.tsv", rows)
    words = ("evaluate", "--features", "odd", "--people", "all", "--groups", "odd.tsv", "--far", "0.2")
    code, text, _ = twinface(*words, "--plots", "report")
    assert code == 0
    assert "\x1b[31m" not in text
    assert "[red]r[/]" in text
    page = (folder / "report" / "report.html").read_text()
    assert "&lt;b&gt;bold" in page
    assert "<b>bold" not in page
    assert "<i>kind" not in page
    assert "\x1b" not in page

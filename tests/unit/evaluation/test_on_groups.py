from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_groups import directions, two_groups, write_labels, write_people

from twinface.errors import InputError
from twinface.evaluation.differentials.group_figures import GroupFigures, measure_everybody, measure_groups
from twinface.evaluation.differentials.group_json import groups_to_json
from twinface.evaluation.differentials.group_wording import describe_false_accepts
from twinface.evaluation.differentials.grouping import Grouping, everybody_together
from twinface.evaluation.differentials.on_groups import GroupsEvaluation, evaluate_groups
from twinface.evaluation.differentials.pair_counts import AllPairs, count_pairs, draw_rounds
from twinface.evaluation.protocols.comparison import choose_similarity
from twinface.progress import no_progress
from twinface.settings import MatchingSettings


@pytest.fixture(autouse=True)
def own_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWINFACE_KEY_FILE", str(tmp_path / "key"))


@pytest.fixture
def done(tmp_path: Path) -> GroupsEvaluation:
    features, labels = two_groups(tmp_path)
    return evaluate_groups(features, labels, people="all", rate=0.02)


def by_name(groups: tuple[GroupFigures, ...]) -> dict[str, GroupFigures]:
    return {one.name: one for one in groups}


def counts_of(share: Any) -> tuple[int, int]:
    return share.hits, share.of


def test_rates_inside_and_between_groups_are_those_that_were_made(done: GroupsEvaluation) -> None:
    """Each two people have four pairs of pictures; of five people of "a" the second picture is like nobody."""
    group, sex = done.differentials
    assert [one.grouping.title for one in done.differentials] == ["group", "sex"]
    figures = by_name(group.groups)
    # Of the 20 pairs of "a", the first 5 people are in 3: two of them whole, so 1 of 4 accepted, in one 2 of 4.
    assert counts_of(figures["a"].false_accepts) == (17 * 4 + 2 * 1 + 2, 780 * 4)
    assert counts_of(figures["b"].false_accepts) == (3 * 4, 780 * 4)
    assert counts_of(group.between[0, 1]) == (3 * 2 * 2, 1600 * 4)
    assert counts_of(figures["a"].false_rejects) == (5, 40)
    assert counts_of(figures["b"].false_rejects) == (0, 40)
    assert counts_of(done.everybody.false_accepts) == (72 + 12 + 12, 83 * 82 // 2 * 4)
    assert counts_of(done.everybody.false_rejects) == (5, 83)
    assert sum(one.people for one in sex.groups) == 83
    for one in group.groups[:2]:
        for share in (one.false_accepts, one.false_rejects):
            assert share is not None
            assert share.interval is not None
            assert share.interval.low <= share.share < share.interval.high


def test_a_group_of_three_people_has_no_rate(done: GroupsEvaluation) -> None:
    small = by_name(done.differentials[0].groups)["c"]
    assert (small.people, small.false_accepts, small.false_rejects) == (3, None, None)
    assert done.differentials[0].between[0, 2] is None
    told = groups_to_json(done)["groupings"][0]
    assert told["groups"][2]["false_accepts"] is None
    assert [one["false_accepts"] is None for one in told["between"]] == [False, True, True]


@pytest.mark.parametrize(("people", "carried"), [(19, False), (20, True)])
def test_twenty_people_carry_a_rate(tmp_path: Path, people: int, carried: bool) -> None:
    everybody = {f"p{number:02}": directions([number, number]) for number in range(2 * people)}
    rows = [("who", "kind"), *((name, "xy"[int(name[1:]) % 2]) for name in everybody)]
    found = evaluate_groups(
        write_people(tmp_path / "features", everybody), write_labels(tmp_path / "l.tsv", rows), people="all",
        head=write_cosine_head(tmp_path),
    )  # fmt: skip
    for one in found.differentials[0].groups:
        assert (one.false_accepts is not None, one.false_rejects is not None) == (carried, carried)
    nothing = "no ratio: no pair was accepted inside any group"
    few = "no ratio: fewer than two groups of 20 people"
    assert describe_false_accepts(found.differentials[0]) == (nothing if carried else few)


def write_cosine_head(folder: Path) -> Path:
    """Scores 0.5 at a cosine of 0.43, with nobody in training."""
    (folder / "head").mkdir()
    text = '{"format": 1, "architecture": "metric", "network": "%s", "calibration": {"slope": 36.0, "offset": 0.43}}'
    (folder / "head" / "head.json").write_text(text % ("7" * 64))
    return folder / "head"


def test_the_ratio_is_of_the_worst_group_to_the_best(done: GroupsEvaluation) -> None:
    group = done.differentials[0]
    ratio, rejects = group.false_accept_ratio, group.false_reject_ratio
    assert ratio is not None
    assert (ratio.worst, ratio.least, ratio.value, ratio.at_least) == ("a", "b", 6.0, False)
    assert ratio.low is not None
    assert 0 < ratio.low < 6.0
    assert ratio.high is None  # a round may draw none of the three people of "b" who are alike
    assert rejects is not None
    assert (rejects.worst, rejects.least) == ("a", "everybody")
    assert rejects.value == pytest.approx((5 / 40) / (5 / 83))


def test_a_ratio_to_nothing_is_at_least_what_the_interval_allows(tmp_path: Path) -> None:
    """Nobody of "b" is accepted for another: 3 of 780 pairs of people would have been possible."""
    people = {f"a{number:02}": directions([number // 2]) for number in range(40)}
    people |= {f"b{number:02}": directions([20 + number]) for number in range(40)}
    labels = write_labels(tmp_path / "l.tsv", [("who", "group"), *((name, name[0]) for name in people)])
    found = evaluate_groups(write_people(tmp_path / "features", people), labels, people="all", rate=0.02)
    ratio = found.differentials[0].false_accept_ratio
    assert ratio is not None
    assert (ratio.worst, ratio.least, ratio.at_least, ratio.low, ratio.high) == ("a", "b", True, None, None)
    assert ratio.value == pytest.approx((20 / 780) / (3 / 780))
    assert found.differentials[0].false_reject_ratio is None
    assert describe_false_accepts(found.differentials[0]) == (
        "most false accepts inside: a, 2.56 %; at least 6.67 times that of b, where no pair was accepted"
    )
    told = groups_to_json(found)["groupings"][0]["false_accept_ratio"]
    assert (told["at_least"], told["interval"]) == (True, None)


def test_perhaps_the_same_person_is_left_out_and_counted(tmp_path: Path, done: GroupsEvaluation) -> None:
    features, labels = tmp_path / "features", tmp_path / "labels.tsv"
    found = evaluate_groups(features, labels, people="all", head=write_cosine_head(tmp_path), same_person_above=0.9)
    assert found.set_aside == 72 + 12 + 12
    assert found.everybody.false_accepts is not None
    assert counts_of(found.everybody.false_accepts) == (0, 83 * 82 // 2 * 4 - 96)
    assert found.differentials[0].set_aside == 96
    assert done.set_aside == 0


def test_who_has_no_row_is_left_out_and_counted(tmp_path: Path) -> None:
    features, labels = two_groups(tmp_path)
    lines = labels.read_text().splitlines()
    rows = [line for line in lines if not line.startswith("a0")] + ["zoe\tz\tf", "a00_1\ta\tf", "a01\ta\t"]
    labels.write_text("\n".join(rows))
    found = evaluate_groups(features, labels, people="all", rate=0.02)
    coverage = found.coverage
    assert (coverage.rows, coverage.of_nobody, coverage.people, coverage.pictures) == (83 - 10 + 3, 1, 8, 17)
    assert (found.everybody.people, found.everybody.pictures) == (75, 149)
    assert counts_of(found.everybody.false_accepts)[0] == 15 * 4 + 3 * 4 + 3 * 2  # in "a", in "b", between
    group, sex = found.differentials
    assert by_name(group.groups)["a"].people == 32
    assert sex.unlabelled == 2


def test_labels_of_nobody_are_refused(tmp_path: Path) -> None:
    features, _ = two_groups(tmp_path)
    labels = write_labels(tmp_path / "others.tsv", [("who", "group"), ("zoe", "z"), ("a00", "a")])
    with pytest.raises(InputError, match="has rows for 1 of 83 people, such as a00; the first column is for their"):
        evaluate_groups(features, labels, people="all")


def test_pictures_of_a_person_may_be_in_two_groups(tmp_path: Path) -> None:
    people = {f"p{number:02}": directions([number] * 3) for number in range(25)}
    rows = [("file", "age"), *((f"{name}_{n}", ("young", "young", "old")[n]) for name in people for n in range(3))]
    found = evaluate_groups(
        write_people(tmp_path / "features", people), write_labels(tmp_path / "l.tsv", rows), people="all",
        head=write_cosine_head(tmp_path),
    )  # fmt: skip
    old, young = found.differentials[0].groups
    assert (old.people, old.pictures, old.genuine_people) == (25, 25, 0)
    assert (young.people, young.pictures, young.genuine_people) == (25, 50, 25)
    between = found.differentials[0].between[0, 1]
    assert between is not None
    assert between.of == 25 * 24 * 2


def test_the_same_seed_gives_the_same_figures(tmp_path: Path) -> None:
    features, labels = two_groups(tmp_path)
    told = [groups_to_json(evaluate_groups(features, labels, people="all", rate=0.02, seed=seed)) for seed in (1, 1, 2)]
    for one in told:
        del one["seconds"]
    assert told[0] == told[1]
    assert told[0] != told[2]


def test_one_person_twice_is_no_impostor_in_any_round(tmp_path: Path) -> None:
    """Everybody has two pictures of one direction: a person's copy in a round would be an impostor who is accepted."""
    people = {f"p{number:02}": directions([number] * 2) for number in range(40)}
    labels = write_labels(tmp_path / "l.tsv", [("who", "kind"), *((name, "x") for name in people)])
    found = evaluate_groups(
        write_people(tmp_path / "features", people), labels, people="all", head=write_cosine_head(tmp_path)
    )
    assert found.everybody.false_accepts is not None
    assert found.everybody.false_accepts.interval is not None
    assert found.everybody.false_accepts.interval.high == 3 / 780
    assert found.point.source == "default, not calibrated"


def simulated(people: Mapping[str, int], seed: int, rounds: int = 200) -> dict[str, GroupFigures]:
    """Groups with different spreads about a common direction; three pictures each; accepted from a cosine of 0.7."""
    rng = np.random.default_rng(seed)
    spread = {"near": 0.4, "far": 0.7}
    group = np.repeat(np.arange(len(people)), list(people.values()))
    centres = np.eye(12)[0] + np.array([spread[name] for name in people])[group, np.newaxis] * rng.normal(
        size=(len(group), 12)
    )
    person = np.repeat(np.arange(len(group)), 3).astype(np.int32)
    vectors = (centres[person] + 0.25 * rng.normal(size=(len(person), 12))).astype(np.float32)
    grouping = Grouping(("kind",), tuple((name,) for name in people), group[person].astype(np.int32))
    pairs = AllPairs(vectors, person, choose_similarity("cosine", None, ""))
    everybody = everybody_together(len(person))
    counts = count_pairs(pairs, [grouping, everybody], 0.7, draw_rounds(len(group), rounds, seed), no_progress)
    told = by_name(measure_groups(counts[0], counts[1]).groups)
    assert measure_everybody(counts[1]).people == len(group)
    return told


def test_intervals_hold_the_true_rates_about_as_often_as_they_say() -> None:
    truth = simulated({"near": 800, "far": 800}, seed=999, rounds=1)
    held = {(name, kind): 0 for name in truth for kind in ("false_accepts", "false_rejects")}
    for seed in range(60):
        found = simulated({"near": 40, "far": 40}, seed)
        for name, kind in held:
            share, true = getattr(found[name], kind), getattr(truth[name], kind).share
            held[name, kind] += share.interval.low <= true <= share.interval.high
    assert truth["near"].false_accepts.share > 2 * truth["far"].false_accepts.share  # type: ignore[union-attr]
    assert all(50 <= count <= 60 for count in held.values()), held  # 57 expected of 95 %


def test_a_head_is_asked_at_its_threshold_in_force_and_its_training_people_are_left_out(
    tmp_path: Path, write_head: Callable[..., Path]
) -> None:
    features, labels = two_groups(tmp_path)
    head = write_head([f"a{number:02}" for number in range(10)], dimension=128)
    found = evaluate_groups(
        features, labels, people="all", head=head, matching=MatchingSettings(threshold=0.25), by=["group"]
    )
    assert (found.point.threshold, found.point.rate) == (0.25, None)
    assert (found.left_out, found.everybody.people) == (10, 73)
    assert found.coverage.of_nobody == 10
    assert found.subject.head == head

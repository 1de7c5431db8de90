"""What strangers teach a head, and that a head that knows them is not fooled by a group it has seen little of."""

import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from made_strangers import GROUP, NETWORK, make_people, write_people

from twinface.errors import ArtefactError, FingerprintError, InputError
from twinface.evaluation.protocols.split import person_digest, validation_people
from twinface.gallery import PersonVectors
from twinface.matching import load_head
from twinface.matching.head_arrays import read_cohort, read_imagined
from twinface.matching.plda import PldaHead
from twinface.matching.threshold import least_score
from twinface.matching.vectors import adjust, normalised
from twinface.training.heads.feature_table import FeatureTable, table_of
from twinface.training.heads.head_training import TrainOptions
from twinface.training.heads.stranger_lessons import (
    FEWEST_STRANGERS,
    StrangerLessons,
    average_of,
    learn_strangers,
    pairs_of_strangers,
)
from twinface.training.heads.train_head import train_head

PEOPLE = make_people(40, 6, seed=1)
STRANGERS = make_people(1500, 1, seed=2, of_group=0.4, prefix="stranger")
OTHERS = make_people(30, 4, seed=3, prefix="other")


def _learn(strangers: Sequence[PersonVectors], seed: int = 0) -> StrangerLessons:
    return learn_strangers(table_of(PEOPLE), [table_of(OTHERS)], table_of(strangers), seed)


def _bytes(lessons: StrangerLessons) -> list[bytes]:
    return [part.tobytes() for part in (*lessons.cohort.arrays().values(), *lessons.totals, lessons.asked)]


def test_an_average_counts_each_person_once() -> None:
    vectors = np.array([[2.0, 0.0], [9.0, 0.0], [0.0, 3.0]], np.float32)
    table = FeatureTable(("a", "b"), np.array([0, 2, 3]), vectors, NETWORK, (("1", "2"), ("1",)))
    assert average_of(table).tolist() == [0.5, 0.5]


@pytest.mark.parametrize("count", [1, FEWEST_STRANGERS, 623])
def test_too_few_strangers_are_refused_with_how_many_are_needed(count: int) -> None:
    left = count - count // 5
    people = "1 person" if left == 1 else f"{left} people"
    with pytest.raises(InputError, match=rf"{people} to learn from, at least 500 are needed"):
        _learn(STRANGERS[:count])


def test_as_many_as_are_needed_are_enough() -> None:
    assert _learn(STRANGERS[:624]).people == FEWEST_STRANGERS


def test_nobody_of_the_validation_side_changes_anything() -> None:
    kept_out = set(validation_people(one.name for one in STRANGERS))
    rng = np.random.default_rng(4)

    def other_vectors(one: PersonVectors) -> PersonVectors:
        vectors = rng.normal(size=one.vectors.shape).astype(np.float32)
        return PersonVectors(one.name, one.files, vectors, one.quality, one.network)

    changed = [other_vectors(one) if one.name in kept_out else one for one in STRANGERS]
    assert len(kept_out) == 300
    assert _bytes(_learn(changed)) == _bytes(_learn(STRANGERS))
    learnt = next(row for row, one in enumerate(STRANGERS) if one.name not in kept_out)
    one_changed = [other_vectors(one) if row == learnt else one for row, one in enumerate(STRANGERS)]
    assert _bytes(_learn(one_changed)) != _bytes(_learn(STRANGERS))


def test_the_cohort_has_not_learnt_from_those_who_are_asked() -> None:
    lessons = _learn(STRANGERS)
    assert len(lessons.asked) == 300
    assert lessons.people == 1200
    assert set(lessons.trained_people) == {one.name for one in OTHERS} - set(validation_people(o.name for o in OTHERS))


def test_the_same_seed_makes_the_same_cohort() -> None:
    assert _bytes(_learn(STRANGERS, seed=1)) == _bytes(_learn(STRANGERS, seed=1))
    assert _bytes(_learn(STRANGERS, seed=1)) != _bytes(_learn(STRANGERS, seed=2))


def test_strangers_who_are_one_person_are_no_pairs() -> None:
    vectors = np.concatenate([np.eye(4, dtype=np.float32), np.eye(4, dtype=np.float32)[:1] * 3])
    first, second = pairs_of_strangers(vectors, 0)
    assert len(first) == 9
    assert (0, 4) not in zip(first.tolist(), second.tolist(), strict=True)
    with pytest.raises(InputError, match="look like one person"):
        pairs_of_strangers(np.ones((5, 4), np.float32), 0)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Features, signed with a key of their own, and a head trained with strangers and one without."""
    folder = tmp_path_factory.mktemp("strangers")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TWINFACE_KEY_FILE", str(folder / "key"))
        for name, people in (("people", PEOPLE), ("strangers", STRANGERS), ("others", OTHERS)):
            write_people(folder / name, people)
        train_head(folder / "people", folder / "with", _with_strangers(folder))
        train_head(folder / "people", folder / "without", TrainOptions(start=""))
    return folder


@pytest.fixture(autouse=True)
def key(own_key: None, folders: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The features' key."""
    del own_key
    monkeypatch.setenv("TWINFACE_KEY_FILE", str(folders / "key"))


def _with_strangers(folder: Path) -> TrainOptions:
    return TrainOptions(strangers=folder / "strangers", others=(folder / "others",))


def _pairs_named(folder: Path) -> float:
    """The share of pairs of unseen strangers of a group that reach what 95 % of genuine pairs do."""
    head, people = load_head(folder, NETWORK), make_people(60, 2, seed=21)
    first, second = (np.stack([one.vectors[place] for one in people]) for place in (0, 1))
    needed = np.quantile(head.score_pairs(first, second), 0.05)
    group = np.stack([one.vectors[0] for one in make_people(200, 1, seed=22, of_group=1.0, common=8.0)])
    scores = head.prepare(group)(group)
    return float((scores[np.triu_indices(len(group), 1)] >= needed).mean())


def test_strangers_of_a_group_pass_for_each_other_less_often(folders: Path, tmp_path: Path) -> None:
    write_people(tmp_path / "alike", make_people(700, 1, seed=2, of_group=0.4, common=8.0, prefix="stranger"))
    train_head(folders / "people", tmp_path / "head", TrainOptions(strangers=tmp_path / "alike"))
    before, after = _pairs_named(folders / "without"), _pairs_named(tmp_path / "head")
    assert before > 0.05
    assert after < 0.25 * before


def _labels(path: Path, people: Sequence[PersonVectors]) -> Path:
    """Who of them are of the group, as a table; the last fifty have no row."""
    of_group = [float(normalised(one.vectors)[0] @ GROUP) > 0.25 for one in people]
    rows = [f"{one.name}\t{'apart' if of else 'others'}\t30" for one, of in zip(people, of_group, strict=True)]
    path.write_text("\n".join(["name\tgroup\tage", *rows[:-50]]) + "\n")
    return path


def test_labels_make_the_groups_of_the_cohort(folders: Path, tmp_path: Path) -> None:
    labels = _labels(tmp_path / "labels.tsv", STRANGERS)
    train_head(folders / "people", tmp_path / "head", replace(_with_strangers(folders), groups=labels, by="group"))
    labelled, unlabelled = read_cohort(tmp_path / "head"), read_cohort(folders / "with")
    assert labelled is not None
    assert unlabelled is not None
    assert labelled.groups.everyday == 2
    assert unlabelled.group_of.tolist() == list(range(len(unlabelled.strangers.weights)))
    means = normalised(labelled.strangers.means[:, :-1] + labelled.prior) @ GROUP
    assert means[labelled.group_of == 0].min() > means[labelled.group_of == 1].max(), "apart, others"


@pytest.mark.parametrize(
    ("table", "by", "match"),
    [
        ("name\tgroup\nnobody\ta\n", "group", "no row is about any of the strangers"),
        ("name\tgroup\nstranger 0001\ta\n", "sex", "no label column 'sex'"),
        ("name\tgroup\nstranger 0001\ta\n", None, "no group has the .* strangers it needs; put groups together"),
    ],
)
def test_labels_that_make_no_groups_are_refused(
    folders: Path, tmp_path: Path, table: str, by: str | None, match: str
) -> None:
    (tmp_path / "labels.tsv").write_text(table)
    options = TrainOptions(strangers=folders / "strangers", groups=tmp_path / "labels.tsv", by=by)
    with pytest.raises(InputError, match=match):
        train_head(folders / "people", tmp_path / "head", options)
    assert not (tmp_path / "head").exists()


def test_the_head_says_whom_it_has_learnt_from_and_ships_no_vector(folders: Path) -> None:
    about = json.loads((folders / "with/head.json").read_text())
    assert about["recipe"]["strangers"] == 1200
    assert about["recipe"]["started"] is False
    digests = {person_digest(one.name) for one in (*PEOPLE, *OTHERS)}
    held_out = {person_digest(name) for group in (PEOPLE, OTHERS) for name in validation_people(o.name for o in group)}
    assert set(about["learnt_from"]) == digests - held_out
    cohort = read_cohort(folders / "with")
    assert cohort is not None
    means = np.concatenate([cohort.strangers.means, cohort.posed.means])
    for one in (*STRANGERS, *OTHERS):
        for vector in one.vectors / np.linalg.norm(one.vectors, axis=1, keepdims=True):
            assert np.linalg.norm(means[:, :-1] + cohort.prior - vector, axis=1).min() > 1e-3


def test_as_many_unseen_strangers_get_a_name_as_is_asked_for(folders: Path) -> None:
    head = load_head(folders / "with", NETWORK)
    assert head.tail is not None
    assert head.cohort is not None
    drawn = table_of(make_people(4000, 1, seed=23, of_group=0.4))
    told = adjust(drawn.vectors, average_of(drawn), head.cohort.prior)
    gallery, probes = told[:20], told[20:]
    best = [scores.max(axis=1) for scores in head.score_strangers(head.prepare_gallery(gallery))]
    needed = least_score(best, 20, 0.02, head.tail)
    named = (head.prepare(gallery)(probes).max(axis=1) >= needed).mean()
    assert 0.01 < named < 0.04


def test_the_same_seed_writes_the_same_cohort(folders: Path, tmp_path: Path) -> None:
    train_head(folders / "people", tmp_path / "again", _with_strangers(folders))
    for name in ("head.npz", "cohort.npz"):
        one, again = (np.load(folder / name) for folder in (folders / "with", tmp_path / "again"))
        assert all(one[part].tobytes() == again[part].tobytes() for part in one.files)
    assert (tmp_path / "again/head.json").read_bytes() == (folders / "with/head.json").read_bytes()


def test_who_goes_on_from_it_keeps_its_cohort(folders: Path, tmp_path: Path) -> None:
    train_head(folders / "people", tmp_path / "on", TrainOptions(start=folders / "with"))
    first, then = (np.load(folder / "cohort.npz") for folder in (folders / "with", tmp_path / "on"))
    assert all(np.array_equal(first[name], then[name]) for name in first.files)
    heads = [load_head(folder, NETWORK) for folder in (folders / "with", tmp_path / "on")]
    assert np.array_equal(*(head.tail for head in heads))
    assert json.loads((tmp_path / "on/head.json").read_text())["recipe"]["started"] is True


def test_strangers_of_another_network_are_refused(folders: Path, tmp_path: Path) -> None:
    foreign = write_people(tmp_path / "foreign", make_people(10, 1, seed=5, network="6" * 64))
    options = TrainOptions(strangers=foreign)
    with pytest.raises(FingerprintError, match=r"foreign: of another network \(666.* than the features \(555"):
        train_head(folders / "people", tmp_path / "head", options)
    with pytest.raises(FingerprintError, match="foreign: of another network"):
        train_head(
            folders / "people", tmp_path / "head", TrainOptions(strangers=folders / "strangers", others=(foreign,))
        )
    assert not (tmp_path / "head").exists()


@pytest.mark.parametrize(
    ("options", "match"),
    [
        (TrainOptions(others=(Path("others"),)), "--other needs --strangers"),
        (TrainOptions(groups=Path("labels.tsv")), "--groups needs --strangers"),
        (TrainOptions(strangers=Path("s"), by="group"), "--by needs --groups"),
        (TrainOptions(strangers=Path("s"), architecture="linear"), "--strangers and --other teach a plda"),
        (TrainOptions(strangers=Path("s"), start=Path("head")), "--strangers and --other teach a plda"),
    ],
)
def test_options_that_make_no_sense_are_refused(
    folders: Path, tmp_path: Path, options: TrainOptions, match: str
) -> None:
    with pytest.raises(InputError, match=match):
        train_head(folders / "people", tmp_path / "head", options)


def test_what_the_cohort_scores_with_imagined_strangers_is_kept_beside_it(folders: Path, tmp_path: Path) -> None:
    kept = read_imagined(folders / "with")
    for name in ("head.json", "head.npz", "cohort.npz"):
        shutil.copy(folders / "with" / name, tmp_path)
    alone = load_head(tmp_path, NETWORK)
    assert isinstance(alone, PldaHead)
    assert len(kept) == len(alone.nearest_of_imagined) == 2
    assert all(one.is_close(other) for one, other in zip(kept, alone.nearest_of_imagined, strict=True))
    assert not (folders / "without/imagined.npz").exists()


def test_a_head_takes_the_place_of_nothing_it_is_made_of(folders: Path, tmp_path: Path) -> None:
    inside = tmp_path / "head"
    train_head(folders / "people", inside, TrainOptions(start=""))
    write_people(inside / "folds", OTHERS)
    with pytest.raises(InputError, match="name another folder for the head"):
        train_head(folders / "people", inside, TrainOptions(strangers=inside / "folds"))
    assert (inside / "folds").is_dir()


def test_the_bundled_cohorts_are_small() -> None:
    box = Path(__file__).parents[3] / "twinface/data"
    sizes = [(box / f"{name}-head/cohort.npz").stat().st_size for name in ("sface", "face")]
    assert max(sizes) < 1_000_000


def test_features_without_strangers_are_a_clear_error(folders: Path, tmp_path: Path) -> None:
    with pytest.raises(ArtefactError, match=r"absent"):
        train_head(folders / "people", tmp_path / "head", TrainOptions(strangers=tmp_path / "absent"))

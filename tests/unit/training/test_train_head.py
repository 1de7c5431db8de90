import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from twinface.errors import ArtefactError, InputError
from twinface.evaluation.protocols.split import person_digest, validation_people
from twinface.gallery import PersonVectors, write_features
from twinface.matching import load_head
from twinface.training.heads.feature_table import compute_statistics, hold_out, read_table
from twinface.training.heads.head_training import TrainOptions
from twinface.training.heads.train_head import train_head

pytestmark = pytest.mark.training
pytest.importorskip("tensorflow")

MakeFeatures = Callable[..., Path]
QUICK = TrainOptions(architecture="mlp", epochs=3, hidden=(32, 8), dropout=(0.2,), batch=128)


@pytest.mark.parametrize(
    "options",
    [
        TrainOptions("seed", epochs=8, hidden=(32, 8), dropout=(0.2,), batch=8),
        TrainOptions("seed", epochs=8, hidden=(32, 8), dropout=(0.2,), batch=8, normalize=True),
        TrainOptions("mlp", epochs=15, hidden=(64, 16), batch=16),
        TrainOptions("mlp", epochs=15, hidden=(64, 16), batch=16, pair="product"),
        TrainOptions("linear", epochs=8, batch=64),
        TrainOptions("linear", epochs=8, batch=64, pair="absolute"),
    ],
    ids=lambda options: f"{options.architecture} {options.pair} {options.normalize}",
)
def test_a_head_of_layers_beats_chance_and_runs_without_tensorflow(
    make_features: MakeFeatures, tmp_path: Path, options: TrainOptions
) -> None:
    features = make_features(people=20, pictures=6, noise=0.4)
    compute_statistics(features)
    seen: list[tuple[int, int, dict[str, float]]] = []
    report = train_head(features, tmp_path / "head", options, lambda *step: seen.append(step))

    assert [epoch for epoch, _, _ in seen] == list(range(1, len(seen) + 1))
    assert (report.people, report.pictures, report.validation_people) == (20, 120, 4)
    assert report.pairs_per_epoch == 16 * 15 * 5 // 2
    assert report.head is not None
    assert report.cosine is not None
    assert report.head.auc > 0.9
    assert report.cosine.auc > 0.95

    table = read_table(features)
    a, b = table.vectors[:40], table.vectors[40:80]
    assert load_head(tmp_path / "head", table.network).score_pairs(a, b) == pytest.approx(
        keras_scores(tmp_path / "head", a, b), abs=1e-5
    )


def keras_scores(folder: Path, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """What head.keras says of pairs, by the normalisation that head.json names."""
    import keras

    normalisation = json.loads((folder / "head.json").read_text())["normalisation"]
    if normalisation["vectors"] == "l2":
        a, b = (part / np.linalg.norm(part, axis=1, keepdims=True) for part in (a, b))
    differences = {"absolute": np.abs(a - b), "squared": (a - b) ** 2, "product": a * b}[normalisation["pair"]]
    if normalisation["difference"] == "standard":
        with np.load(folder / "head.npz") as arrays:
            differences = differences / arrays["deviation"]
    return np.asarray(keras.saving.load_model(folder / "head.keras").predict_on_batch(differences))[:, 0]


def test_the_same_seed_gives_the_same_head(make_features: MakeFeatures, tmp_path: Path) -> None:
    features = make_features(people=8, pictures=4)
    for name, seed in (("one", 3), ("again", 3), ("other", 4)):
        options = TrainOptions("mlp", epochs=2, hidden=(16,), dropout=(0.5,), batch=64, seed=seed)
        train_head(features, tmp_path / name, options)
    one, again, other = (np.load(tmp_path / name / "head.npz") for name in ("one", "again", "other"))
    assert all(np.array_equal(one[name], again[name]) for name in one.files)
    assert not np.array_equal(one["w0"], other["w0"])
    assert (tmp_path / "one/head.json").read_bytes() == (tmp_path / "again/head.json").read_bytes()
    assert (tmp_path / "one/history.json").read_bytes() == (tmp_path / "again/history.json").read_bytes()


def test_a_users_own_model_runs_without_tensorflow(
    make_features: MakeFeatures, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "my_model.py").write_text(
        "import keras\n"
        "def create_model(inputs):\n"
        "    xin = keras.Input(inputs)\n"
        "    x = keras.layers.Dense(8, activation='gelu')(xin)\n"
        "    return keras.Model(xin, keras.layers.Dense(1, activation='sigmoid')(x))\n"
        "def two_numbers(inputs):\n"
        "    xin = keras.Input(inputs)\n"
        "    return keras.Model(xin, keras.layers.Dense(2)(xin))\n"
    )
    monkeypatch.chdir(tmp_path)
    features = make_features(people=8, pictures=4)
    train_head(features, tmp_path / "head", TrainOptions(epochs=2, batch=64, model_function="my_model:create_model"))
    table = read_table(features)
    a, b = table.vectors[:10], table.vectors[10:20]
    scores = load_head(tmp_path / "head", table.network).score_pairs(a, b)
    assert scores == pytest.approx(keras_scores(tmp_path / "head", a, b), abs=1e-5)

    for wrong, reason in (
        ("my_model:nothing", "nothing"),
        ("no_such_module:f", "no_such_module"),
        ("my_model:two_numbers", r"\(None, 16\) to \(None, 1\)"),
        ("json:dumps", "keras.Model"),
    ):
        with pytest.raises(InputError, match=reason):
            train_head(features, tmp_path / "head", TrainOptions(model_function=wrong))
    assert load_head(tmp_path / "head", table.network).score_pairs(a, b) == pytest.approx(scores)


def test_too_little_to_learn_from(make_features: MakeFeatures, tmp_path: Path) -> None:
    with pytest.raises(ArtefactError, match="at least two people"):
        train_head(make_features(people=1, pictures=4, name="one"), tmp_path / "head", QUICK)
    with pytest.raises(ArtefactError, match="nobody has two pictures"):
        train_head(make_features(people=4, pictures=1, name="single"), tmp_path / "head", QUICK)
    assert not (tmp_path / "head").exists()


def test_two_people_are_enough_but_not_measured(make_features: MakeFeatures, tmp_path: Path) -> None:
    report = train_head(make_features(people=2, pictures=3), tmp_path / "head", QUICK)
    assert (report.head, report.cosine, report.validation_people) == (None, None, 0)
    assert json.loads((tmp_path / "head/head.json").read_text())["thresholds"] == {}


def test_numbers_that_never_differ_do_no_harm(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    people = []
    for person in range(6):
        vectors = np.zeros((4, 8), np.float32)
        vectors[:, :6] = rng.normal(size=6) + 0.3 * rng.normal(size=(4, 6))
        people.append(PersonVectors(str(person), tuple("abcd"), vectors, np.ones(4, np.float32), "n"))
    write_features(tmp_path / "features", people)
    compute_statistics(tmp_path / "features")
    train_head(tmp_path / "features", tmp_path / "head", TrainOptions("mlp", epochs=1, hidden=(4,), normalize=True))
    scores = load_head(tmp_path / "head", "n").score_pairs(people[0].vectors, people[1].vectors)
    assert np.isfinite(scores).all()


@pytest.mark.parametrize(
    "options",
    [
        TrainOptions(epochs=0),
        TrainOptions(negatives=0),
        TrainOptions("mlp", hidden=(0,)),
        TrainOptions("mlp", dropout=(1.0,)),
        TrainOptions("mlp", hidden=(8,), dropout=(0.1, 0.1)),
        TrainOptions("linear", hidden=(8,)),
        TrainOptions(normalize=True),
        TrainOptions(pairs_per_image=0),
        TrainOptions("mlp", start=Path("head")),
    ],
)
def test_options_that_make_no_sense(make_features: MakeFeatures, tmp_path: Path, options: TrainOptions) -> None:
    with pytest.raises(InputError, match="--"):
        train_head(make_features(people=4, pictures=2), tmp_path / "head", options)


def test_people_of_the_validation_side_are_never_learnt_from(make_features: MakeFeatures, tmp_path: Path) -> None:
    features = make_features(people=20, pictures=2)
    table = read_table(features)
    learnt, held_out = hold_out(table, 2)
    assert held_out is not None
    assert list(held_out.names) == validation_people(table.names)
    assert sorted(learnt.names + held_out.names) == sorted(table.names)
    train_head(features, tmp_path / "head", QUICK)
    about = json.loads((tmp_path / "head/head.json").read_text())
    assert about["learnt_from"] == sorted(person_digest(name) for name in learnt.names)
    assert about["network"] == table.network


def test_a_linear_head_stays_near_the_metric_it_starts_from(make_features: MakeFeatures, tmp_path: Path) -> None:
    features = make_features(people=20, pictures=6, noise=1.0)
    train_head(features, tmp_path / "head", TrainOptions("linear", epochs=15, batch=128))
    weights = np.load(tmp_path / "head/head.npz")["w0"][:, 0]
    assert (weights < 0).all()
    assert weights.std() < 0.3 * abs(weights.mean())


def test_training_stops_when_people_set_aside_gain_no_more(make_features: MakeFeatures, tmp_path: Path) -> None:
    features = make_features(people=40, pictures=4, noise=2.0)
    steps: list[int] = []
    options = TrainOptions("mlp", epochs=200, hidden=(64,), batch=64)
    train_head(features, tmp_path / "head", options, lambda number, _count, _figures: steps.append(number))
    assert 3 < len(steps) < 200


def test_hard_negatives_are_learnt(make_features: MakeFeatures, tmp_path: Path) -> None:
    features = make_features(people=20, pictures=6, noise=1.5)
    table = read_table(features)
    lines = [f"{table.names[0]}/{a}.jpg\t{table.names[1]}/{b}.jpg" for a in range(6) for b in range(6)]
    (tmp_path / "hard.txt").write_text("\n".join([*lines, "somebody/gone.jpg\tperson 00/0.jpg", ""]))
    a, b = table.vectors[:6], table.vectors[6:12]
    for options in (TrainOptions(start=""), TrainOptions("mlp", epochs=4, hidden=(32,), batch=64)):
        train_head(features, tmp_path / "plain", options)
        train_head(features, tmp_path / "warned", replace(options, hard_negatives=tmp_path / "hard.txt"))
        plain, warned = (load_head(tmp_path / name, table.network).score_pairs(a, b) for name in ("plain", "warned"))
        assert warned.mean() < plain.mean()

    for text, reason in (
        ("one picture", "line 1: expected two pictures"),
        ("person 00/0.jpg\tperson 00/1.jpg", "line 1: both pictures are of one person"),
    ):
        (tmp_path / "hard.txt").write_text(text)
        with pytest.raises(InputError, match=reason):
            train_head(features, tmp_path / "no", TrainOptions(hard_negatives=tmp_path / "hard.txt"))
    with pytest.raises(InputError, match="cannot be read"):
        train_head(features, tmp_path / "no", TrainOptions(hard_negatives=tmp_path / "absent.txt"))

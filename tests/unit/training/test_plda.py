"""The metric head: right where the truth is known, sane where there is little to learn from."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from twinface.errors import ArtefactError
from twinface.evaluation.protocols.split import person_digest, validation_people
from twinface.gallery import PersonVectors, write_features
from twinface.matching import load_head
from twinface.matching.plda import Projection, Sides, pair_features
from twinface.training.heads.covariances import (
    Covariances,
    Shrinkage,
    common_directions,
    estimate_covariances,
    measure_scatter,
    shrink,
)
from twinface.training.heads.feature_table import FeatureTable, read_table
from twinface.training.heads.head_training import TrainOptions
from twinface.training.heads.logistic import GENUINE_PRIOR, fit_pairs
from twinface.training.heads.train_head import train_head

MakeFeatures = Callable[..., Path]


def normal_density(x: np.ndarray, covariance: np.ndarray) -> float:
    """The logarithm of a normal density around 0."""
    sign, determinant = np.linalg.slogdet(2 * np.pi * covariance)
    assert sign > 0
    return float(-0.5 * (x @ np.linalg.solve(covariance, x) + determinant))


def test_directions_give_the_likelihood_ratio_of_both_covariances() -> None:
    rng = np.random.default_rng(0)
    roots = rng.normal(size=(2, 6, 6))
    within, between = (root @ root.T + np.eye(6) for root in roots)
    projection, curvature = common_directions(Covariances(np.zeros(6), np.eye(6), within, between))
    total = within + between
    ratios, ours = [], []
    for _ in range(20):
        a, b = rng.normal(size=(2, 6))
        together = np.block([[total, between], [between, total]])
        ratios.append(
            normal_density(np.concatenate([a, b]), together) - normal_density(a, total) - normal_density(b, total)
        )
        x, y = a @ projection, b @ projection
        ours.append(x @ y + curvature @ (x**2 + y**2))
    constant = np.array(ratios) - np.array(ours)
    assert constant == pytest.approx(np.full(20, constant[0]))


def test_covariances_of_people_drawn_from_known_ones_come_out() -> None:
    rng = np.random.default_rng(1)
    people, pictures, dimension = 400, 6, 5
    centre = np.array([10.0, 0, 0, 0, 0])
    spread = np.array([0.0, 2.0, 1.0, 0.5, 0.1])
    points = centre + rng.normal(size=(people, 1, dimension)) * spread
    vectors = (points + 0.3 * rng.normal(size=(people, pictures, dimension))).reshape(-1, dimension)
    names = tuple(f"{number:03}" for number in range(people))
    starts = np.arange(people + 1) * pictures
    files = tuple(tuple("abcdef") for _ in names)
    table = FeatureTable(names, starts, vectors.astype(np.float32), "n", files)
    found = estimate_covariances([measure_scatter(table)])
    assert np.diag(found.between)[1:] == pytest.approx((spread[1:] / 10) ** 2, rel=0.25, abs=1e-4)
    assert np.diag(found.within)[1:] == pytest.approx(np.full(4, 0.03**2), rel=0.15)
    halves = [measure_scatter(table.of_people(rows)) for rows in (range(150), range(150, people))]
    summed = estimate_covariances(halves)
    assert summed.within == pytest.approx(found.within)
    assert summed.between == pytest.approx(found.between)
    even = shrink(found, Shrinkage(1.0, 1.0))
    assert even.within == pytest.approx(np.trace(found.within) / dimension * np.eye(dimension))


def test_a_calibrated_score_is_the_chance_under_the_prior() -> None:
    rng = np.random.default_rng(2)
    genuine, impostors = rng.normal(2.0, 1.0, 200_000), rng.normal(-2.0, 1.0, 200_000)
    ratio = 4 * np.concatenate([genuine, impostors])
    features = np.stack([np.ones_like(ratio), ratio], axis=1).astype(np.float32)
    same = np.arange(len(ratio)) < len(genuine)
    found = fit_pairs(features, same, people=5000, start=np.array([0.0, 0.5]), used=np.ones(2, np.bool_))
    assert found.coefficients == pytest.approx([np.log(GENUINE_PRIOR / (1 - GENUINE_PRIOR)), 1.0], rel=0.1)
    held = fit_pairs(features, same, people=1, start=np.array([0.0, 0.5]), used=np.ones(2, np.bool_))
    assert abs(held.coefficients[1] - 0.5) < abs(found.coefficients[1] - 0.5)


@pytest.fixture
def faces(tmp_path: Path) -> tuple[Path, FeatureTable]:
    """60 people in 24 numbers, of which some tell pictures apart and not people; poor pictures have short vectors."""
    rng = np.random.default_rng(3)
    noise = np.where(np.arange(24) < 8, 1.5, 0.35)
    everybody = []
    for person in range(60):
        poor = np.arange(8) % 4 == 3
        spread = noise * np.where(poor, 1.8, 1.0)[:, np.newaxis]
        vectors = rng.normal(size=24) + spread * rng.normal(size=(8, 24)) + 0.6
        lengths = np.where(poor, 6.0, 11.0) * rng.uniform(0.9, 1.1, 8)
        vectors *= (lengths / np.linalg.norm(vectors, axis=1))[:, np.newaxis]
        files = tuple(f"{number}.jpg" for number in range(8))
        everybody.append(PersonVectors(f"{person:02}", files, vectors.astype(np.float32), np.ones(8, np.float32), "n"))
    write_features(tmp_path / "features", everybody)
    return tmp_path / "features", read_table(tmp_path / "features")


def test_it_beats_cosine_on_people_it_has_not_seen(faces: tuple[Path, FeatureTable], tmp_path: Path) -> None:
    features, _ = faces
    steps: list[tuple[int, int]] = []
    report = train_head(features, tmp_path / "head", progress=lambda number, count, _: steps.append((number, count)))
    assert report.head is not None
    assert report.cosine is not None
    assert report.is_better
    assert report.head.eer < 0.7 * report.cosine.eer
    assert report.differences["eer"].interval.high < 0
    assert steps[-1][0] == steps[-1][1]
    about = json.loads((tmp_path / "head/head.json").read_text())
    assert about["architecture"] == "plda"
    assert about["validation"]["head_less_cosine"]["eer"]["first"] == report.head.eer
    assert len(about["learnt_from"]) == 48


def test_pairs_and_a_whole_gallery_score_alike(faces: tuple[Path, FeatureTable], tmp_path: Path) -> None:
    features, table = faces
    train_head(features, tmp_path / "head")
    head = load_head(tmp_path / "head", "n")
    probes, gallery = table.vectors[:7], table.vectors[50:90]
    matrix = head.prepare(gallery)(probes)
    rows, columns = np.indices(matrix.shape).reshape(2, -1)
    assert matrix.reshape(-1) == pytest.approx(head.score_pairs(probes[rows], gallery[columns]), abs=1e-5)
    assert pytest.approx(head.prepare(probes)(gallery), abs=1e-5) == head.prepare(gallery)(probes).T
    assert head.prepare(gallery[:0])(probes).shape == (7, 0)
    longer = probes * 1.001
    assert head.score_pairs(probes, longer) == pytest.approx(np.ones(7), abs=0.02)


def test_whom_the_start_had_learnt_from_stays_known_and_is_not_measured_on(
    faces: tuple[Path, FeatureTable], tmp_path: Path
) -> None:
    features, table = faces
    train_head(features, tmp_path / "start")
    some = [
        PersonVectors(name, files, table.vectors[8 * row : 8 * row + 8], np.ones(8, np.float32), "n")
        for row, (name, files) in enumerate(zip(table.names, table.files, strict=True))
        if row not in {0, 1, 2}
    ]
    write_features(tmp_path / "some", some)
    report = train_head(tmp_path / "some", tmp_path / "head", TrainOptions(start=tmp_path / "start"))
    before, after = (
        set(json.loads((tmp_path / name / "head.json").read_text())["learnt_from"]) for name in ("start", "head")
    )
    held_out = {person_digest(name) for name in validation_people(one.name for one in some)}
    assert before < after
    assert not (held_out - before) & after
    assert report.left_out == len(held_out & before) > 0
    assert report.validation_people + report.left_out == len(held_out)


def test_a_start_for_vectors_of_another_length_is_refused(make_features: MakeFeatures, tmp_path: Path) -> None:
    train_head(make_features(people=10, pictures=3), tmp_path / "start")
    longer = make_features(people=10, pictures=3, dimension=24, name="longer")
    with pytest.raises(ArtefactError, match=r"vectors of 16 numbers, these have 24; .* --start none"):
        train_head(longer, tmp_path / "head", TrainOptions(start=tmp_path / "start"))
    assert not (tmp_path / "head").exists()


def test_each_pair_is_measured_once(make_features: MakeFeatures, tmp_path: Path) -> None:
    report = train_head(make_features(people=30, pictures=4), tmp_path / "head")
    assert report.head is not None
    assert report.head.genuine_pairs == 6 * 6
    assert report.head.impostor_pairs == 6 * 5 * 16 // 2
    assert "0.001" not in report.head.accepted_at


def test_the_same_seed_gives_the_same_head(faces: tuple[Path, FeatureTable], tmp_path: Path) -> None:
    features, _ = faces
    for name in ("one", "again"):
        train_head(features, tmp_path / name)
    assert (tmp_path / "one/head.json").read_bytes() == (tmp_path / "again/head.json").read_bytes()
    arrays = [np.load(tmp_path / name / "head.npz") for name in ("one", "again")]
    assert all(np.array_equal(arrays[0][name], arrays[1][name]) for name in arrays[0].files)


def test_a_few_people_change_little_of_the_head_they_start_from(
    faces: tuple[Path, FeatureTable], tmp_path: Path
) -> None:
    features, table = faces
    train_head(features, tmp_path / "start")
    few = [
        PersonVectors(f"new {n}", table.files[n][:4], table.vectors[8 * n : 8 * n + 4], np.ones(4, np.float32), "n")
        for n in (0, 1, 2, 3)
    ]
    write_features(tmp_path / "few", few)
    held_out = table.of_people(list(range(4, 60, 5)))
    started, alone = tmp_path / "started", tmp_path / "alone"
    train_head(tmp_path / "few", started, TrainOptions(start=tmp_path / "start"))
    train_head(tmp_path / "few", alone, TrainOptions(start=""))

    def separation(folder: Path) -> float:
        head = load_head(folder, "n")
        scores = head.prepare(held_out.vectors)(held_out.vectors)
        person = np.repeat(np.arange(len(held_out.names)), held_out.counts)
        same = person[:, np.newaxis] == person
        off = ~np.eye(len(person), dtype=bool)
        genuine, impostor = scores[same & off], scores[~same]
        return float((genuine[:, np.newaxis] > impostor).mean())

    assert separation(started) > separation(tmp_path / "start") - 0.02
    assert separation(started) > separation(alone)


def test_what_cannot_be_gone_on_from_is_said(faces: tuple[Path, FeatureTable], tmp_path: Path) -> None:
    features, _ = faces
    (tmp_path / "cosine").mkdir()
    about = {"format": 1, "architecture": "metric", "network": "n", "calibration": {"slope": 30.0, "offset": 0.4}}
    (tmp_path / "cosine/head.json").write_text(json.dumps(about))
    with pytest.raises(ArtefactError):
        train_head(features, tmp_path / "head", TrainOptions(start=tmp_path / "cosine"))
    with pytest.raises(ArtefactError, match=r"--start .*: no such folder"):
        train_head(features, tmp_path / "head", TrainOptions(start=tmp_path / "absent"))
    assert not (tmp_path / "head").exists()


@pytest.mark.parametrize("change", ["missing", "shape", "length_range", "not finite"])
def test_a_damaged_head_is_refused(faces: tuple[Path, FeatureTable], tmp_path: Path, change: str) -> None:
    train_head(faces[0], tmp_path / "head")
    arrays = dict(np.load(tmp_path / "head/head.npz"))
    if change == "missing":
        del arrays["curvature"]
    elif change == "shape":
        arrays["projection"] = arrays["projection"][:, :-1]
    elif change == "length_range":
        arrays["length_range"] = np.zeros(3, np.float32)
    else:
        arrays["mean"][0] = np.nan
    np.savez(tmp_path / "head/head.npz", **arrays)
    with pytest.raises(ArtefactError, match="train the head again"):
        load_head(tmp_path / "head", "n")


def test_vectors_of_one_length_do_without_lengths(make_features: MakeFeatures, tmp_path: Path) -> None:
    table = read_table(make_features(people=30, pictures=5))
    vectors = table.vectors / np.linalg.norm(table.vectors, axis=1, keepdims=True)
    parts = zip(table.names, table.files, np.split(vectors, 30), strict=True)
    people = [PersonVectors(name, files, part, np.ones(5, np.float32), "n") for name, files, part in parts]
    write_features(tmp_path / "unit", people)
    train_head(tmp_path / "unit", tmp_path / "head")
    coefficients = np.load(tmp_path / "head/head.npz")["coefficients"]
    assert coefficients[3:].tolist() == [0.0, 0.0]
    assert coefficients[1] > 0


def test_a_longer_ratio_never_means_a_lower_score(faces: tuple[Path, FeatureTable], tmp_path: Path) -> None:
    train_head(faces[0], tmp_path / "head")
    arrays = np.load(tmp_path / "head/head.npz")
    _, product, _, _, longer = arrays["coefficients"]
    half = float(np.ptp(arrays["length_range"])) / 2
    assert product > abs(longer) * 2 * half


def test_pair_features_are_what_they_are_called() -> None:
    a = Sides(np.array([[1.0, 2.0]], np.float32), np.array([3.0], np.float32), np.array([0.5], np.float32))
    b = Sides(np.array([[4.0, 5.0]], np.float32), np.array([6.0], np.float32), np.array([-0.25], np.float32))
    assert pair_features(a, b).tolist() == [[1.0, 14.0, 9.0, 0.25, 3.5]]
    projection = Projection(
        np.zeros(2, np.float32), np.eye(2, dtype=np.float32), np.array([1.0, 2.0], np.float32),
        np.array([0.0, 2.0], np.float32), np.zeros(2, np.float32),
    )  # fmt: skip
    sides = projection(np.array([[3.0, 4.0], [300.0, 400.0]], np.float32))
    assert sides.projected == pytest.approx(np.array([[0.6, 0.8], [0.6, 0.8]]))
    assert sides.own == pytest.approx(np.full(2, 0.36 + 2 * 0.64))
    assert sides.length == pytest.approx([np.log(5) - 1, 1.0])


def test_it_is_trained_where_there_is_no_tensorflow(faces: tuple[Path, FeatureTable], tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "for name in ('tensorflow', 'keras', 'matplotlib'): sys.modules[name] = None\n"
        "from pathlib import Path\n"
        "from twinface.training.heads.train_head import train_head\n"
        f"train_head(Path({str(faces[0])!r}), Path({str(tmp_path / 'head')!r}))\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    assert load_head(tmp_path / "head", "n").spec.architecture == "plda"


def test_long_vectors_are_learnt_along_their_principal_directions(make_features: MakeFeatures, tmp_path: Path) -> None:
    features = make_features(people=20, pictures=4, dimension=600, noise=2.5)
    train_head(features, tmp_path / "head")
    arrays = np.load(tmp_path / "head/head.npz")
    assert arrays["basis"].shape == (600, 512)
    assert arrays["within"].shape == (512, 512)
    told = json.loads((tmp_path / "head/head.json").read_text())["validation"]
    assert told["head"]["auc"] > 0.95
    train_head(features, tmp_path / "on", TrainOptions(start=tmp_path / "head"))
    assert np.array_equal(np.load(tmp_path / "on/head.npz")["basis"], arrays["basis"])

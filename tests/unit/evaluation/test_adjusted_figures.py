"""A head with a cohort is evaluated on vectors adjusted by averages, as it is used."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from twinface.averages import adjust_people, averages_of_people
from twinface.evaluation.differentials.on_groups import evaluate_groups
from twinface.evaluation.figures.verification import verification_figures
from twinface.evaluation.protocols.on_features import evaluate_features
from twinface.evaluation.protocols.on_pairs import evaluate_pairs
from twinface.evaluation.protocols.split import person_digest
from twinface.gallery import PersonVectors, write_features
from twinface.matching import Head, Scores, load_head
from twinface.matching.cohort import Cohort
from twinface.matching.head_folder import built_in_head, trained_people
from twinface.matching.vectors import adjust, normalised
from twinface.networks import Network, find_recipe
from twinface.types import Vectors

NETWORK = find_recipe("sface").fingerprint
PEOPLE, PICTURES, MARGIN_PX = 40, 3, 8


@pytest.fixture(scope="module")
def head() -> Head:
    return load_head(None, NETWORK)


@pytest.fixture(scope="module")
def cohort(head: Head) -> Cohort:
    assert head.cohort is not None
    return head.cohort


@pytest.fixture
def people(tmp_path: Path, cohort: Cohort, monkeypatch: pytest.MonkeyPatch) -> list[PersonVectors]:
    """People whose pictures all have much in common that is not in the faces, as those of a poor camera have."""
    monkeypatch.setenv("TWINFACE_KEY_FILE", str(tmp_path / "key"))
    rng = np.random.default_rng(5)
    points = rng.permutation(cohort.strangers.imagine(PEOPLE, seed=9))
    camera = rng.normal(size=128) * 0.4 / np.sqrt(128)
    found = []
    for number, point in enumerate(points):
        noise = rng.normal(size=(PICTURES, 128)) * 0.9 / np.sqrt(128)
        vectors = np.exp(point[-1]) * normalised(cohort.prior + point[:-1] + camera + noise)
        files = tuple(f"{one}.jpg" for one in range(PICTURES))
        quality = np.ones(PICTURES, np.float32)
        found.append(PersonVectors(f"p{number:02}", files, vectors.astype(np.float32), quality, NETWORK))
    write_features(tmp_path / "features", found)
    return found


def all_vectors(people: list[PersonVectors]) -> Vectors:
    return np.concatenate([one.vectors for one in people])


def scores_of(head: Head, vectors: Vectors) -> Scores:
    """The scores of each two of the pictures, in ascending order."""
    return np.sort(head.prepare(vectors)(vectors)[np.triu_indices(len(vectors), 1)])


def test_features_are_adjusted_by_the_averages_of_their_folder(
    people: list[PersonVectors], head: Head, cohort: Cohort, tmp_path: Path
) -> None:
    found = np.sort(evaluate_features(tmp_path / "features", metric="head", people="all").verifications[0].pairs.scores)
    adjusted = adjust_people(people, averages_of_people(people, cohort.prior))
    assert np.allclose(found, scores_of(head, all_vectors(adjusted)), atol=1e-4)
    assert np.abs(found - scores_of(head, all_vectors(people))).max() > 0.01


def test_the_averages_are_those_of_the_whole_folder(
    people: list[PersonVectors], head: Head, cohort: Cohort, tmp_path: Path
) -> None:
    (tmp_path / "names.txt").write_text("".join(f"{one.name}\n" for one in people[:10]))
    done = evaluate_features(tmp_path / "features", metric="head", people=str(tmp_path / "names.txt"))
    found = np.sort(done.verifications[0].pairs.scores)
    adjusted = adjust_people(people, averages_of_people(people, cohort.prior))[:10]
    assert np.allclose(found, scores_of(head, all_vectors(adjusted)), atol=1e-4)
    assert np.abs(found - scores_of(head, all_vectors(people[:10]))).max() > 0.01


def test_cosine_takes_vectors_as_they_are(people: list[PersonVectors], tmp_path: Path) -> None:
    found = evaluate_features(tmp_path / "features", people="all").verifications[0].figures.eer
    unit = normalised(all_vectors(people))
    person = np.arange(len(unit)) // PICTURES
    once = np.triu_indices(len(unit), 1)
    assert found == verification_figures((unit @ unit.T)[once], (person[:, np.newaxis] == person)[once]).eer


def test_groups_are_adjusted_but_whom_cosine_sets_aside_is_not(
    people: list[PersonVectors], head: Head, cohort: Cohort, tmp_path: Path
) -> None:
    labels = tmp_path / "labels.tsv"
    labels.write_text("name\tgroup\n" + "".join(f"{one.name}\t{n % 2}\n" for n, one in enumerate(people)))
    unit, person = normalised(all_vectors(people)), np.arange(PEOPLE * PICTURES) // PICTURES
    impostor = np.triu(person[:, np.newaxis] != person, 1)
    above = float(np.quantile((unit @ unit.T)[impostor], 0.99))
    done = evaluate_groups(
        tmp_path / "features", labels, rate=0.01, metric="head", people="all", same_person_above=above, rounds=10
    )
    assert done.set_aside == int(((unit @ unit.T)[impostor] > above).sum())
    adjusted = all_vectors(adjust_people(people, averages_of_people(people, cohort.prior)))
    accepted = (head.prepare(adjusted)(adjusted) >= done.point.threshold)[impostor & (unit @ unit.T <= above)]
    assert accepted.mean() == pytest.approx(0.01, rel=0.1)


def test_pairs_are_adjusted_by_the_average_of_their_pictures(
    sface: Network, head: Head, cohort: Cohort, tmp_path: Path, crops: Callable[[], list[Path]]
) -> None:
    """Each picture counts once, however many pairs it is in."""
    files = crops()
    lines = [f"{a},{b},{int(a.parent == b.parent)}" for a in files for b in files if str(a) < str(b)][:300]
    lines += [f"{files[0]},{b},{int(b.parent == files[0].parent)}" for b in files[1:]]
    (tmp_path / "pairs.csv").write_text("\n".join(dict.fromkeys(lines)))
    done = evaluate_pairs(tmp_path / "pairs.csv", tmp_path, "sface", metric="head", aligned=True)
    vectors = sface.embed(np.stack([cv2.imread(str(file)) for file in done.pictures]))
    unit = normalised(vectors)
    assert len(unit) == 24
    average = cohort.prior + (unit.sum(axis=0) - len(unit) * cohort.prior) / (50 + len(unit))
    pairs = done.verification.pairs
    by_hand = adjust(vectors, average, cohort.prior)
    assert np.allclose(pairs.scores, head.score_pairs(by_hand[pairs.first], by_hand[pairs.second]), atol=1e-3)
    assert not np.allclose(pairs.scores, head.score_pairs(vectors[pairs.first], vectors[pairs.second]), atol=1e-3)


@pytest.fixture
def crops(shared_data: Path, tmp_path: Path) -> Callable[[], list[Path]]:
    """Aligned crops of 12 people whom the bundled head was not trained on, two each."""

    def cut() -> list[Path]:
        box = built_in_head(NETWORK)
        learnt = trained_people(box) if box else frozenset()
        everybody = sorted(path for path in (shared_data / "crops128").iterdir() if len(list(path.iterdir())) > 1)
        folders = [path for path in everybody if person_digest(path.name) not in learnt]
        files = []
        for folder in folders[:12]:
            (tmp_path / folder.name).mkdir()
            for picture in sorted(folder.iterdir())[:2]:
                target = tmp_path / folder.name / f"{picture.stem}.png"
                cv2.imwrite(str(target), cv2.imread(str(picture))[MARGIN_PX:-MARGIN_PX, MARGIN_PX:-MARGIN_PX])
                files.append(target)
        return files

    return cut

"""Retraining learns from, and judges by, vectors as heads compare them: told from the average of their source."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from retrained_box import DIMENSION, NETWORK, enrol, make_people, say

from twinface.averages import FEWEST, adjusted_vectors
from twinface.averages.average import adjust_people
from twinface.averages.averages_in_use import adjust_features
from twinface.corrections import CorrectionKind, add_corrections
from twinface.gallery import Gallery, PersonVectors, read_features
from twinface.gallery.people_files import write_features
from twinface.matching import load_head
from twinface.matching.head_folder import built_in_head
from twinface.matching.head_spec import WEIGHTS_FILE
from twinface.matching.layers import read_arrays
from twinface.matching.vectors import fuse
from twinface.recognition.averaging import averages_for
from twinface.recognition.known import Known
from twinface.settings import Settings
from twinface.training.heads.feature_table import hold_out, table_of
from twinface.training.heads.head_training import TrainOptions
from twinface.training.heads.train_head import learn, train_head
from twinface.training.heads.training_pairs import rejected_pairs, rejections_of
from twinface.training.retraining.head_retraining import learn_all
from twinface.training.retraining.judging import score_corrections
from twinface.training.retraining.lessons import Material, gather_lessons

DOOR = "camera:door"
PEOPLE = FEWEST + 2


def at_the_door(vectors: np.ndarray) -> np.ndarray:
    """What a camera makes of vectors: all are drawn in one direction."""
    cast = 2.0 * np.linalg.norm(vectors, axis=1, keepdims=True) * np.eye(DIMENSION)[0]
    return np.asarray(vectors + cast, np.float32)


def enrol_from_the_door(folder: Path, people: list[PersonVectors]) -> Settings:
    """A picture of everybody is from the door; of the first four there is a photo as well."""
    settings = enrol(folder, [])
    gallery = Gallery.open(folder, network=NETWORK)
    for number, one in enumerate(people):
        rows = [0, 1] if number < 4 else [0]
        vectors = np.concatenate([at_the_door(one.vectors[:1]), one.vectors[1:2]])[rows]
        sources = [(DOOR, "photos")[row] for row in rows]
        gallery.add(one.name, [one.files[row] for row in rows], vectors, one.quality[rows], sources=sources)
    return settings


def logit(score: float) -> float:
    """What the score is the logistic function of, which tells scores near 1 apart."""
    return float(np.log(np.float64(score)) - np.log1p(-np.float64(score)))


@pytest.fixture
def material(tmp_path: Path) -> Material:
    """A gallery from a camera that has an average of its own, and two faces seen there: one confirmed, one rejected."""
    people = make_people(PEOPLE, pictures=4)
    settings = enrol_from_the_door(tmp_path / "gallery", people)
    alike = 0.3 * people[1].vectors[2] + 0.7 * people[2].vectors[3]
    looks = at_the_door(np.stack([people[2].vectors[2], alike]))
    confirmed = replace(say(CorrectionKind.CONFIRM, "person 02", looks[0]), track="door:1:1")
    rejected = replace(say(CorrectionKind.REJECT, "person 01", looks[1], 2), track="door:1:2")
    add_corrections(settings.gallery, [confirmed, rejected])
    gallery = Gallery.open(settings.gallery, network=NETWORK)
    return Material(settings, gallery, gather_lessons(gallery, None))


def test_a_head_learns_from_vectors_told_from_their_camera_and_keeps_what_it_knew_of_strangers_and_quality(
    material: Material, tmp_path: Path
) -> None:
    confirmed = tuple(one for one in material.lessons.corrections if one.kind is CorrectionKind.CONFIRM)
    material = replace(material, lessons=replace(material.lessons, corrections=confirmed))
    draft, by_hand = tmp_path / "draft", tmp_path / "by hand"
    for folder in (draft, by_hand):
        folder.mkdir()
    start = built_in_head(NETWORK)
    assert start is not None
    learn_all(material, start, draft, TrainOptions(), lambda _detail, _share: None)

    bundled = load_head(None, NETWORK)
    averages = averages_for(bundled, material.settings, material.gallery)
    assert averages is not None
    assert not averages.known[DOOR].is_frozen
    told = adjust_people(material.lessons.people, averages)
    assert told[2].sources == (DOOR, "photos", DOOR)
    learn(table_of(told), by_hand, TrainOptions(start=start))
    ours, theirs = (read_arrays(folder / WEIGHTS_FILE) for folder in (draft, by_hand))
    assert ours.keys() == theirs.keys()
    assert [name for name in ours if not np.array_equal(ours[name], theirs[name])] == []

    retrained = load_head(draft, NETWORK)
    assert retrained.cohort is not None
    assert bundled.cohort is not None
    kept = retrained.cohort.arrays(), bundled.cohort.arrays()
    assert all(np.array_equal(kept[0][name], kept[1][name]) for name in kept[1])
    assert np.array_equal(retrained.tail, bundled.tail)
    lengths = np.geomspace(0.01, 100.0, 200)[:, np.newaxis].astype(np.float32)
    vectors = lengths * np.eye(DIMENSION, dtype=np.float32)[0]
    knows = retrained.knows_quality(vectors)
    assert np.array_equal(knows, bundled.knows_quality(vectors))
    assert knows.any()
    assert not knows.all()


def test_a_correction_is_judged_by_the_score_that_the_matcher_gives(material: Material) -> None:
    head = load_head(None, NETWORK)
    averages = averages_for(head, material.settings, material.gallery)
    known = Known().updated(material.gallery, head, material.settings.matching, averages)
    seen = material.seen_by(head)
    found = score_corrections((head, head), (seen, seen), material.settings.matching)
    assert [one.kind for one in found] == ["reject", "confirm"]
    for told, one in zip(found, reversed(material.lessons.corrections), strict=True):
        column = known.names.index(one.name)
        raw = one.vector[np.newaxis]
        at_door, plain = known.score(np.concatenate([adjusted_vectors(raw, DOOR, averages), raw]))
        assert told.present == told.new == pytest.approx(at_door[column])
        assert abs(logit(told.present) - logit(plain[column])) > 0.1


def test_a_rejected_face_is_learnt_to_score_lower(material: Material, tmp_path: Path) -> None:
    head = load_head(None, NETWORK)
    lessons = material.seen_by(head)
    rejected = [one for one in lessons.corrections if one.kind is CorrectionKind.REJECT]
    person = next(one for one in lessons.people if one.name == "person 01")
    table = table_of(lessons.people)
    scores = []
    for number, said in enumerate(([], rejected)):
        folder = tmp_path / str(number)
        folder.mkdir()
        learn(table, folder, TrainOptions(), hard=rejected_pairs(rejections_of(said, table), table))
        with_person = load_head(folder, NETWORK).score(rejected[0].vector, fuse(person.vectors)[np.newaxis])
        scores.append(float(with_person[0]))
    assert 0.01 < scores[0] < 0.99999, "a score in which a difference of one pair can be told"
    assert scores[1] < scores[0]


def test_train_compares_a_rejected_face_relative_to_the_camera_that_saw_it(material: Material, tmp_path: Path) -> None:
    features = tmp_path / "features"
    people = make_people(PEOPLE, pictures=4)
    write_features(features, people)
    bundled = load_head(None, NETWORK)
    said = [one for one in material.lessons.corrections if one.kind is CorrectionKind.REJECT]
    report = train_head(features, tmp_path / "head", corrections=said, box=material.settings)
    assert report.rejections == 1

    averages = averages_for(bundled, material.settings, material.gallery)
    at_door = replace(said[0], vector=adjusted_vectors(said[0].vector[np.newaxis], DOOR, averages)[0])
    table, _ = hold_out(table_of(adjust_features(read_features(features), bundled.cohort)), 2)
    by_hand = {}
    for name, face in (("raw", said[0]), ("adjusted", at_door)):
        (tmp_path / name).mkdir()
        learn(table, tmp_path / name, TrainOptions(), hard=rejected_pairs([face], table))
        by_hand[name] = read_arrays(tmp_path / name / WEIGHTS_FILE)["coefficients"]
    found = read_arrays(tmp_path / "head" / WEIGHTS_FILE)["coefficients"]
    assert np.array_equal(found, by_hand["adjusted"])
    assert not np.array_equal(found, by_hand["raw"])

"""A head retrained from a gallery and its corrections: taken where it is not worse, whole or not at all, and undone."""

import json
import re
import resource
import shutil
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from harness import until
from retrained_box import DIMENSION, NETWORK, contents, enrol, make_people, run, say, write_metric

from twinface.averages import adjusted_vectors
from twinface.box.training_job import Outcome, TrainingJob
from twinface.box.training_work import retraining
from twinface.corrections import Correction, CorrectionKind, add_corrections
from twinface.errors import ArtefactError, ServiceError
from twinface.evaluation.protocols.split import person_digest
from twinface.files import only_writer, read_json_object
from twinface.gallery import Gallery, write_features
from twinface.gallery.keys import KEY_VARIABLE
from twinface.matching import load_head
from twinface.progress import SayHowFar
from twinface.publishing import published
from twinface.recognition.averaging import averages_for
from twinface.recognition.known import Known
from twinface.settings import Settings
from twinface.training.heads.head_training import TrainOptions
from twinface.training.heads.train_head import train_head
from twinface.training.retraining.folds import FOLDS, fold_of
from twinface.training.retraining.head_retraining import retrain
from twinface.training.retraining.head_versions import list_heads
from twinface.training.retraining.previous_head import roll_back
from twinface.training.retraining.retraining_report import RetrainReport


@pytest.fixture
def box(tmp_path: Path) -> Settings:
    """30 people and a head that is worse than what can be learnt from them."""
    settings = enrol(tmp_path / "gallery", make_people(30))
    write_metric(tmp_path / "head", 1.0)
    return settings.model_copy(update={"head": tmp_path / "head"})


@pytest.fixture(scope="module")
def retrained_once(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, RetrainReport]:
    """The folder of such a box, retrained, with its key; and what was reported."""
    folder = tmp_path_factory.mktemp("retrained")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(KEY_VARIABLE, str(folder / "key"))
        settings = enrol(folder / "gallery", make_people(30))
        write_metric(folder / "head", 1.0)
        return folder, run(settings.model_copy(update={"head": folder / "head"}))


@pytest.fixture
def retrained(retrained_once: tuple[Path, RetrainReport], tmp_path: Path) -> tuple[Settings, RetrainReport]:
    """A copy of that."""
    folder, report = retrained_once
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    return Settings(gallery=tmp_path / "gallery", head=tmp_path / "head"), report


def test_a_head_that_was_published_is_listed_with_how_good_it_was_found_to_be(
    retrained: tuple[Settings, RetrainReport],
) -> None:
    used, before, _ = list_heads(retrained[0])
    assert (used.in_use, used.architecture, before.comes_back, before.architecture) == (True, "plda", True, "metric")
    assert used.verdict == "not worse than the one before it, on 30 people"
    assert used.figures["people"] == 30
    assert used.figures["cost"] < used.figures["cost_before"]
    assert 0 <= used.figures["eer"] <= used.figures["eer_before"]


def test_a_better_head_is_published_and_rollback_goes_back_and_forth(
    retrained: tuple[Settings, RetrainReport], tmp_path: Path
) -> None:
    box, report = retrained
    assert box.head is not None
    write_metric(tmp_path / "before", 1.0)
    before = contents(tmp_path / "before")
    assert report.published, report.reasons
    assert (report.people, report.pictures) == (30, 150)
    assert report.measured is not None
    assert (report.measured.people, report.measured.left_out) == (30, 0)
    cost = report.measured.differences["cost"]
    assert cost.interval.high < 0
    about = read_json_object(box.head / "head.json")
    assert about["architecture"] == "plda"
    assert {person_digest(f"person {n:02}") for n in range(30)} <= set(about["learnt_from"])
    assert about["validation"]["differences"]["cost"]["first"] == cost.first
    after = contents(box.head)
    assert {name.removeprefix("previous/"): text for name, text in after.items() if "previous/" in name} == before

    roll_back(box.head)
    restored = contents(box.head)
    assert {name: text for name, text in restored.items() if "previous/" not in name} == before
    roll_back(box.head)
    assert contents(box.head) == after
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_each_fold_is_measured_by_a_head_that_has_not_learnt_from_it(
    retrained: tuple[Settings, RetrainReport],
) -> None:
    box, _ = retrained
    assert box.head is not None
    for fold in range(FOLDS):
        learnt = set(read_json_object(box.head / "folds" / str(fold) / "head.json")["learnt_from"])
        own = {person_digest(f"person {n:02}") for n in range(30) if fold_of(f"person {n:02}") == fold}
        assert own
        assert not own & learnt
    kept = [str(path.parent.relative_to(box.head)) for path in box.head.rglob("imagined.npz")]
    assert sorted(kept) == ["."], "what takes a while is found for heads that name"


def test_the_next_one_is_measured_on_everybody_again_and_goes_on_from_where_the_first_began(
    retrained: tuple[Settings, RetrainReport],
) -> None:
    box, _ = retrained
    assert box.head is not None
    first = read_json_object(box.head / "head.json")["learnt_from"]
    again = run(box)
    assert again.reasons == ("there is nothing new to learn from: it would be the head that is there",)
    Gallery.open(box.gallery, network=NETWORK).add("new", ("1", "2"), *_two_pictures())
    next_one = run(box)
    assert next_one.measured is not None
    assert next_one.measured.people >= 30
    assert next_one.published, next_one.reasons
    learnt = read_json_object(box.head / "head.json")["learnt_from"]
    assert set(learnt) - set(first) == {person_digest("new")}


def _two_pictures() -> tuple[np.ndarray, np.ndarray]:
    vectors = np.random.default_rng(9).normal(size=(1, DIMENSION)).repeat(2, axis=0)
    vectors[1] += 0.3
    return vectors.astype(np.float32), np.ones(2, np.float32)


def test_people_whom_the_present_head_knows_are_counted_apart(tmp_path: Path) -> None:
    people = make_people(14)
    write_features(tmp_path / "known", people[:10])
    train_head(tmp_path / "known", tmp_path / "head", TrainOptions(start=""))
    report = run(enrol(tmp_path / "gallery", people).model_copy(update={"head": tmp_path / "head"}))
    known = len(set(read_json_object(tmp_path / "head/head.json")["learnt_from"]))
    assert report.measurable is not None
    assert known <= 14 - report.measurable < 14
    assert f"{14 - report.measurable} more do not count, being known to the present head" in report.reasons[0]


def test_a_head_that_would_be_worse_is_not_taken(tmp_path: Path) -> None:
    """The head in use was trained on 150 people, the next one starts from scratch with 20 who have two each."""
    everybody = make_people(170)
    write_features(tmp_path / "many", everybody[:150])
    train_head(tmp_path / "many", tmp_path / "head", TrainOptions(start=""))
    path = tmp_path / "head/head.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"retrained": {}}))
    before = contents(tmp_path / "head")
    few = [
        replace(one, files=one.files[:2], vectors=one.vectors[:2], quality=one.quality[:2], sources=one.sources[:2])
        for one in everybody[150:]
    ]
    report = run(enrol(tmp_path / "gallery", few).model_copy(update={"head": tmp_path / "head"}))
    assert not report.published
    assert re.search(r"its cost may be \d+\.\d% higher", report.reasons[0])
    assert contents(tmp_path / "head") == before


def test_features_of_others_make_a_small_gallery_measurable(tmp_path: Path) -> None:
    people = make_people(30)
    settings = enrol(tmp_path / "gallery", people[:4])
    write_metric(tmp_path / "head", 1.0)
    write_features(tmp_path / "others", [*people[4:], *make_people(1, 2, seed=8, first=3)])
    report = run(settings.model_copy(update={"head": tmp_path / "head"}), tmp_path / "others")
    assert report.published, report.reasons
    assert (report.people, report.pictures) == (30, 152)


def score_in_box(settings: Settings, correction: Correction) -> float:
    """What the matcher makes of a corrected face and the person it was taken for, with the bundled head."""
    head, gallery = load_head(None, NETWORK), Gallery.open(settings.gallery, network=NETWORK)
    averages = averages_for(head, settings, gallery)
    known = Known().updated(gallery, head, settings.matching, averages)
    probe = adjusted_vectors(correction.vector[np.newaxis], correction.source, averages)
    return float(known.score(probe)[0, known.names.index(correction.name)])


def test_corrections_are_learnt_and_their_scores_told(tmp_path: Path) -> None:
    people = make_people(30)
    settings = enrol(tmp_path / "gallery", people)
    alike = people[3].vectors[0] + 0.5 * (people[4].vectors[0] - people[3].vectors[0])
    more = people[7].vectors.mean(axis=0)
    corrections = [
        say(CorrectionKind.REJECT, "person 03", alike),
        say(CorrectionKind.CONFIRM, "person 07", more, 2),
        replace(say(CorrectionKind.REJECT, "person 05", alike, 3), network="f" * 64),
        say(CorrectionKind.REJECT, "gone", alike, 4),
    ]
    add_corrections(settings.gallery, corrections)
    report = run(settings)
    assert (report.rejected, report.confirmed, report.pictures) == (1, 1, 151)
    rejected, confirmed = report.corrections
    assert (rejected.kind, rejected.name, rejected.track) == ("reject", "person 03", "door/1/1")
    assert (confirmed.kind, confirmed.name) == ("confirm", "person 07")
    assert rejected.present == pytest.approx(score_in_box(settings, corrections[0]))
    assert rejected.new != rejected.present


def test_thresholds_are_found_anew_or_the_head_is_kept(box: Settings) -> None:
    assert box.head is not None
    path = box.head / "head.json"
    calibrated = {"rule": "template", "best_k": 3, "comparisons": 9900, "people": 100, "thresholds": {"0.01": 0.51}}
    path.write_text(json.dumps(json.loads(path.read_text()) | {"decision": calibrated}))
    rate = box.matching.model_copy(update={"false_accept_rate": 0.01})
    report = run(box.model_copy(update={"matching": rate}))
    assert report.published, report.reasons
    assert report.present_threshold == 0.51
    decision = load_head(box.head, NETWORK).spec.decision
    assert decision is not None
    assert decision.people == 30
    assert report.new_threshold == decision.thresholds["0.01"] != 0.51

    roll_back(box.head)
    strict = box.matching.model_copy(update={"false_accept_rate": 0.0001})
    kept = run(box.model_copy(update={"matching": strict}))
    assert not kept.published
    assert "thresholds cannot be found again: --far 0.0001: 30 people" in " ".join(kept.reasons)


def test_a_full_disk_leaves_the_old_head_and_the_gallery_whole(box: Settings, tmp_path: Path) -> None:
    before = contents(tmp_path)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, hard))
    try:
        with pytest.raises(ArtefactError, match="it is as it was"):
            run(box)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert contents(tmp_path) == before
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_a_second_writer_waits_for_the_first(tmp_path: Path) -> None:
    target = tmp_path / "head"
    write_metric(target, 1.0)
    began, order = threading.Event(), []

    def write() -> None:
        with published(target) as draft:
            (draft / "head.json").write_text("{}")
            began.set()
        order.append("second")

    second = threading.Thread(target=write)
    with only_writer(target):
        second.start()
        assert began.wait(120.0)
        order.append("first")
    second.join(120.0)
    assert order == ["first", "second"]
    assert (target / "head.json").read_text() == "{}"


def test_a_head_that_changed_meanwhile_is_not_written_over(box: Settings) -> None:
    assert box.head is not None
    path, changed = box.head / "head.json", False

    def calibrate_meanwhile(detail: str, _share: float | None = None, /) -> None:
        nonlocal changed
        if "comparing" in detail:
            path.write_bytes(path.read_bytes() + b"\n")
            changed = True

    with pytest.raises(ArtefactError, match="has changed meanwhile; retrain again"):
        retrain(box, TrainOptions(), None, calibrate_meanwhile)
    assert changed
    assert [file.name for file in box.head.iterdir()] == ["head.json"]


def test_without_one_before_it_there_is_no_way_back(box: Settings, tmp_path: Path) -> None:
    assert box.head is not None
    with pytest.raises(ArtefactError, match="no head before this one"):
        roll_back(box.head)
    with pytest.raises(ArtefactError, match="no such folder"):
        roll_back(tmp_path / "nothing")


def test_the_job_runs_one_at_a_time_and_tells_what_came_of_it(box: Settings, tmp_path: Path) -> None:
    asked: dict[str, Any] = {"architecture": "plda", "epochs": 1, "normalize": False, "features": None}
    job = TrainingJob()
    assert job.progress() == {"state": "idle", "detail": "", "share": None, "report": None}
    job.start("a head is being trained", retraining(box, asked))
    with pytest.raises(ServiceError, match="a head is being trained") as refused:
        job.start("another", retraining(box, asked))
    assert refused.value.code == "busy"
    until(lambda: job.state != "running", 120.0, "the end of training")
    progress: dict[str, Any] = job.progress()
    assert (progress["state"], progress["detail"]) == ("done", "published")
    assert progress["report"]["published"]
    assert progress["report"]["measured"]["differences"]["cost"]["interval"]["high"] < 0
    job.start("a head is being trained", retraining(box, asked | {"features": str(tmp_path / "nowhere")}))
    until(lambda: job.state != "running", 120.0, "the end of training")
    assert job.state == "failed"
    assert "nowhere: no such folder" in job.detail


def test_a_stop_is_heard_by_the_work_that_it_is_meant_for() -> None:
    def work(say: SayHowFar, stop_asked: Callable[[], bool]) -> Outcome:
        say("counting")
        until(stop_asked, 120.0, "the stop")
        return Outcome("stopped")

    job = TrainingJob()
    with pytest.raises(ServiceError, match="nothing is being trained"):
        job.stop("a run is being taught")
    job.start("a run is being taught", work)
    until(lambda: job.detail == "counting", 120.0, "the work")
    with pytest.raises(ServiceError, match="a run is being taught") as refused:
        job.stop("another run is being taught")
    assert (refused.value.code, job.state) == ("busy", "running")
    job.stop("a run is being taught")
    until(lambda: job.state == "done", 120.0, "the end")
    assert job.detail == "stopped"
    job.start("a run is being taught", work)
    job.close(30.0)
    assert (job.state, job.detail) == ("done", "stopped")

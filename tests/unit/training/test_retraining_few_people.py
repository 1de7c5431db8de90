"""A family retrains, too: its own pictures, and strangers drawn from the cohort, judge the head."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from retrained_box import NETWORK, enrol, make_people, run, say

from twinface.corrections import CorrectionKind, add_corrections
from twinface.files import read_json_object
from twinface.gallery import Gallery, PersonVectors
from twinface.matching import load_head
from twinface.matching.head_folder import built_in_head, head_in_use
from twinface.training.retraining.few_people import people_to_ask
from twinface.training.retraining.folds import Judged
from twinface.training.retraining.lessons import gather_lessons


def test_a_family_of_three_gets_a_head_that_is_no_worse_for_them_and_strangers(tmp_path: Path) -> None:
    people = make_people(3)
    settings = enrol(tmp_path / "gallery", people)
    add_corrections(settings.gallery, [say(CorrectionKind.REJECT, "person 01", people[2].vectors[0])])
    report = run(settings)
    assert report.published, report.reasons
    measured = report.measured
    assert measured is not None
    assert (report.measurable, report.measurable_needed) == (3, 2)
    assert (measured.people, measured.left_out, measured.strangers) == (3, 0, 2000)
    assert (measured.new.genuine_pairs, measured.new.impostor_pairs) == (3 * 10, 15 * 2000)
    for name in ("cost", "cost_people", "cost_strangers"):
        cost = measured.differences[name]
        assert cost.interval is not None
        assert cost.interval.low < cost.interval.high <= 0.05 * cost.second
    place = head_in_use(None, settings.gallery, NETWORK)
    assert place is not None
    bundled, head = load_head(None, NETWORK), load_head(place, NETWORK)
    assert head.spec.thresholds == bundled.spec.thresholds
    assert head.cohort is not None

    table = gather_lessons(Gallery.open(settings.gallery, network=NETWORK), None).table
    judged = Judged(place, table)
    assert people_to_ask(judged, judged, NETWORK) == [0, 1, 2]
    for fold, name in enumerate(table.names):
        others = {one for one in table.names if one != name}
        learnt = read_json_object(place / "folds" / str(fold) / "head.json")
        assert learnt["trained_on"] == {"people": len(others), "pictures": 10}


def test_a_head_that_would_be_worse_for_a_family_is_not_taken(tmp_path: Path) -> None:
    """It starts from one that was trained on nobody, so that these three are all it would know of faces."""
    bundled, head = built_in_head(NETWORK), tmp_path / "head"
    assert bundled is not None
    shutil.copytree(bundled, head)
    about = read_json_object(head / "head.json")
    (head / "head.json").write_text(json.dumps(about | {"learnt_from": []}))
    before = (head / "head.npz").read_bytes()
    settings = enrol(tmp_path / "gallery", make_people(3))
    report = run(settings.model_copy(update={"head": head}))
    assert report.measured is not None
    assert any(reason.startswith("its cost on ") for reason in report.reasons), report.reasons
    assert not report.published
    assert (head / "head.npz").read_bytes() == before


def with_pictures(person: PersonVectors, count: int) -> PersonVectors:
    """A person with so many of their pictures."""
    parts = {name: getattr(person, name)[:count] for name in ("files", "vectors", "quality", "sources")}
    return replace(person, **parts)


@pytest.mark.parametrize(
    ("pictures", "needed"), [((3,), "Enrol 1 more"), ((3, 1), "Enrol 1 more"), ((1, 1), "Enrol 2 more")]
)
def test_one_person_alone_is_said_to_be_too_few(tmp_path: Path, pictures: tuple[int, ...], needed: str) -> None:
    everybody = zip(make_people(len(pictures)), pictures, strict=True)
    people = [with_pictures(person, count) for person, count in everybody]
    settings = enrol(tmp_path / "gallery", people)
    report = run(settings)
    assert not report.published
    assert (report.present, report.measurable_needed) == ("bundled", 2)
    assert report.measurable == sum(count > 1 for count in pictures)
    (reason,) = report.reasons
    assert "from 2 people on who have two pictures or more" in reason
    assert f"There are {report.measurable}. {needed}" in reason
    assert "who is trained on cannot show whether a head is better" in reason
    assert head_in_use(None, settings.gallery, NETWORK) is None


def test_two_people_need_a_picture_more_than_two_each(tmp_path: Path) -> None:
    report = run(enrol(tmp_path / "gallery", make_people(2, pictures=2)))
    assert report.measured is None
    assert report.reasons == (
        "a new head is measured on 5 pictures at least of people who have two or more. There are 4; add some, or name "
        "features of others with --features",
    )

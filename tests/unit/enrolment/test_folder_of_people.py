"""Everybody of a folder enrolled by a program, here of features."""

from pathlib import Path

import pytest
from retrained_box import enrol, make_people

from twinface.corrections.steps import list_steps
from twinface.enrolment.many_people import Outcome, enrol_folder, open_folder_of_people
from twinface.errors import InputError
from twinface.gallery import Gallery, write_features
from twinface.gallery.keys import KEY_VARIABLE
from twinface.review.undo import undo


def test_everybody_is_enrolled_by_one_call_and_taken_back_by_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY_VARIABLE, str(tmp_path / "key"))
    settings = enrol(tmp_path / "gallery", make_people(1)).model_copy(update={"network": "sface"})
    write_features(tmp_path / "features", make_people(3))
    people = open_folder_of_people(tmp_path / "features", settings, force=True)
    assert ([one.name for one in people.applicants], people.gate, people.warnings) == (
        ["person 00", "person 01", "person 02"],
        None,
        (),
    )
    results = list(enrol_folder(people, settings, who="a program"))
    assert [(one.outcome, one.added) for one in results] == [
        (Outcome.KNOWN, 0),
        (Outcome.ADDED, 5),
        (Outcome.ADDED, 5),
    ]
    assert len(Gallery.open(settings.gallery).people) == 3
    (step,) = list_steps(settings.gallery)
    assert (step.who, step.said) == ("a program", "pictures of 2 people added"), "not of all who applied"
    undo(settings)
    assert list(Gallery.open(settings.gallery).people) == ["person 00"]
    with pytest.raises(InputError, match="no such folder"):
        open_folder_of_people(tmp_path / "nowhere", settings)

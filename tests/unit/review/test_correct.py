"""What people say of a name, said by a program: on a real store and gallery, without a pipeline."""

from pathlib import Path

import pytest

from twinface.corrections import read_corrections
from twinface.corrections.steps_file import step_numbers
from twinface.enrolment.from_looks import NothingEnrolledError
from twinface.enrolment.objections import Reason
from twinface.errors import InputError
from twinface.gallery import Gallery
from twinface.review.correct import confirm, enrol, reject
from twinface.review.undo import undo
from twinface.settings import Settings
from twinface.settings_file import load_settings
from twinface.unknowns import list_unknowns


@pytest.fixture
def settings(box: Path, config: Path) -> Settings:
    return load_settings(config)


def pictures(settings: Settings) -> dict[str, int]:
    return {name: len(person.files) for name, person in Gallery.open(settings.gallery).people.items()}


def test_a_program_rejects_and_confirms_and_takes_either_back(settings: Settings) -> None:
    rejected = reject(settings, event=7)
    assert (rejected.name, rejected.tracks, rejected.looks, rejected.step) == ("Ada", ("door:z:3",), 2, 1)
    confirmed = confirm(settings, track="door:1")
    assert (len(confirmed.added), len(confirmed.known), confirmed.refused, confirmed.step) == (1, 1, (), 2)
    assert confirmed.what == "door:z:1"
    assert pictures(settings) == {"Ada": 2}
    undo(settings, 2)
    undo(settings, 1)
    assert (pictures(settings), read_corrections(settings.gallery)) == ({"Ada": 1}, ())


def test_who_was_unknown_is_so_no_more_once_a_program_enrols_them(settings: Settings) -> None:
    assert [str(one) for one in list_unknowns(settings.events_path)] == ["unknown-1"]
    enrolled = enrol(settings, "Zoë", unknown="unknown-1")
    assert (enrolled.what, len(enrolled.added) + len(enrolled.known), enrolled.step) == ("unknown-1", 2, 1)
    assert pictures(settings)["Zoë"] == len(enrolled.added)
    assert list_unknowns(settings.events_path) == []
    with pytest.raises(InputError, match="Zoë is in the gallery already; use --merge"):
        enrol(settings, "Zoë", track="door:2")


def test_looks_that_are_no_good_are_an_error_that_has_each_with_its_reason(settings: Settings) -> None:
    with pytest.raises(NothingEnrolledError, match="none of 2 looks of door:z:3 could be used") as caught:
        confirm(settings, track="door:3")
    refused = caught.value.enrolled.refused
    assert [(look.source, objection.reason) for look, objection in refused] == [
        ("door:z:3#30", Reason.NOT_LIKE_THE_OTHERS),
        ("door:z:3#31", Reason.NOT_LIKE_THE_OTHERS),
    ]
    with pytest.raises(NothingEnrolledError, match="wait for a better look") as blurred:
        enrol(settings, "Bob", track="door:4")
    assert {objection.reason for _, objection in blurred.value.enrolled.refused} == {Reason.BLURRED}
    assert (pictures(settings), step_numbers(settings.gallery)) == ({"Ada": 1}, [])
    assert len(enrol(settings, "Bob", track="door:4", force=True).added) == 1

"""What waits for a person, and what their answers do: on real files, taken back to the byte."""

import dataclasses
import re
from pathlib import Path

import numpy as np
import pytest
from corrected_box import ADA, IMPOSTOR, looks_of, told
from gallery_state import state_of
from reviewed_box import AGAIN, CLOSE, STREAM, UNSURE, YARD

from twinface.corrections import Correction, CorrectionKind, add_corrections, read_corrections
from twinface.corrections.answer import AnswerKind
from twinface.corrections.answers_file import ANSWERS_FILE, read_answers
from twinface.enrolment.fit_looks import FitLooks
from twinface.enrolment.from_looks import NothingEnrolledError
from twinface.errors import ArtefactError, InputError
from twinface.events import Event, EventStore, Kind, Subject, TrackKey
from twinface.gallery import Gallery
from twinface.networks import Network
from twinface.recognition.embedding import EmbeddedFace
from twinface.review.act import act
from twinface.review.correct import confirm, enrol, reject
from twinface.review.forget import forget
from twinface.review.queue import Action, Item, ItemKind, complete, read_queue
from twinface.review.rename import rename
from twinface.review.undo import undo
from twinface.settings import Settings, UnknownSettings
from twinface.settings_file import load_settings
from twinface.types import Candidate
from twinface.unknowns import Unknowns, list_unknowns

VISIT = "visit-3"


@pytest.fixture
def settings(review_box: Path, config: Path) -> Settings:
    return load_settings(config)


def queue(settings: Settings) -> list[Item]:
    return complete(settings, read_queue(settings, Gallery.open(settings.gallery).people))


def kinds(settings: Settings) -> dict[str, str]:
    return {item.id: str(item.kind) for item in queue(settings)}


EVERYTHING = {
    str(YARD): "uncertain",
    str(CLOSE): "close_names",
    str(UNSURE): "uncertain",
    "unknown-1": "unknown_again",
    VISIT: "new_name",
}


def test_what_waits_is_there_with_what_one_needs_to_answer_it(settings: Settings) -> None:
    found = {item.id: item for item in queue(settings)}
    assert {one: str(item.kind) for one, item in found.items()} == EVERYTHING
    assert list(found) == list(EVERYTHING)  # what was seen last comes first
    again, close, visit = found["unknown-1"], found[str(CLOSE)], found[VISIT]
    assert (again.unknown, again.visits, again.tracks) == (1, 2, (IMPOSTOR, AGAIN))
    assert [(one.name, one.score) for one in close.candidates] == [("Ada", 0.7), ("Eve", 0.65)]
    assert (visit.name, visit.tracks[0], visit.camera) == ("Ada", ADA, "door")
    assert found[str(UNSURE)].score == 0.9


def test_nobody_is_asked_whether_it_is_one_who_is_shown_with_no_likeness(
    settings: Settings, review_box: Path, faces: dict[str, EmbeddedFace], sface: Network
) -> None:
    key = TrackKey("door", STREAM, 1500)
    together = (Candidate("Ada", 0.3), Candidate("Eve", 0.004), Candidate("Zoe", 0.0))
    looks = [
        dataclasses.replace(look, state="uncertain", together=together)
        for look in looks_of(key, faces["person_b_1"], sface)
    ]
    events = [
        told(1500, Kind.ENTER, key, None, "pending"),
        told(1501, Kind.UPDATE, key, None, "uncertain"),
        told(1502, Kind.EXIT, key, None, "uncertain"),
    ]
    with EventStore(review_box) as store:
        store.append(events, looks)
    found = {item.id: item for item in queue(settings)}
    assert [one.name for one in found[str(key)].candidates] == ["Ada"]


@pytest.mark.parametrize("action", [Action.SKIP, Action.NO_FACE])
@pytest.mark.parametrize("item", EVERYTHING)
def test_what_is_passed_over_or_no_face_does_not_wait_any_more(settings: Settings, item: str, action: Action) -> None:
    assert act(settings, [item], action).done == 1
    assert set(kinds(settings)) == set(EVERYTHING) - {item}


def test_who_was_passed_over_waits_again_after_two_more_visits(
    settings: Settings, faces: dict[str, EmbeddedFace], sface: Network
) -> None:
    act(settings, ["unknown-1"], Action.SKIP)
    for number in (2000, 3000):
        assert "unknown-1" not in kinds(settings)
        come(settings, TrackKey("door", STREAM, number), faces["impostor_1"], sface)
    (item,) = (one for one in queue(settings) if one.kind is ItemKind.UNKNOWN_AGAIN)
    assert (item.id, item.visits, len(item.tracks)) == ("unknown-1", 2, 2)


def come(settings: Settings, key: TrackKey, face: EmbeddedFace, network: Network) -> None:
    """Somebody unknown comes, as the matcher would store it."""
    events = [
        told(key.track, Kind.ENTER, key, None, "pending"),
        told(key.track + 1, Kind.EXIT, key, None, "unknown"),
    ]
    with EventStore(settings.events_path) as store:
        store.append(events, looks_of(key, face, network))
    fit = FitLooks(settings.gallery, network.recipe.fingerprint).is_fit
    Unknowns(settings.events_path, UnknownSettings(), fit).take(events)


ACTS: dict[str, tuple[list[str], Action, str | None]] = {
    "name an unknown": (["unknown-1"], Action.NAME, "Bob"),
    "somebody new": (["unknown-1"], Action.NEW, "Zoë"),
    "name a face": ([str(UNSURE)], Action.NAME, "Ada"),
    "name a visit otherwise": ([VISIT], Action.NEW, "Zoë"),
    "right": ([str(UNSURE), VISIT], Action.RIGHT, None),
    "not": ([str(CLOSE), VISIT, str(YARD)], Action.NOT, None),
    "skip": (list(EVERYTHING), Action.SKIP, None),
    "no face": (list(EVERYTHING), Action.NO_FACE, None),
}


@pytest.mark.parametrize("name", ACTS)
def test_many_answers_are_one_step_that_is_taken_back_to_the_byte(
    settings: Settings, review_box: Path, faces: dict[str, EmbeddedFace], name: str
) -> None:
    bob = faces["impostor_1"].vector[np.newaxis] + 0.01  # of whom the unknown visitor may be
    if name == "name an unknown":
        Gallery.open(settings.gallery).add("Bob", ("b.jpg",), bob.astype(np.float32), np.ones(1, np.float32))
    items, action, person = ACTS[name]
    act(settings, [str(YARD)], Action.SKIP)
    undo(settings)
    before, waiting = state_of(review_box), kinds(settings)
    done = act(settings, items, action, name=person)
    assert (done.done, done.refused) == (len(items), ())
    after = state_of(review_box)
    assert after != before
    assert set(kinds(settings)) == set(waiting) - set(items)
    undo(settings, done.step)
    assert state_of(review_box) == before
    assert kinds(settings) == waiting


def test_of_a_wrong_name_the_next_visit_is_asked_about_and_of_a_right_one_none(
    settings: Settings, faces: dict[str, EmbeddedFace], sface: Network
) -> None:
    again = TrackKey("door", STREAM, 4000)
    with EventStore(settings.events_path) as store:
        store.append(visit := named(again), looks_of(again, faces["person_a_2"], sface, "Ada"))
    assert [item for item, kind in kinds(settings).items() if kind == "new_name"] == [VISIT]
    act(settings, [VISIT], Action.NOT)
    (second,) = (one for one in queue(settings) if one.kind is ItemKind.NEW_NAME)
    assert second.tracks == (again,)
    assert [(one.kind, one.name) for one in read_corrections(settings.gallery)] == [(CorrectionKind.REJECT, "Ada")] * 4
    act(settings, [second.id], Action.RIGHT, force=True)
    with EventStore(settings.events_path) as store:
        store.append([dataclasses.replace(one, stream=STREAM + 1, since_ns=one.since_ns + 1) for one in visit])
    assert "new_name" not in kinds(settings).values()


def named(key: TrackKey) -> list[Event]:
    """Ada comes, and is named."""
    second = key.track + 1
    visit = told(second, Kind.ENTER, key, "Ada", "known", subject=Subject.PERSON)
    return [
        told(key.track, Kind.ENTER, key, None, "pending"),
        told(second, Kind.UPDATE, key, "Ada", "known"),
        dataclasses.replace(visit, since_ns=visit.at_ns),
    ]


def test_who_was_named_from_the_queue_is_asked_about_when_they_come_first(
    settings: Settings, faces: dict[str, EmbeddedFace], sface: Network
) -> None:
    act(settings, ["unknown-1"], Action.NEW, name="Zoë")
    key = TrackKey("door", STREAM, 4000)
    visit = [dataclasses.replace(one, name=one.name and "Zoë") for one in named(key)]
    with EventStore(settings.events_path) as store:
        store.append(visit, looks_of(key, faces["impostor_1"], sface, "Zoë"))
    found = {one.name: one.tracks for one in queue(settings) if one.kind is ItemKind.NEW_NAME}
    assert found["Zoë"] == (key,)


def test_that_a_name_is_right_is_remembered_where_no_look_is_good_to_enrol(settings: Settings) -> None:
    with pytest.raises(NothingEnrolledError):
        confirm(settings, track="door:3")
    (item,) = (one for one in queue(settings) if one.kind is ItemKind.NEW_NAME)
    assert str(item.tracks[-1]) == "door:z:3"  # Bob, who was taken for her, is of the same visit
    act(settings, [VISIT], Action.RIGHT)
    assert read_answers(settings.gallery)["door:z:3"].kind is AnswerKind.RIGHT
    assert VISIT not in kinds(settings)


@pytest.mark.parametrize("say", ["confirm", "reject", "enrol"])
def test_what_a_command_has_said_is_not_asked_again(settings: Settings, say: str) -> None:
    if say == "enrol":
        enrol(settings, "Zoë", track=str(UNSURE), force=True)
        assert str(UNSURE) not in kinds(settings)
    else:
        {"confirm": confirm, "reject": reject}[say](settings, track="door:1")
        assert VISIT not in kinds(settings)


def test_what_is_no_face_is_never_enrolled_nor_somebody_unknown_again(
    settings: Settings, faces: dict[str, EmbeddedFace], sface: Network
) -> None:
    act(settings, ["unknown-1", str(YARD)], Action.NO_FACE)
    assert list_unknowns(settings.events_path) == []
    with pytest.raises(NothingEnrolledError, match="no_face: somebody said so"):
        enrol(settings, "Zoë", track=str(AGAIN), force=True)
    come(settings, TrackKey("yard", STREAM, 5000), faces["impostor_1"], sface)
    assert list_unknowns(settings.events_path) == []
    undo(settings)
    come(settings, TrackKey("yard", STREAM, 6000), faces["impostor_1"], sface)
    assert [len(one.tracks) for one in list_unknowns(settings.events_path)] == [3]


def test_a_name_that_is_said_to_be_no_face_is_rejected_for_it_too(settings: Settings) -> None:
    act(settings, [VISIT], Action.NO_FACE)
    assert {(one.kind, one.name) for one in read_corrections(settings.gallery)} == {(CorrectionKind.REJECT, "Ada")}


@pytest.mark.parametrize(
    ("item", "action", "reason"),
    [
        ("unknown-9", Action.SKIP, "does not wait any more"),
        ("door:z:4", Action.SKIP, "does not wait any more"),
        (str(UNSURE), Action.NAME, "look of door:z:1001|looks of door:z:1001"),
    ],
)
def test_what_cannot_be_answered_so_is_refused_and_the_others_are_answered(
    settings: Settings, review_box: Path, item: str, action: Action, reason: str
) -> None:
    gallery = Gallery.open(settings.gallery)
    far = -gallery.people["Ada"].vectors
    gallery.add("Far", ("far.jpg",), far, np.ones(1, np.float32))
    before = state_of(review_box)
    alone = act(settings, [item], action, name="Far")
    assert (alone.done, alone.step) == (0, None)
    assert state_of(review_box) == before
    ((refused, why),) = ((one.item, one.reason) for one in alone.refused)
    assert refused == item
    assert re.search(reason, why)
    if action is Action.SKIP:
        both = act(settings, [item, str(YARD), str(YARD)], action)
        assert (both.done, [one.item for one in both.refused]) == (1, [item])


def test_of_two_who_answer_at_once_the_second_learns_that_it_was_answered(settings: Settings) -> None:
    act(settings, [str(YARD)], Action.SKIP)
    assert act(settings, [str(YARD)], Action.NO_FACE).refused[0].reason.startswith("it does not wait any more")
    assert read_answers(settings.gallery)[str(YARD)].kind is AnswerKind.SKIP


@pytest.mark.parametrize(
    ("action", "name", "says"),
    [
        (Action.NAME, None, "say the name"),
        (Action.NAME, "Nobody", "nobody called 'Nobody' is in the gallery"),
        (Action.NEW, "Ada", "Ada is in the gallery already"),
        (Action.NEW, "  ", "name"),
    ],
)
def test_a_name_that_does_not_fit_is_an_error(
    settings: Settings, review_box: Path, action: Action, name: str | None, says: str
) -> None:
    before = state_of(review_box)
    with pytest.raises(InputError, match=says):
        act(settings, ["unknown-1"], action, name=name)
    assert state_of(review_box) == before


def test_two_who_are_two_do_not_become_one_new_person(settings: Settings) -> None:
    done = act(settings, ["unknown-1", str(YARD)], Action.NEW, name="Zoë")
    assert (done.done, [one.item for one in done.refused]) == (1, [str(YARD)])
    assert "door:z:" in str(Gallery.open(settings.gallery).people["Zoë"].files)


def test_answers_go_with_a_person_who_is_renamed_and_are_erased_with_one_who_is_forgotten(settings: Settings) -> None:
    act(settings, [VISIT], Action.RIGHT)
    act(settings, [str(UNSURE)], Action.NO_FACE)  # a face like Ada's
    rename(settings, "Ada", "Adele")
    assert {one.name for one in read_answers(settings.gallery).values()} == {"Adele", None}
    erased = {one.what: one.count for one in forget("Adele", settings)}
    assert erased["answers"] == 3
    assert not (settings.gallery / ANSWERS_FILE).exists()


def test_a_step_that_does_not_fit_any_more_says_what_was_answered_since(settings: Settings) -> None:
    first = act(settings, [str(YARD)], Action.SKIP).step
    undo(settings, first)
    act(settings, [str(YARD)], Action.NO_FACE)
    with pytest.raises(InputError, match=rf"{YARD} has changed since, by step 3"):
        undo(settings, 2)


def test_a_damaged_file_of_answers_is_an_error_that_names_it_and_costs_no_visitor(
    settings: Settings, faces: dict[str, EmbeddedFace], sface: Network
) -> None:
    (settings.gallery / ANSWERS_FILE).write_bytes(b"damaged")
    with pytest.raises(ArtefactError, match=rf"{ANSWERS_FILE}: "):
        read_queue(settings, ["Ada"])
    come(settings, TrackKey("yard", STREAM, 5000), faces["person_b_1"], sface)
    assert len(list_unknowns(settings.events_path)) == 2


def test_what_another_box_said_of_a_track_of_the_same_number_answers_nothing_here(settings: Settings) -> None:
    """Boxes number their tracks alike."""
    said = Correction(CorrectionKind.REJECT, "Zoe", np.ones(4, np.float32), "a" * 64, 0.5, str(UNSURE), None, 1)
    add_corrections(settings.gallery, [dataclasses.replace(said, box="f" * 32)])
    assert kinds(settings) == EVERYTHING
    add_corrections(settings.gallery, [dataclasses.replace(said, name="Eve")])
    assert set(EVERYTHING) - set(kinds(settings)) == {str(UNSURE)}

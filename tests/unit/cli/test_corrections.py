"""`explain`, `reject`, `confirm`, `enrol` and `unknowns` on a real store and gallery, without a pipeline."""

import dataclasses
import json
import os
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from corrected_box import ADA, BLURRED, BOB, IMPOSTOR, STREAM, told
from harness import TWINFACE

from twinface.corrections import read_corrections
from twinface.events import EventQuery, EventStore, Kind, TrackKey, read_events, read_looks
from twinface.gallery import Gallery
from twinface.gallery.gallery_folder import writers_lock
from twinface.review.forget import find_traces, forget
from twinface.settings_file import load_settings
from twinface.unknowns import list_unknowns

Run = Callable[..., tuple[int, str, str]]


def vectors_of(config: Path) -> dict[str, int]:
    gallery = Gallery.open(load_settings(config).gallery)
    return {name: len(person.files) for name, person in gallery.people.items()}


# --- explain ----------------------------------------------------------------------------------------------------


def test_explain_shows_every_look_and_what_was_missed(twinface: Run, config: Path, box: Path) -> None:
    code, output, _ = twinface("explain", "--config", config, "--track", "door:2", "--json")
    assert code == 0
    (track,) = json.loads(output)["tracks"]
    assert (track["track"], track["state"], track["unknown"]) == ("door:z:2", "unknown", "unknown-1")
    assert [one["kind"] for one in track["history"]] == ["enter", "update", "exit"]
    first, second = track["looks"]
    assert (first["look"], first["state"], first["objection"]) == ("door:z:2#20", "pending", None)
    assert first["candidates"] == [{"name": "Ada", "score": 0.25}]
    assert second["measures"]["face_px"] > 100
    decision = track["decision"]
    assert (decision["missed_by"], decision["lead"], decision["lead_missed_by"]) == (0.25, 0.125, 0.125)
    assert decision["bounds"]["rule"] == "template"


def test_explain_tells_people_the_same(twinface: Run, config: Path, box: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    _, output, _ = twinface("explain", "--config", config, "--track", "door:z:2")
    assert max(map(len, output.splitlines())) <= 80
    output = " ".join(output.split())
    assert "door:z:2: unknown-1" in output
    assert "Ada 0.250, [red]Eve 0.125" in output
    assert "rule template: a score of 0.500 is needed (set), a lead of 0.250, and 2 agreeing looks" in output
    assert "Ada misses the threshold of 0.500 by 0.250" in output
    _, output, _ = twinface("explain", "--config", config, "--track", "door:4")
    assert "unknown (blurred)" in " ".join(output.split())
    _, output, _ = twinface("explain", "--config", config, "--event", 9, "--json")
    assert [one["track"] for one in json.loads(output)["tracks"]] == ["door:z:1", "door:z:3"]


# --- reject and confirm -----------------------------------------------------------------------------------------


def test_a_rejection_keeps_the_looks_of_the_face_that_had_the_name(twinface: Run, config: Path, box: Path) -> None:
    code, output, errors = twinface("reject", "--config", config, "--event", 7)
    assert (code, output, errors) == (0, "door:z:3 is not Ada: 2 looks rejected\n", "")
    said = read_corrections(load_settings(config).gallery)
    assert [(one.name, str(one.kind), one.track, one.event) for one in said] == [("Ada", "reject", "door:z:3", 7)] * 2
    for one, look in zip(said, read_looks(box, [BOB]), strict=True):
        np.testing.assert_array_equal(one.vector, look.vector)


def test_a_confirmation_enrols_what_is_good_and_new_once(twinface: Run, config: Path, box: Path) -> None:
    twinface("reject", "--config", config, "--track", "door:1")
    code, output, errors = twinface("confirm", "--config", config, "--track", "door:1", "--json")
    assert (code, errors) == (0, "")
    report = json.loads(output)
    assert (report["name"], report["added"], report["known"], report["refused"]) == ("Ada", 1, 1, 0)
    assert {str(one.kind) for one in read_corrections(load_settings(config).gallery)} == {"confirm"}
    gallery = Gallery.open(load_settings(config).gallery)
    assert gallery.people["Ada"].files[1].startswith("track door:z:1#1")
    code, output, _ = twinface("confirm", "--config", config, "--event", 3)
    assert code == 0
    assert output.startswith("Ada: 0 looks added, 2 with nothing new, 0 set aside")
    assert vectors_of(config) == {"Ada": 2}


def test_who_is_not_like_the_person_is_not_confirmed(twinface: Run, config: Path, box: Path) -> None:
    code, output, errors = twinface("confirm", "--config", config, "--track", "door:3")
    assert (code, output) == (2, "")
    assert "door:z:3#30: not_like_the_others: scores" in errors
    assert "Ada: none of 2 looks of door:z:3 could be used (not_like_the_others" in errors
    assert vectors_of(config) == {"Ada": 1}
    assert read_corrections(load_settings(config).gallery) == ()
    assert twinface("confirm", "--config", config, "--track", "door:3", "--force")[0] == 0
    assert vectors_of(config) == {"Ada": 2}


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("reject", "--event", 99), "no event has the number 99"),
        (("reject", "--track", "door:9"), "nothing is known of a track 'door:9'"),
        (("reject", "--track", "door"), "'door' is no track; write it as"),
        (("reject",), "name either an event with --event, or a track with --track"),
        (("confirm", "--event", 3, "--track", "door:1"), "name either an event"),
        (("reject", "--track", "door:2"), "door:z:2 was given no name; `twinface enrol` gives it one"),
        (("reject", "--track", "door:1", "--name", "Bob"), "door:z:1 was not said to be Bob, but Ada"),
        (("enrol", "--name", "Bob"), "name either a track with --track, or somebody unknown with --unknown"),
        (("enrol", "--unknown", "unknown-7", "--name", "Bob"), "nobody is remembered as 'unknown-7'"),
        (("enrol", "--track", "door:2", "--name", "Ada"), "Ada is in the gallery already; use --merge"),
        (("enrol", "--track", "door:2", "--name", "Ada", "--merge"), "could be used (not_like_the_others: scores 0.00"),
        (("enrol", "--track", "door:2", "--name", " "), "a person's name has 1 to 200 characters"),
        (("enrol", "--track", "door:4", "--name", "Bob"), "could be used (blurred: sharpness 0.2, at least 0.40"),
    ],
)
def test_mistakes_are_said_in_a_line_and_change_nothing(
    twinface: Run, config: Path, box: Path, arguments: tuple[object, ...], told: str
) -> None:
    command, *options = arguments
    code, output, errors = twinface(command, "--config", config, *options)
    assert (code, output) == (2, "")
    assert told in errors.splitlines()[-1]
    assert "Traceback" not in errors
    assert (vectors_of(config), read_corrections(load_settings(config).gallery)) == ({"Ada": 1}, ())
    assert len(list_unknowns(box)) == 1


def test_of_several_names_one_has_to_be_chosen(twinface: Run, config: Path, box: Path) -> None:
    with EventStore(box) as store:
        store.append([told(10, Kind.UPDATE, BOB, "Eve", "known")])
    code, _, errors = twinface("reject", "--config", config, "--track", "door:3")
    assert code == 2
    assert "door:z:3 was said to be Eve and Ada; choose one with --name" in errors
    assert twinface("reject", "--config", config, "--track", "door:3", "--name", "Ada")[0] == 0


def test_without_looks_there_is_nothing_to_correct(twinface: Run, config: Path, box: Path) -> None:
    with EventStore(box) as store:
        store.append([told(10, Kind.ENTER, TrackKey("door", STREAM, 9), "Ada", "known")])
    code, _, errors = twinface("reject", "--config", config, "--track", "door:9")
    assert code == 2
    assert "no looks are kept of door:z:9: it was never recognised" in errors
    _, output, _ = twinface("explain", "--config", config, "--track", "door:9")
    assert "no looks are kept of it" in output


# --- enrol and unknowns -----------------------------------------------------------------------------------------


def test_an_unknown_visitor_gets_a_name_and_is_unknown_no_more(twinface: Run, config: Path, box: Path) -> None:
    _, output, _ = twinface("unknowns", "--config", config)
    assert output.startswith("unknown-1  seen once ")
    (one,) = json.loads(twinface("unknowns", "--config", config, "--json")[1])["unknowns"]
    assert (one["id"], one["visits"], one["tracks"]) == ("unknown-1", 1, ["door:z:2"])
    assert "unknown-1" in twinface("events", "--config", config, "--tracks")[1]
    code, output, _ = twinface("enrol", "--config", config, "--unknown", "unknown-1", "--name", "Zoë")
    assert code == 0
    assert output.startswith("Zoë: 1 look added, 1 with nothing new")
    assert vectors_of(config) == {"Ada": 1, "Zoë": 1}
    assert list_unknowns(box) == []
    assert {look.enrolled_as for look in read_looks(box, [IMPOSTOR])} == {"Zoë"}
    assert "nobody unknown is remembered" in twinface("unknowns", "--config", config)[2]


def test_enrolling_a_track_takes_its_unknown_visitor_along(twinface: Run, config: Path, box: Path) -> None:
    assert twinface("enrol", "--config", config, "--track", "door:2", "--name", "Zoë")[0] == 0
    assert list_unknowns(box) == []
    code, _, _ = twinface("enrol", "--config", config, "--track", "door:1", "--name", "Ada", "--merge")
    assert (code, vectors_of(config)) == (0, {"Ada": 2, "Zoë": 1})


def test_looks_of_another_network_are_refused(twinface: Run, config: Path, box: Path) -> None:
    (look, *_) = read_looks(box, [IMPOSTOR])
    other = dataclasses.replace(look, key=TrackKey("door", STREAM, 8), network="d" * 64)
    with EventStore(box) as store:
        store.append([told(9, Kind.ENTER, other.key, None, "pending")], [other])
    code, _, errors = twinface("enrol", "--config", config, "--track", "door:8", "--name", "Zoë")
    assert code == 2
    assert "Zoë: the looks are of another network than the gallery" in errors


def test_who_writes_at_the_same_time_is_waited_for(twinface: Run, config: Path, box: Path) -> None:
    gallery = load_settings(config).gallery
    held, go_on = threading.Event(), threading.Event()

    def hold() -> None:
        with writers_lock(gallery):
            held.set()
            go_on.wait(0.3)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait()
    assert twinface("enrol", "--config", config, "--track", "door:2", "--name", "Zoë")[0] == 0
    thread.join()
    assert vectors_of(config) == {"Ada": 1, "Zoë": 1}


# --- forget -----------------------------------------------------------------------------------------------------


def test_whoever_is_forgotten_is_gone_from_corrections_looks_and_unknowns_too(
    twinface: Run, config: Path, box: Path
) -> None:
    twinface("enrol", "--config", config, "--unknown", "unknown-1", "--name", "Zoë")
    twinface("reject", "--config", config, "--event", 7)
    erased: dict[str, Any] = {one.what: one.count for one in forget("Zoë", load_settings(config))}
    assert erased == {"vectors": 1, "events": 3, "looks": 2, "steps to be taken back": 1}
    assert read_looks(box, [IMPOSTOR]) == []
    code, output, _ = twinface("forget", "Ada", "--yes", "--config", config, "--json")
    assert code == 0
    assert {one["what"]: one["count"] for one in json.loads(output)["erased"]} == {
        "steps to be taken back": 1,
        "vectors": 1,
        "corrections": 2,
        "events": 6,
        "looks": 4,
        "mentions": 2,
    }
    assert [event.key for event in read_events(box, EventQuery())] == [BLURRED]
    for file in box.parent.rglob("*"):
        assert not file.is_file() or b"Ada" not in file.read_bytes(), file


def test_what_will_be_erased_is_counted_first_and_nothing_is_erased_for_that(
    twinface: Run, config: Path, box: Path
) -> None:
    twinface("reject", "--config", config, "--event", 7)
    settings = load_settings(config)

    def content() -> dict[str, object]:
        gallery = Gallery.open(settings.gallery)
        events = list(read_events(box, EventQuery()))
        return {"files": gallery.people["Ada"].files, "said": len(read_corrections(gallery.folder)), "events": events}

    before = content()
    found = find_traces("Ada", settings)
    code, _, errors = twinface("forget", "Ada", "--config", config)
    assert code == 2
    for one in found:
        assert f"{one.count}  {one.what}: {one.where}" in errors
    assert "Ada is not forgotten: it cannot be undone; use --yes" in errors
    assert content() == before
    assert forget("Ada", settings) == found


def test_somebody_unknown_is_said_before_anything_is_asked(twinface: Run, config: Path, box: Path) -> None:
    Gallery.open(load_settings(config).gallery).remove("Ada")
    for options in ((), ("--yes",), ("--json",)):
        for name in ("ada", "Adá", "Ade"):
            code, output, errors = twinface("forget", name, "--config", config, *options)
            assert (code, output) == (2, "")
            assert errors == f"twinface: nobody called '{name}' is known; did you mean 'Ada'?\n"
    assert "see `twinface gallery list`" in twinface("forget", "Xavier", "--config", config)[2]
    assert any(event.name == "Ada" for event in read_events(box, EventQuery()))
    assert twinface("forget", "Ada", "--config", config, "--yes")[0] == 0, "events alone know her"


@pytest.mark.parametrize("answer", ["n", "y"])
def test_somebody_at_a_keyboard_sees_what_there_is_and_is_asked(config: Path, box: Path, answer: str) -> None:
    ours, theirs = os.openpty()
    command = [TWINFACE, "forget", "Ada", "--config", str(config)]
    with os.fdopen(theirs, "rb") as keyboard, os.fdopen(ours, "w") as typing:
        pipe = subprocess.PIPE
        with subprocess.Popen(command, stdin=keyboard, stdout=pipe, stderr=pipe, text=True) as process:
            typing.write(f"{answer}\n")
            typing.flush()
            _, errors = process.communicate(timeout=120)
    assert "1  vectors: " in errors.partition("Erase all of this")[0]
    assert process.returncode == (0 if answer == "y" else 2)
    assert ("Ada" in vectors_of(config)) == (answer == "n")


def test_an_unknown_visitor_who_looks_like_whom_is_forgotten_goes_along(twinface: Run, config: Path, box: Path) -> None:
    (one, *_) = read_looks(box, [IMPOSTOR])
    gallery = Gallery.open(load_settings(config).gallery)
    gallery.add("Zoë", ("photo.jpg",), one.vector[np.newaxis], np.ones(1, np.float32))
    erased = {one.what: one.count for one in forget("Zoë", load_settings(config))}
    assert erased == {"unknown visitors": 1, "vectors": 1}
    assert (list_unknowns(box), read_looks(box, [IMPOSTOR])) == ([], [])
    assert len(read_looks(box, [ADA])) == 2


def test_a_renamed_persons_corrections_go_with_them(twinface: Run, config: Path, box: Path) -> None:
    twinface("reject", "--config", config, "--event", 7)
    gallery = load_settings(config).gallery
    assert twinface("gallery", "rename", "Ada", "Adele", "--gallery", gallery)[0] == 0
    assert {one.name for one in read_corrections(gallery)} == {"Adele"}

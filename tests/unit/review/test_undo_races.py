"""What others change while a step is being taken back is found, and stays."""

import threading
from pathlib import Path

import pytest
from harness import until
from retrained_box import enrol, make_people

from twinface.corrections.steps_file import step_numbers
from twinface.errors import InputError
from twinface.gallery import Gallery
from twinface.gallery.gallery_folder import writers_lock
from twinface.gallery.keys import KEY_VARIABLE, box_key
from twinface.gallery.people_files import write_person
from twinface.gallery.person import person_path
from twinface.review.rename import rename
from twinface.review.undo import undo


def test_who_writes_between_the_look_and_the_change_is_not_written_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY_VARIABLE, str(tmp_path / "key"))
    settings = enrol(tmp_path / "gallery", make_people(2))
    rename(settings, "person 00", "Ada")
    refused: list[InputError] = []

    def take_back() -> None:
        try:
            undo(settings)
        except InputError as error:
            refused.append(error)

    thread = threading.Thread(target=take_back)
    with writers_lock(settings.gallery):
        thread.start()
        until(lambda: step_numbers(settings.gallery) == [1, 2], 60.0, "undo to have looked, and to begin")
        ada = Gallery.open(settings.gallery).people["Ada"].picked([0])
        write_person(person_path(settings.gallery / "people", "Ada"), ada, box_key())
    thread.join()
    assert [str(one) for one in refused] == [
        "step 1 cannot be taken back: Ada has changed since, otherwise than by a step of this box"
    ]
    people = Gallery.open(settings.gallery).people
    assert list(people) == ["Ada", "person 01"]
    assert len(people["Ada"].files) == 1

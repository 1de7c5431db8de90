"""Pictures removed from a person or given to another one: on real files, taken back to the byte."""

from pathlib import Path

import numpy as np
import pytest
from gallery_state import state_of

from twinface.errors import ChangedSinceError, InputError, NotThereError
from twinface.gallery import Gallery
from twinface.review.person_pictures import list_pictures, remove_pictures, split
from twinface.review.rename import rename
from twinface.review.undo import undo
from twinface.settings import Settings
from twinface.settings_file import load_settings

VECTORS = np.eye(4, 128, dtype=np.float32)


@pytest.fixture
def settings(box: Path, config: Path) -> Settings:
    """Bob has four pictures, two of which have one name, and a crop of each."""
    assert box.exists()
    settings = load_settings(config)
    crops = [f"crop {number}".encode() for number in range(4)]
    files = ("a.jpg", "b.jpg", "c.jpg", "c.jpg")
    quality = np.array([0.9, 0.8, 0.7, 0.1], np.float32)
    sources = ("photos", "camera:door", "photos", "photos")
    Gallery.open(settings.gallery).add("Bob", files, VECTORS, quality, crops, sources=sources)
    return settings


def files(settings: Settings, name: str) -> list[str]:
    return [one.name for one in list_pictures(Gallery.open(settings.gallery), name)]


def version(settings: Settings, name: str) -> str:
    return Gallery.open(settings.gallery).people[name].version


def test_every_picture_has_a_name_of_its_own_and_what_is_known_of_it(settings: Settings) -> None:
    shown = list_pictures(Gallery.open(settings.gallery), "Bob")
    assert [(one.name, one.source, one.quality, one.has_crop) for one in shown] == [
        ("a.jpg", "photos", 0.9, True),
        ("b.jpg", "camera:door", 0.8, True),
        ("c.jpg", "photos", 0.7, True),
        ("c.jpg", "photos", 0.1, True),
    ]
    assert len({one.file for one in shown}) == 4
    assert [one.has_crop for one in list_pictures(Gallery.open(settings.gallery), "Ada")] == [False]


@pytest.mark.parametrize("change", ["remove", "somebody new", "somebody known"])
def test_a_change_is_exactly_that_and_is_taken_back_to_the_byte(settings: Settings, box: Path, change: str) -> None:
    before, last = state_of(box), list_pictures(Gallery.open(settings.gallery), "Bob")[-1].file
    if change == "remove":
        step = remove_pictures(settings, "Bob", ["a.jpg", last])
    else:
        name = "Zoë" if change == "somebody new" else "Ada"
        step = split(settings, "Bob", ["a.jpg", last], name, merge=name == "Ada").step
        gallery = Gallery.open(settings.gallery)
        assert files(settings, name)[-2:] == ["a.jpg", "c.jpg"]
        assert np.array_equal(gallery.people[name].vectors[-2:], VECTORS[[0, 3]])
        assert sorted(gallery.crops(name).values()) == [b"crop 0", b"crop 3"]
    assert files(settings, "Bob") == ["b.jpg", "c.jpg"]
    assert sorted(Gallery.open(settings.gallery).crops("Bob").values()) == [b"crop 1", b"crop 2"]
    assert Gallery.open(settings.gallery).verify() == {}
    after = state_of(box)
    undo(settings, step)
    assert state_of(box) == before
    undo(settings, 2)
    assert state_of(box) == after


@pytest.mark.parametrize(
    ("names", "to", "error", "says"),
    [
        (["x.jpg"], None, NotThereError, "Bob has no picture 'x.jpg' any more"),
        (["c.jpg"], None, InputError, "Bob has 2 pictures called 'c.jpg'"),
        (["a.jpg"], "Ada", InputError, "Ada is in the gallery already; use --merge"),
        (["a.jpg"], "Bob", InputError, "the pictures are Bob's already"),
        (["a.jpg"], "", InputError, "name"),
    ],
)
def test_what_cannot_be_done_is_said_and_changes_nothing(
    settings: Settings, box: Path, names: list[str], to: str | None, *, error: type[InputError], says: str
) -> None:
    before = state_of(box)
    with pytest.raises(error, match=says):
        remove_pictures(settings, "Bob", names) if to is None else split(settings, "Bob", names, to)
    assert state_of(box) == before


def test_no_person_is_left_without_a_picture(settings: Settings, box: Path) -> None:
    before = state_of(box)
    everything = [one.file for one in list_pictures(Gallery.open(settings.gallery), "Bob")]
    for change in (
        lambda: remove_pictures(settings, "Bob", everything),
        lambda: split(settings, "Bob", everything, "Z"),
    ):
        with pytest.raises(InputError, match="no picture of Bob would be left"):
            change()
    with pytest.raises(NotThereError, match="nobody called 'Zoë'"):
        split(settings, "Bob", ["a.jpg"], "Zoë", merge=True)
    assert state_of(box) == before


def test_who_changes_somebody_that_was_changed_meanwhile_learns_by_what(settings: Settings, box: Path) -> None:
    seen = version(settings, "Bob")
    remove_pictures(settings, "Bob", ["a.jpg"], version=seen, who="eve")
    before = state_of(box)
    for change in (
        lambda: remove_pictures(settings, "Bob", ["b.jpg"], version=seen),
        lambda: split(settings, "Bob", ["b.jpg"], "Zoë", version=seen),
        lambda: rename(settings, "Bob", "Rob", version=seen),
    ):
        with pytest.raises(
            ChangedSinceError, match="Bob has changed since you looked: 1 picture of Bob removed, by eve"
        ):
            change()
    assert state_of(box) == before
    undo(settings)
    assert version(settings, "Bob") == seen
    assert rename(settings, "Bob", "Rob", version=seen).new == "Rob"

"""A gallery of many people: what a change of one of them costs does not depend on how many there are."""

import cProfile
import pstats
from collections.abc import Callable
from pathlib import Path

import pytest

from twinface.gallery import Gallery, PersonVectors, write_person

OpenGallery = Callable[..., Gallery]
MakePerson = Callable[..., PersonVectors]
Enrol = Callable[..., int]


def fill(gallery: Gallery, make_person: MakePerson, people: int) -> None:
    with gallery.replacing(gallery.network, "testnet") as put:
        for number in range(people):
            put(make_person(f"p{number:04}"), {})


def count_calls(work: Callable[[], object]) -> int:
    """Calls of Python functions and of what is built in: the same on every machine, however busy."""
    profile = cProfile.Profile()
    profile.runcall(work)
    return int(pstats.Stats(profile).total_calls)  # type: ignore[attr-defined]


CHANGES: dict[str, Callable[[Gallery, Enrol], object]] = {
    "add": lambda gallery, enrol: enrol(gallery, "somebody"),
    "add a picture": lambda gallery, enrol: enrol(gallery, "somebody", 3),
    "rename": lambda gallery, _: gallery.rename("somebody", "else"),
    "merge": lambda gallery, _: gallery.rename("else", "p0003", merge=True),
    "remove": lambda gallery, _: gallery.remove("p0003"),
}


def test_a_change_costs_as_much_among_many_people_as_among_few(
    tmp_path: Path, open_gallery: OpenGallery, make_person: MakePerson, enrol: Enrol
) -> None:
    costs = []
    for people in (10, 300):
        gallery = open_gallery()
        fill(gallery, make_person, people)
        enrol(gallery, "the first change looks through everything")
        costs.append({what: count_calls(lambda: work(gallery, enrol)) for what, work in CHANGES.items()})  # noqa: B023
    few, many = costs
    for what, calls in few.items():
        assert many[what] < 1.2 * calls, what


def assert_as_read_anew(gallery: Gallery, open_gallery: OpenGallery) -> None:
    fresh = open_gallery()
    assert list(gallery.people) == list(fresh.people)
    assert {name: person.files for name, person in gallery.people.items()} == {
        name: person.files for name, person in fresh.people.items()
    }
    assert {path: str(error) for path, error in gallery.damaged.items()} == {
        path: str(error) for path, error in fresh.damaged.items()
    }
    assert gallery.version == fresh.version


@pytest.mark.parametrize("damage", [None, "unreadable", "other network", "other length", "twice"])
def test_changes_one_by_one_come_to_what_is_read_anew(
    open_gallery: OpenGallery, make_person: MakePerson, enrol: Enrol, key: bytes, damage: str | None
) -> None:
    gallery = open_gallery()
    enrol(gallery, "b")
    people = gallery.folder / "people"
    if damage == "unreadable":
        (people / "0.pkl").write_bytes(b"no person")
    elif damage is not None:
        other = {"other network": {"network": "b" * 64}, "other length": {"dimension": 9}, "twice": {}}[damage]
        person = make_person("b" if damage == "twice" else "x", **other)
        write_person(people / ("zz.pkl" if damage == "twice" else "y.pkl"), person, key)
    for work in (
        lambda: enrol(gallery, "a"),
        lambda: enrol(gallery, "c"),
        lambda: gallery.rename("a", "d"),
        lambda: enrol(gallery, "d", 3),
        lambda: gallery.rename("d", "c", merge=True),
        lambda: gallery.remove("b"),
        lambda: gallery.remove("c"),
    ):
        seen = gallery.people
        before = list(seen)
        work()
        assert list(seen) == before, "what was handed out does not change"
        assert_as_read_anew(gallery, open_gallery)


def test_what_another_process_has_left_is_swept_at_the_next_change(open_gallery: OpenGallery, enrol: Enrol) -> None:
    gallery = open_gallery()
    enrol(gallery, "a")
    left = [
        gallery.folder / ".gallery.json.1f2e3d4c",
        gallery.folder / "people" / ".x.pkl.1f2e3d4c",
        gallery.folder / "people" / "x.crops",
    ]
    for path in left:
        path.write_bytes(b"half")
    enrol(gallery, "b")
    assert [path for path in left if path.exists()] == []

"""Under which names a person is forgotten: those they had, while they had them."""

from collections.abc import Callable

import pytest

from twinface.corrections.steps_file import Step, StepKind
from twinface.events.event import NameSpan
from twinface.gallery.person_files import PersonFiles
from twinface.review.former_names import find_names, find_present_name

MakeSteps = Callable[..., list[Step]]
NOBODY, SOMEBODY = PersonFiles(), PersonFiles(b"vectors")


def renamed(old: str, new: str, kind: StepKind = StepKind.RENAME) -> Step:
    there = SOMEBODY if kind is StepKind.MERGE else NOBODY
    return changed(kind, {old: (SOMEBODY, NOBODY), new: (there, SOMEBODY)})


def merged(old: str, new: str) -> Step:
    return renamed(old, new, StepKind.MERGE)


def added(name: str) -> Step:
    return changed(StepKind.ADD, {name: (NOBODY, SOMEBODY)})


def removed(name: str) -> Step:
    return changed(StepKind.REMOVE, {name: (SOMEBODY, NOBODY)})


def changed(kind: StepKind, people: dict[str, tuple[PersonFiles, PersonFiles]], undoes: int | None = None) -> Step:
    before = {name: files for name, (files, _) in people.items()}
    after = {name: files.digests for name, (_, files) in people.items()}
    return Step(0, kind, "", tuple(people), "jo", 0, is_done=True, undoes=undoes, people=before, digests=after)


def taken_back(number: int, *people: str, of: dict[str, bool]) -> Step:
    """Step `number` taken back: `of` says who is there after it."""
    files = {True: SOMEBODY, False: NOBODY}
    return changed(StepKind.UNDO, {name: (files[not of[name]], files[of[name]]) for name in people}, undoes=number)


def numbered(*steps: Step) -> list[Step]:
    """The first one is step 1 and at 10 ns, the next one at 20 ns, and so on."""
    values = ("kind", "said", "names", "who", "network", "is_done", "undoes", "people", "digests")
    plain = [{value: getattr(step, value) for value in values} for step in steps]
    return [Step(number=place, at_ns=10 * place, **one) for place, one in enumerate(plain, 1)]


@pytest.mark.parametrize(
    ("steps", "people", "name", "names"),
    [
        ([], "A", "A", [NameSpan("A")]),
        ([added("A"), renamed("A", "B")], "B", "B", [NameSpan("B"), NameSpan("A")]),
        ([renamed("A", "B"), renamed("B", "C")], "C", "C", [NameSpan("C"), NameSpan("B"), NameSpan("A")]),
        ([merged("A", "B")], "B", "B", [NameSpan("B"), NameSpan("A")]),
        ([renamed("A", "B"), removed("B")], "", "B", [NameSpan("B"), NameSpan("A")]),
        # The old name alone, which nobody has now: what is kept under it.
        ([renamed("A", "B")], "B", "A", [NameSpan("A")]),
        # Somebody else gets the old name.
        ([renamed("A", "B"), added("A")], "AB", "B", [NameSpan("B"), NameSpan("A", until_ns=20)]),
        ([renamed("A", "B"), added("A")], "AB", "A", [NameSpan("A", since_ns=20)]),
        ([renamed("A", "B"), added("A"), removed("A")], "B", "B", [NameSpan("B"), NameSpan("A", until_ns=20)]),
        ([renamed("A", "B"), renamed("C", "A")], "AB", "B", [NameSpan("B"), NameSpan("A", until_ns=20)]),
        ([renamed("A", "B"), renamed("C", "A")], "AB", "A", [NameSpan("A", since_ns=20), NameSpan("C")]),
        # No step says when somebody else got it.
        ([renamed("A", "B")], "AB", "B", [NameSpan("B"), NameSpan("A", until_ns=10)]),
        # There and back again.
        ([renamed("A", "B"), renamed("B", "A")], "A", "A", [NameSpan("A"), NameSpan("B")]),
        # Two who swapped their names.
        (
            [renamed("A", "T"), renamed("B", "A"), renamed("T", "B")],
            "AB",
            "A",
            [NameSpan("A", since_ns=20), NameSpan("B", until_ns=30)],
        ),
        (
            [renamed("A", "T"), renamed("B", "A"), renamed("T", "B")],
            "AB",
            "B",
            [NameSpan("T"), NameSpan("B", since_ns=30), NameSpan("A", until_ns=20)],
        ),
        # Taken back: a rename has been one all the same, two who were merged are two.
        (
            [renamed("A", "B"), taken_back(1, "A", "B", of={"A": True, "B": False})],
            "A",
            "A",
            [NameSpan("A"), NameSpan("B")],
        ),
        ([merged("A", "B"), taken_back(1, "A", of={"A": True})], "AB", "B", [NameSpan("B")]),
        (
            [merged("A", "B"), taken_back(1, "A", of={"A": True}), taken_back(2, "A", of={"A": False})],
            "B",
            "B",
            [NameSpan("B"), NameSpan("A")],
        ),
        # What cannot be told any more.
        ([changed(StepKind.FORGOTTEN, {}), changed(StepKind.UNDO, {}, undoes=7)], "A", "A", [NameSpan("A")]),
    ],
)
def test_names_are_theirs_until_somebody_else_gets_them(
    steps: list[Step], people: str, name: str, names: list[NameSpan]
) -> None:
    found = find_names(name, numbered(*steps), people)
    assert sorted(found) == sorted(names)
    assert found[0].name == name


@pytest.mark.parametrize(
    ("steps", "name", "present"),
    [
        ([], "A", "A"),
        ([renamed("A", "B"), merged("B", "C")], "A", "C"),
        ([renamed("A", "B"), added("A")], "A", "A"),
        ([renamed("A", "B"), taken_back(1, "A", "B", of={"A": True, "B": False})], "B", "A"),
        ([merged("A", "B"), taken_back(1, "A", of={"A": True})], "A", "A"),
    ],
)
def test_whoever_had_a_name_last_is_found_by_it(steps: list[Step], name: str, present: str) -> None:
    assert find_present_name(name, numbered(*steps)) == present

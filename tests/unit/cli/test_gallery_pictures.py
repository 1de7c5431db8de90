"""`gallery pictures` shows, removes and gives away pictures of a person."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from retrained_box import enrol, make_people

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def pictures(twinface: Run, tmp_path: Path) -> Run:
    """Runs the command on a gallery of two, with three pictures each."""
    settings = enrol(tmp_path / "gallery", make_people(2, 3))
    config = tmp_path / "pipeline.toml"
    config.write_text(f'gallery = "{settings.gallery}"\n[[camera]]\nname = "door"\nsource = "0"\n')
    return lambda *words: twinface("--config", config, *words)


def names(run: Run, person: str) -> list[str]:
    found = json.loads(run("gallery", "pictures", person, "--json")[1])["pictures"]
    return [one["name"] for one in found]


def test_pictures_are_shown_removed_and_given_away_and_undo_takes_it_back(pictures: Run) -> None:
    code, shown, _ = pictures("gallery", "pictures", "person 00")
    assert (code, [line.split()[1:] for line in shown.splitlines()]) == (
        0,
        [["1.00", "photos", f"{number}.jpg"] for number in range(3)],
    )
    code, said, _ = pictures("gallery", "pictures", "person 00", "--remove", "0.jpg")
    assert (code, said) == (0, "1 picture of person 00 removed; 2 left\n")
    second = shown.splitlines()[1].split()[0]
    code, said, _ = pictures("gallery", "pictures", "person 00", "--move", second, "--to", "person 01", "--merge")
    assert (code, said) == (0, "1 picture of person 00 given to person 01; 1 left\n")
    assert (names(pictures, "person 00"), names(pictures, "person 01")[-1]) == (["2.jpg"], "1.jpg")
    assert [pictures("undo")[0], pictures("undo")[0]] == [0, 0]
    assert (len(names(pictures, "person 00")), len(names(pictures, "person 01"))) == (3, 3)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("person 00", "--move", "0.jpg"), "--move with --to"),
        (("person 00", "--remove", "0.jpg", "--move", "1.jpg", "--to", "Zoë"), "use either --remove, or --move"),
        (("person 00", "--to", "Zoë"), "--move with --to"),
        (("person 00", "--remove", "9.jpg"), "has no picture '9.jpg' any more"),
        (("person 00", "--move", "0.jpg", "--to", "person 01"), "use --merge to give them the pictures"),
        (("person 07",), "nobody called 'person 07'"),
    ],
)
def test_what_makes_no_sense_is_said_in_a_line(pictures: Run, words: tuple[str, ...], says: str) -> None:
    code, _, errors = pictures("gallery", "pictures", *words)
    assert (code, says in errors, "Traceback" in errors) == (2, True, False)
    assert len(names(pictures, "person 00")) == 3

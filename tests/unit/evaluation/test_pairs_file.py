from pathlib import Path

import pytest

from twinface.errors import InputError
from twinface.evaluation.protocols.pairs_file import read_pairs


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """Empty files where LFW has its pictures, and a flat folder of some more."""
    folder = tmp_path / "images"
    for name in ("Ada_Lovelace", "Bob", "Eve", "7"):
        (folder / name).mkdir(parents=True)
        for number in (1, 2, 3):
            (folder / name / f"{name}_{number:04}.jpg").touch()
    (folder / "Bob" / "Bob_0004.png").touch()
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        (folder / name).touch()
    return folder


def write(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "pairs.txt"
    path.write_text("".join(f"{line}\r\n" for line in lines), encoding="utf-8-sig")  # as Windows writes it
    return path


def test_lfw_with_its_header(tmp_path: Path, images: Path) -> None:
    path = write(tmp_path, "2\t1", "Ada_Lovelace\t1\t2", "Bob\t1\tEve\t3", "Bob\t1\t4", "Ada_Lovelace\t2\tEve\t1", "")
    pairs = read_pairs(path, images)
    assert pairs.folds == 2
    assert pairs.same.tolist() == [True, False, True, False]
    ada, bob, eve = (images / name for name in ("Ada_Lovelace", "Bob", "Eve"))
    assert pairs.pictures[:3] == (ada / "Ada_Lovelace_0001.jpg", ada / "Ada_Lovelace_0002.jpg", bob / "Bob_0001.jpg")
    assert pairs.pictures[3:] == (eve / "Eve_0003.jpg", bob / "Bob_0004.png", eve / "Eve_0001.jpg")
    assert pairs.names[0] == ("Ada_Lovelace",)
    assert pairs.first.tolist() == [0, 2, 2, 1]
    assert pairs.second.tolist() == [1, 3, 4, 5]
    assert pairs.person[0] == pairs.person[1] != pairs.person[2]
    assert pairs.person[2] == pairs.person[4]
    assert pairs.person[3] == pairs.person[5]


def test_lfw_without_header_and_a_person_called_by_a_number(tmp_path: Path, images: Path) -> None:
    pairs = read_pairs(write(tmp_path, "7 1 2", "7 1 Bob 2"), images)
    assert pairs.folds is None
    assert pairs.same.tolist() == [True, False]


def test_a_header_of_one_number_is_a_count(tmp_path: Path, images: Path) -> None:
    pairs = read_pairs(write(tmp_path, "1", "Bob 1 2", "Bob 1 Eve 2"), images)
    assert pairs.folds is None
    assert len(pairs.same) == 2


@pytest.mark.parametrize("separator", [" ", "\t", ",", ", "])
def test_lines_of_two_paths(tmp_path: Path, images: Path, separator: str) -> None:
    lines = [("a.jpg", "b.jpg", "1"), ("a.jpg", "c.jpg", "0"), ("Bob/Bob_0001.jpg", "c.jpg", "0")]
    pairs = read_pairs(write(tmp_path, *(separator.join(line) for line in lines)), images)
    assert pairs.same.tolist() == [True, False, False]
    assert pairs.names == ((), (), (), ("Bob",))
    assert pairs.person[0] == pairs.person[1]
    assert len(set(pairs.person)) == 3


def test_folders_say_who_somebody_is_unless_they_mix_people(tmp_path: Path, images: Path) -> None:
    kept_apart = ["Bob/Bob_0001.jpg Bob/Bob_0002.jpg 1", "Bob/Bob_0003.jpg Eve/Eve_0001.jpg 0"]
    assert len(set(read_pairs(write(tmp_path, *kept_apart), images).person)) == 2
    mixed = [*kept_apart, "Bob/Bob_0001.jpg Bob/Bob_0003.jpg 0"]
    assert len(set(read_pairs(write(tmp_path, *mixed), images).person)) == 3


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        (["Bob 1 2", "", "Bob 1 Eve 2 3"], r"pairs\.txt:3: 5 columns; a line is `NAME i j`"),
        (["Bob 1 2", "Bob 1 Eve two"], r"pairs\.txt:2: 'Bob 1 Eve two'; a line is"),
        (["a.jpg b.jpg 2"], r"pairs\.txt:1: 'a.jpg b.jpg 2'; a line is"),
        (["Bob 1 2", "Bob 1 Eve 9"], r"pairs\.txt:2: .*Eve_0009.jpg is not there; .* --images"),
        (["a.jpg b.jpg 1", "a.jpg d.jpg 0"], r"pairs\.txt:2: .*d.jpg is not there"),
        (["1 2", "Bob 1 2", "Bob 1 3", "Bob 1 Eve 1", "Bob 1 Eve 2"], "1 fold; .* at least two"),
        (["2 2", "Bob 1 2", "Bob 1 Eve 2"], "2 folds of 2 pairs of each kind, 8 lines, but 2 follow"),
        (["Bob 1 Eve 2", "Bob 2 Eve 1"], "no pairs of the same person"),
        (["Bob 1 2"], "no pairs of different people"),
        (["10 300"], "no pairs in it"),
        ([], "no pairs in it"),
    ],
)
def test_bad_lists_are_refused_in_one_line(tmp_path: Path, images: Path, lines: list[str], reason: str) -> None:
    with pytest.raises(InputError, match=reason) as raised:
        read_pairs(write(tmp_path, *lines), images)
    assert "\n" not in str(raised.value)


def test_files_that_are_not_there(tmp_path: Path, images: Path) -> None:
    with pytest.raises(InputError, match=r"cannot be read .* name a list of pairs"):
        read_pairs(tmp_path / "none.txt", images)
    with pytest.raises(InputError, match="no such folder; name the one with the pictures"):
        read_pairs(write(tmp_path, "Bob 1 2", "Bob 1 Eve 2"), tmp_path / "nowhere")

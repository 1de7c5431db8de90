from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from twinface.errors import InputError
from twinface.evaluation.differentials.grouping import make_groupings
from twinface.evaluation.differentials.label_table import LabelledPictures, LabelTable, match_rows, read_labels
from twinface.gallery import PersonVectors

LABELS = "who\tage\tsex\nada\t30\tf\nbob\t40\tm\n"


def table_of(tmp_path: Path, text: str | bytes) -> LabelTable:
    path = tmp_path / "labels.tsv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_labels(path)


def person(name: str, files: Sequence[str]) -> PersonVectors:
    count = len(files)
    return PersonVectors(name, tuple(files), np.ones((count, 4), np.float32), np.ones(count, np.float32), "7" * 64)


def labels_of(table: LabelTable, people: Sequence[PersonVectors]) -> list[str]:
    rows = match_rows(table, people).row
    return ["/".join(table.rows[row].labels) if row >= 0 else "" for row in rows]


@pytest.mark.parametrize(
    "text",
    [LABELS, LABELS.replace("\n", "\r\n"), "\ufeff" + LABELS, "\n" + LABELS.replace("\t", " \t ") + "\n\n"],
    ids=["plain", "windows", "byte order mark", "blanks"],
)
def test_a_table_is_read_however_it_was_saved(tmp_path: Path, text: str) -> None:
    table = table_of(tmp_path, text)
    assert table.columns == ("age", "sex")
    assert [(row.whom, row.labels) for row in table.rows] == [("ada", ("30", "f")), ("bob", ("40", "m"))]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"who\tsex\nad\xe9\tf\n", "no text in UTF-8; save it as UTF-8"),
        (LABELS.encode("utf-16"), "no text in UTF-8"),
        ("who,sex\nada,f\n", "no tab in the header; expected columns with tabs between"),
        ("who\tsex\n", "expected a header and a row for each person or picture"),
        ("", "expected a header and a row"),
        ("who\tsex\nada\tf\nbob\n", r"labels.tsv:3: 1 columns, the header has 2"),
        ("who\tsex\nada\tf\n\nbob\tm\t40\n", r"labels.tsv:4: 3 columns, the header has 2"),
        ("who\tsex\n\tf\n", r"labels.tsv:2: the first column is empty"),
        ("who\tsex\t\nada\tf\t1\n", "column 3 has no name"),
        ("who\tsex\tsex\nada\tf\tf\n", "two columns are called sex"),
    ],
)
def test_what_is_no_table_of_labels_is_refused_with_the_mend(tmp_path: Path, text: str | bytes, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        table_of(tmp_path, text)


def test_a_file_that_is_not_there_or_a_folder_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "nowhere.tsv", tmp_path):
        with pytest.raises(InputError, match=r"cannot be read .* name a file of labels"):
            read_labels(path)


def test_a_row_is_about_a_person_or_a_picture(tmp_path: Path) -> None:
    people = [
        person("ada", ("1.jpg", "x 2.jpg")),
        person("Jos\u00e9", ("000123.webp", "7.png")),
        person("zoe", ("9.jpg",)),
    ]
    table = table_of(tmp_path, "who\tsex\nada\tf\n000123\tm\n7.png\tn\nnobody\tf\nsomebody\tf\n")
    assert labels_of(table, people) == ["f", "f", "m", "n", ""]
    assert match_rows(table, people).of_nobody == 2
    decomposed = table_of(tmp_path, "who\tsex\nJose\u0301\tm\nada/x 2\tf\n")
    assert labels_of(decomposed, people) == ["", "f", "m", "m", ""]


def test_a_picture_of_several_people_is_refused(tmp_path: Path) -> None:
    people = [person("ada", ("1.jpg",)), person("bob", ("1.jpg",))]
    with pytest.raises(InputError, match=r"labels.tsv:3: 1 is a picture of several people; write PERSON/1"):
        match_rows(table_of(tmp_path, "who\tsex\nada\tf\n1\tm\n"), people)
    assert labels_of(table_of(tmp_path, "who\tsex\nada/1\tf\nbob/1.jpg\tm\n"), people) == ["f", "m"]


def test_rows_that_contradict_each_other_are_refused_and_those_that_agree_are_not(tmp_path: Path) -> None:
    people = [person("ada", ("one.jpg", "two.jpg"))]
    for again in ("ada", "two"):
        with pytest.raises(InputError, match=rf"labels.tsv:4: {again} has other labels in line 2; keep one"):
            match_rows(table_of(tmp_path, f"who\tsex\nada\tf\none\tf\n{again}\tm\n"), people)
    assert labels_of(table_of(tmp_path, "who\tsex\nada\tf\nada\tf\n"), people) == ["f", "f"]


def grouped(tmp_path: Path, text: str, by: Sequence[str] = ()) -> dict[str, tuple[tuple[str, ...], list[int]]]:
    table = table_of(tmp_path, text)
    labelled = LabelledPictures(np.array([*range(len(table.rows)), -1], np.int32), 0)
    groupings, _ = make_groupings(table, labelled, by)
    return {one.title: (one.names, one.of_picture.tolist()) for one in groupings}


def test_every_column_groups_alone_or_as_told(tmp_path: Path) -> None:
    text = LABELS + "eve\t30\tf\ncat\t\tf\n"
    alone = {"age": (("30", "40"), [0, 1, 0, -1, -1]), "sex": (("f", "m"), [0, 1, 0, 0, -1])}
    assert grouped(tmp_path, text) == alone
    together = {"sex and age": (("f / 30", "m / 40"), [0, 1, 0, -1, -1])}
    assert grouped(tmp_path, text, ["sex,age"]) == together
    assert grouped(tmp_path, text, ["sex, age", "sex"]) == together | {"sex": alone["sex"]}
    with pytest.raises(InputError, match=r"--by sex,height: .* no label column 'height'; it has age, sex"):
        grouped(tmp_path, text, ["sex,height"])


def test_a_column_of_many_values_makes_no_groups(tmp_path: Path) -> None:
    text = "who\tsex\tremark\n" + "".join(f"p{n}\t{'fm'[n % 2]}\tremark {n}\n" for n in range(51))
    table = table_of(tmp_path, text)
    labelled = LabelledPictures(np.arange(51, dtype=np.int32), 0)
    groupings, passed_over = make_groupings(table, labelled, ())
    assert [one.columns for one in groupings] == [("sex",)]
    assert passed_over == ("remark",)
    with pytest.raises(InputError, match="remark makes 51 groups, at most 50 are compared; choose other columns"):
        make_groupings(table, labelled, ["sex", "remark"])
    few = LabelledPictures(np.array([*range(50), -1], np.int32), 0)
    assert len(make_groupings(table, few, ["remark"])[0][0].groups) == 50


def test_the_labels_of_the_strangers_are_read(shared_data: Path) -> None:
    table = read_labels(shared_data / "strangers" / "labels.tsv")
    assert table.columns == ("age", "sex", "group")
    assert len(table.rows) == 24_476

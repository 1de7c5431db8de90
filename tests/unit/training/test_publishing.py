from pathlib import Path

import pytest

from twinface.errors import ArtefactError
from twinface.publishing import published


def test_a_folder_takes_the_place_of_the_one_before(tmp_path: Path) -> None:
    target = tmp_path / "head"
    for text in ("one", "two"):
        with published(target) as folder:
            (folder / f"{text}.txt").write_text(text)
    assert [path.name for path in target.iterdir()] == ["two.txt"]
    assert [path.name for path in tmp_path.iterdir()] == ["head"]


def test_a_failure_leaves_what_was_there(tmp_path: Path) -> None:
    target = tmp_path / "head"
    with published(target) as folder:
        (folder / "good.txt").write_text("good")

    def stop_half_way() -> None:
        with published(target) as folder:
            (folder / "half.txt").write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stop_half_way()
    assert [path.name for path in target.iterdir()] == ["good.txt"]
    assert [path.name for path in tmp_path.iterdir()] == ["head"]


def test_a_place_that_cannot_be_written_is_the_users_to_mend(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ArtefactError, match="cannot be made"), published(tmp_path / "file" / "head"):
        pass

"""The reference of commands and settings is what they are now."""

from pathlib import Path

import pytest
import reference

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "reference"


@pytest.mark.parametrize("name", reference.PAGES)
def test_a_page_of_the_reference_is_what_the_script_makes(name: str) -> None:
    made = reference.PAGES[name]()
    assert (FOLDER / name).read_text(encoding="utf-8") == made, "run `.venv/bin/python scripts/reference.py`"


def test_no_page_of_the_reference_is_left_over() -> None:
    assert {path.name for path in FOLDER.iterdir()} == set(reference.PAGES)

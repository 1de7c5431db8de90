"""The reference of commands and settings, and the configuration with every setting, are what they are now."""

from pathlib import Path

import pytest
import reference

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("name", reference.PAGES)
def test_a_page_of_the_reference_is_what_the_script_makes(name: str) -> None:
    made = reference.PAGES[name]()
    assert (ROOT / name).read_text(encoding="utf-8") == made, "run `.venv/bin/python scripts/reference.py`"


def test_no_page_of_the_reference_is_left_over() -> None:
    assert {path.name for path in (ROOT / "docs" / "reference").iterdir()} == {
        Path(name).name for name in reference.PAGES if name.startswith("docs/reference/")
    }

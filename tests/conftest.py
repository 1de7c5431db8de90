"""Fixtures that every test may use."""

from pathlib import Path

import pytest

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real faces and videos that lies beside the checkout; tests without it are skipped."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"needs the real faces and videos of {SHARED_DATA}, which are not part of the project")
    return SHARED_DATA

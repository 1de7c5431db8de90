from collections.abc import Iterator
from pathlib import Path

import pytest
from web_site import Site, running_site


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A box with one camera, one extractor, a matcher and the web process."""
    with running_site(tmp_path) as site:
        yield site

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import BROWSER_NAMES, Browser
from corrected_box import box, config, faces
from web_site import Site, running_site

__all__ = ["box", "config", "faces"]


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """The browser; tests are skipped where there is none."""
    executable = next((found for name in BROWSER_NAMES if (found := shutil.which(name))), None)
    if executable is None:
        pytest.skip(f"needs a browser: none of {', '.join(BROWSER_NAMES)} is on the PATH")
    browser = Browser(executable, tmp_path_factory.mktemp("browser"))
    yield browser
    browser.close()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A box with one camera, one extractor, a matcher and the web process."""
    with running_site(tmp_path) as site:
        yield site

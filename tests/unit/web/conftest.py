import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from browser import BROWSER_NAMES, Browser
from fake_box import FakeCamera, FakeMatcher, FakeProcess, short_run_directory
from web_site import Site


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
    with short_run_directory() as run, ExitStack() as stack:
        config = tmp_path / "pipeline.toml"
        config.write_text(
            f'run_directory = "{run.path}"\n[[camera]]\nname = "front"\nsource = "0"\n'
            "[extractor]\ncount = 1\n[web]\nport = 0\n"
        )
        camera = stack.enter_context(FakeCamera(run, "front"))
        extractor = stack.enter_context(FakeProcess(run, "extractor.0"))
        site = Site(run, config, camera, extractor, stack.enter_context(FakeMatcher(run)))
        site.start_web()
        yield site
        if site.process is not None and site.process.poll() is None:
            site.stop_web()

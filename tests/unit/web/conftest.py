from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from browser import Browser, open_browser
from corrected_box import box, config, faces
from pictures_site import pictures_site
from reviewed_box import review_box
from web_site import Api, Site, running_site

from twinface.gallery import Gallery
from twinface.recognition.embedding import EmbeddedFace

__all__ = ["box", "config", "faces", "pictures_site", "review_box"]


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """The browser; tests are skipped where there is none."""
    browser = open_browser(tmp_path_factory.mktemp("browser"))
    yield browser
    browser.close()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A box with one camera, one extractor, a matcher and the web process."""
    with running_site(tmp_path) as site:
        yield site


@pytest.fixture
def api(box: Path, tmp_path: Path, faces: dict[str, EmbeddedFace]) -> Iterator[Api]:
    """Ada and Eve, who are one, and Bob are in the gallery; the site has a folder of its own beside it."""
    gallery = Gallery.open(tmp_path / "gallery")
    for name, face in (("Bob", "person_b_1"), ("Eve", "person_a_2")):
        gallery.add(name, (f"{name}.jpg",), faces[face].vector[np.newaxis], np.ones(1, np.float32), [b"a crop"])
    folder = tmp_path / "site"
    folder.mkdir()
    with running_site(folder, f'gallery = "{tmp_path}/gallery"\n') as site:
        yield Api(site)

"""The real web process and the real process that reads pictures, over a box where Ada and Bob are known."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import httpx
import numpy as np
import pytest
from harness import until
from web_site import Site, running_site

from twinface.gallery import Gallery
from twinface.recognition.embedding import EmbeddedFace


class PicturesSite:
    """Asks the HTTP API."""

    def __init__(self, site: Site) -> None:
        self.site = site

    def ask(self, method: str, path: str, body: bytes | None = None, *, code: int = 200, **more: Any) -> Any:
        """The answer to a request, which has to have the status `code`."""
        sent = {} if body is None else {"content": body}
        answer = httpx.request(method, f"{self.site.url}api/v1{path}", **sent, **more)
        assert answer.status_code == code, answer.text
        return answer.json() if "json" in answer.headers["content-type"] else answer.content

    def id_of(self, name: str) -> str:
        """The id of the one whose name has this in it."""
        (found,) = self.ask("GET", "/people", params={"search": name})["people"]
        return str(found["id"])


@pytest.fixture
def pictures_site(box: Path, tmp_path: Path, faces: dict[str, EmbeddedFace]) -> Iterator[PicturesSite]:
    """Ada and Bob are in the gallery; the process that reads pictures runs."""
    with site_with_pictures(tmp_path, faces) as site:
        yield site


@contextmanager
def site_with_pictures(tmp_path: Path, faces: Mapping[str, EmbeddedFace], host: str = "") -> Iterator[PicturesSite]:
    """Bob is added to the gallery in a folder; the process that reads pictures runs, and the page for `host`."""
    gallery = Gallery.open(tmp_path / "gallery")
    gallery.add("Bob", ("b.jpg",), faces["person_b_1"].vector[np.newaxis], np.ones(1, np.float32))
    folder = tmp_path / "site"
    folder.mkdir()
    with running_site(folder, f'gallery = "{tmp_path}/gallery"\n', host=host) as site:
        environment = {**os.environ, "TWINFACE_CONFIG": str(site.config)}
        pictures = subprocess.Popen([sys.executable, "-P", "-m", "services.pictures"], env=environment)
        until(lambda: site.run.is_locked("pictures"), 60.0, "the process that reads pictures")
        yield PicturesSite(site)
        pictures.terminate()
        pictures.wait(60.0)


def side_by_side(*paths: Path) -> bytes:
    """Pictures as one, a PNG."""
    images = [cv2.resize(np.asarray(cv2.imread(str(path)), np.uint8), (400, 400)) for path in paths]
    return bytes(cv2.imencode(".png", np.hstack(images))[1])

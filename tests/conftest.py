"""Fixtures that every test may use."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import settings
from isolation import Guard, leave_home, remove_home
from xdist.scheduler import LoadScopeScheduling

from twinface import assets
from twinface.faces import FaceDetector
from twinface.networks import Network, load_network
from twinface.recognition.embedding import open_detector

pytest_plugins = ["postgres_server"]

# The same examples in every run, however slow the machine: a test that fails can be run again.
settings.register_profile("same every time", derandomize=True, deadline=None, database=None)
settings.load_profile("same every time")

CHECKOUT = Path(__file__).resolve().parents[1]
SHARED_DATA = CHECKOUT.parent / "shared" / "data"

_home = pytest.StashKey[Path]()
_guard = pytest.StashKey[Guard]()


def pytest_configure(config: pytest.Config) -> None:
    """Leave the home before any test is collected; each worker has one of its own."""
    for name in assets.ASSETS:
        assets.fetch(name)
    config.stash[_home] = leave_home(Path(os.environ.get(assets.FOLDER_VARIABLE) or assets.cache_folder()))
    config.stash[_guard] = Guard(CHECKOUT)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave nothing behind."""
    remove_home(config.stash[_home])


@pytest.fixture
def home_guard(pytestconfig: pytest.Config) -> Guard:
    """What this test has touched of the home of whoever runs it."""
    return pytestconfig.stash[_guard]


@pytest.fixture(autouse=True)
def _home_is_left_alone(home_guard: Guard) -> Iterator[None]:
    home_guard.touched.clear()
    yield
    assert home_guard.touched == [], "a test depends on the home of whoever runs it"


_LONGEST_FIRST = ("chaos", "pipeline", "training", "web", "test_strangers_on_faces.py", "test_undo.py")
"""Folders and files: what takes long begins first, so that in the end no worker has it left alone."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order them as `_LONGEST_FIRST` has them, the others after these."""
    items.sort(key=lambda item: [part not in item.path.parts for part in _LONGEST_FIRST])


class FewPipelinesAtATime(LoadScopeScheduling):  # type: ignore[misc]
    """One after the other: tests of one file; and in two queues those that start pipelines, of pipeline/ and chaos/."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        _, room, *_, name = file.split("/")
        if room not in {"pipeline", "chaos"}:
            return file
        return "pipelines" if room == "chaos" or name < "test_n" else "more pipelines"


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> LoadScopeScheduling:
    """How scripts/test shares the tests out."""
    return FewPipelinesAtATime(config, log)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real faces and videos that lies beside the checkout; tests without it are skipped."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"needs the real faces and videos of {SHARED_DATA}, which are not part of the project")
    return SHARED_DATA


@pytest.fixture(scope="session")
def portraits() -> Path:
    """The folder of the demo's portraits: person_a_1.jpg, person_a_2.jpg, person_b_1.jpg, …, impostor_2.jpg."""
    return assets.fetch("portraits")


@pytest.fixture(scope="session")
def detector() -> FaceDetector:
    """YuNet as the commands use it."""
    return open_detector()


@pytest.fixture(scope="session")
def sface() -> Network:
    """The SFace network."""
    return load_network("sface")


@pytest.fixture
def people(tmp_path: Path, portraits: Path) -> Path:
    """Two people with two pictures each; one has a picture without a face and one that is no picture as well."""
    for person in ("a", "b"):
        (tmp_path / "people" / person).mkdir(parents=True)
        for number in (1, 2):
            shutil.copy(portraits / f"person_{person}_{number}.jpg", tmp_path / "people" / person / f"{number}.jpg")
    cv2.imwrite(str(tmp_path / "people" / "b" / "empty.png"), np.full((200, 200, 3), 90, np.uint8))
    (tmp_path / "people" / "b" / "broken.jpg").write_bytes(b"broken")
    (tmp_path / "people" / "nobody").mkdir()
    return tmp_path / "people"

import dataclasses
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from corrected_box import ADA, BLURRED, BOB, IMPOSTOR, looks_of, told

from twinface.cli.main import main
from twinface.events import EventStore, Kind, Subject
from twinface.faces import FaceDetector, read_image
from twinface.gallery import Gallery
from twinface.gallery.keys import KEY_VARIABLE
from twinface.networks import Network
from twinface.recognition.embedding import EmbeddedFace, embed_one_face
from twinface.settings import StrangerSettings
from twinface.strangers import Strangers

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def twinface(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command in this process: twinface("assets", "--json") gives exit code, stdout and stderr."""

    def run(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["twinface", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        code = ended.value.code
        assert code is None or isinstance(code, int)
        return code or 0, *capsys.readouterr()

    return run


@pytest.fixture(scope="session")
def faces(portraits: Path, detector: FaceDetector, sface: Network) -> dict[str, EmbeddedFace]:
    """The demo's portraits, embedded."""
    names = ("person_a_1", "person_a_2", "person_b_1", "person_b_2", "impostor_1")
    return {name: embed_one_face(read_image(portraits / f"{name}.jpg"), detector, sface) for name in names}


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(KEY_VARIABLE, str(tmp_path / "key"))
    path = tmp_path / "pipeline.toml"
    path.write_text(f'gallery = "{tmp_path}/gallery"\n[[camera]]\nname = "door"\nsource = "0"\n')
    return path


@pytest.fixture
def box(config: Path, tmp_path: Path, faces: dict[str, EmbeddedFace], sface: Network) -> Path:
    """Ada is enrolled. She came, and an impostor, twice, was taken for nobody; Bob was taken for her, and a blurred
    face is known to nobody. The file of events.
    """
    gallery = Gallery.open(tmp_path / "gallery", network=sface.recipe.fingerprint, create=True)
    gallery.add("Ada", ("1.jpg",), faces["person_a_1"].vector[np.newaxis], np.ones(1, np.float32))
    path = tmp_path / "events.sqlite"
    ada, bob, impostor = (faces[name] for name in ("person_a_2", "person_b_1", "impostor_1"))
    looks = [
        *looks_of(ADA, ada, sface, "Ada"),
        *looks_of(IMPOSTOR, impostor, sface),
        *looks_of(BOB, bob, sface, "Ada"),
        *looks_of(BLURRED, faces["person_b_2"], sface, sharpness=0.2),
    ]
    events = [
        told(1, Kind.ENTER, ADA, None, "pending"),
        told(2, Kind.UPDATE, ADA, "Ada", "known"),
        told(2, Kind.ENTER, ADA, "Ada", "known", subject=Subject.PERSON),
        told(3, Kind.ENTER, IMPOSTOR, None, "pending"),
        told(4, Kind.UPDATE, IMPOSTOR, None, "unknown"),
        told(5, Kind.ENTER, BOB, None, "pending"),
        told(6, Kind.UPDATE, BOB, "Ada", "known"),
        told(7, Kind.EXIT, IMPOSTOR, None, "unknown"),
        dataclasses.replace(told(8, Kind.EXIT, ADA, "Ada", "known", subject=Subject.PERSON), track=None),
        told(9, Kind.ENTER, BLURRED, None, "pending"),
    ]
    with EventStore(path) as store:
        store.append(events, looks)
    Strangers(path, StrangerSettings(), lambda _look: True).take(events)
    return path

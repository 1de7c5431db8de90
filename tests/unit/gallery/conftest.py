import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from documented_json import check_printed

from twinface.cli.main import main
from twinface.gallery import Gallery, PersonVectors
from twinface.gallery.keys import KEY_VARIABLE

KEY = b"k" * 32
NETWORK = "a" * 64


@pytest.fixture
def key() -> bytes:
    return KEY


@pytest.fixture
def make_person() -> Callable[..., PersonVectors]:
    """A person with random vectors, the same for the same name."""

    def make(name: str = "Zoë", count: int = 2, dimension: int = 8, network: str = NETWORK) -> PersonVectors:
        random = np.random.default_rng(sum(name.encode()))
        vectors = random.normal(size=(count, dimension)).astype(np.float32)
        files = tuple(f"{name}_{number}.jpg" for number in range(count))
        return PersonVectors(name, files, vectors, np.linspace(0.5, 1.0, count, dtype=np.float32), network)

    return make


@pytest.fixture
def open_gallery(tmp_path: Path) -> Callable[..., Gallery]:
    """Opens the one gallery of the test, like a process of its own would."""

    def make(network: str | None = NETWORK, create: bool = True, lock_wait_s: float = 5.0) -> Gallery:
        return Gallery.open(
            tmp_path / "gallery",
            network=network,
            network_name="testnet",
            create=create,
            key=KEY,
            lock_wait_s=lock_wait_s,
        )

    return make


@pytest.fixture
def enrol(make_person: Callable[..., PersonVectors]) -> Callable[..., int]:
    """Adds a random person to a gallery."""

    def add(gallery: Gallery, name: str, count: int = 2, dimension: int = 8) -> int:
        person = make_person(name, count, dimension)
        return gallery.add(name, person.files, person.vectors, person.quality)

    return add


@dataclass(frozen=True)
class Result:
    """How a command ended."""

    code: int
    out: str
    err: str


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Result]:
    """Runs `twinface gallery …` on the test's own gallery, with a key of its own; `forget` is no gallery command."""
    monkeypatch.setenv(KEY_VARIABLE, str(tmp_path / "key"))

    def call(*arguments: object) -> Result:
        group = [] if arguments[0] == "forget" else ["gallery"]
        words = ["twinface", *group, *map(str, arguments), "--gallery", str(tmp_path / "gallery")]
        monkeypatch.setattr(sys, "argv", words)
        with pytest.raises(SystemExit) as ended:
            main()
        captured = capsys.readouterr()
        if "--json" in words:
            check_printed(words[1:], captured.out)
        return Result(int(ended.value.code or 0), captured.out, captured.err)

    return call

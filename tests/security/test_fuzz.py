"""Every decoder on damaged examples: it reads them, or refuses them in one line of ours, and does nothing else."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from bombs import KEY
from decoders import DECODERS, damaged
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from twinface.errors import TwinfaceError
from twinface.gallery.keys import KEY_VARIABLE

_MOST_CHARACTERS = 500


@pytest.fixture(scope="module", autouse=True)
def own_key(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    path = tmp_path_factory.mktemp("key") / "key"
    path.write_bytes(KEY)
    path.chmod(0o600)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(KEY_VARIABLE, str(path))
        yield


def decode_in(folder: Path, name: str, data: bytes) -> str:
    """What a decoder says against some bytes; empty where it reads them."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    try:
        DECODERS[name].decode(data, folder)
    except TwinfaceError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("name", DECODERS)
def test_whole_examples_are_read(tmp_path: Path, name: str) -> None:
    for example in DECODERS[name].examples(tmp_path):
        assert decode_in(tmp_path / "fresh", name, example) == ""


@pytest.mark.parametrize("name", DECODERS)
@given(seed=st.integers(0, 2**32 - 1))
@settings(suppress_health_check=list(HealthCheck), max_examples=200)
def test_damaged_examples_are_read_or_refused(tmp_path_factory: pytest.TempPathFactory, name: str, seed: int) -> None:
    folder = tmp_path_factory.getbasetemp() / f"fuzz-{name.replace(' ', '-')}"
    made = _examples(folder, name)
    said = decode_in(folder, name, damaged(made[seed % len(made)], seed))
    assert "\n" not in said
    assert len(said) < _MOST_CHARACTERS + len(str(folder)) or name == "configuration", "that one is the user's own"


_made: dict[str, list[bytes]] = {}


def _examples(folder: Path, name: str) -> list[bytes]:
    if name not in _made:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        _made[name] = DECODERS[name].examples(folder)
    return _made[name]

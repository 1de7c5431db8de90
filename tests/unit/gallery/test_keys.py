"""The box's key: made once, private, never silently replaced."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from twinface.errors import ArtefactError
from twinface.gallery import box_key
from twinface.gallery.keys import KEY_VARIABLE


@pytest.fixture
def key_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "twinface" / "key"
    monkeypatch.setenv(KEY_VARIABLE, str(path))
    return path


def test_the_key_is_made_once_and_private(key_file: Path) -> None:
    key = box_key()
    assert len(key) == 32
    assert box_key() == key
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    assert list(key_file.parent.iterdir()) == [key_file]


def test_processes_that_start_at_once_agree_on_one_key(key_file: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(lambda _: box_key(), range(32)))) == 1


def test_a_key_that_others_may_read_is_made_private_and_that_is_said_once(
    key_file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    key = box_key()
    for mode, could in ((0o644, "read"), (0o666, "change")):
        key_file.chmod(mode)
        caplog.clear()
        assert box_key() == key
        assert f"{key_file}: others could {could} it" in caplog.text
        assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
        caplog.clear()
        assert box_key() == key
        assert caplog.text == ""


def test_a_damaged_key_is_refused_and_kept(key_file: Path) -> None:
    box_key()
    key_file.write_bytes(b"short")
    with pytest.raises(ArtefactError, match="restore it from a backup"):
        box_key()
    assert key_file.read_bytes() == b"short"


def test_a_key_that_cannot_be_made_names_the_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv(KEY_VARIABLE, str(tmp_path / "file" / "key"))
    with pytest.raises(ArtefactError, match=KEY_VARIABLE):
        box_key()

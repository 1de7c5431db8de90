"""What others could read or change is made private and that is said once; what belongs to somebody else is refused."""

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from harness import until

from twinface.bus.rundir import RunDirectory
from twinface.errors import ArtefactError, SettingsError
from twinface.events import EventStore
from twinface.files import make_folder, write_atomically
from twinface.gallery import Gallery, box_key
from twinface.gallery.keys import KEY_VARIABLE
from twinface.private_files import keep_private

SOMEBODY_ELSE = 12345
ONE = np.ones((1, 4), np.float32)


@pytest.fixture(params=[0o000, 0o022, 0o077])
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


@pytest.fixture(autouse=True)
def key_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(KEY_VARIABLE, str(tmp_path / "config" / "twinface" / "key"))
    return tmp_path / "config" / "twinface" / "key"


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def give_away(path: Path) -> None:
    """Let a file or folder be somebody else's, or, where only root could do that, lead to one that is root's."""
    if os.geteuid() == 0:
        os.chown(path, SOMEBODY_ELSE, SOMEBODY_ELSE)
        return
    theirs = Path("/usr") if path.is_dir() else Path("/etc/passwd")
    path.rename(path.with_name("away"))
    path.symlink_to(theirs)


def a_gallery(folder: Path) -> Gallery:
    gallery = Gallery.open(folder, network="n" * 64, create=True)
    gallery.add("Ada", ["1.jpg"], ONE, ONE[:, 0], [b"png"])
    return gallery


def test_files_and_all_folders_above_them_are_for_their_owner_only(tmp_path: Path, umask: int) -> None:
    write_atomically(tmp_path / "a/b/c/file", b"")
    make_folder(tmp_path / "d/e")
    a_gallery(tmp_path / "f/gallery")
    RunDirectory(tmp_path / "g/run")
    made = [path for path in tmp_path.rglob("*") if path.name != "config"]
    assert {mode_of(path) for path in made if path.is_dir()} == {0o700}
    assert {mode_of(path) for path in made if path.is_file()} == {0o600}
    assert mode_of(tmp_path / "config") == 0o700


def test_a_folder_that_is_there_already_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a").chmod(0o755)
    make_folder(tmp_path / "a/b")
    assert (mode_of(tmp_path / "a"), mode_of(tmp_path / "a/b")) == (0o755, 0o700)


@pytest.mark.parametrize("inside", [".", "people"])
def test_a_gallery_that_others_could_change_is_made_private(
    tmp_path: Path, inside: str, caplog: pytest.LogCaptureFixture
) -> None:
    folder = a_gallery(tmp_path / "gallery").folder
    (folder / inside).chmod(0o777)
    assert list(Gallery.open(folder).people) == ["Ada"]
    assert mode_of(folder / inside) == 0o700
    assert f"{folder / inside}: others could change it" in caplog.text
    caplog.clear()
    Gallery.open(folder)
    assert caplog.text == ""


def test_our_own_folders_above_key_and_gallery_are_made_private(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Who may write there could put another gallery in the place of this one."""
    monkeypatch.delenv(KEY_VARIABLE)
    for variable in ("XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(variable, str(tmp_path / variable))
    a_gallery(tmp_path / "XDG_DATA_HOME" / "twinface" / "gallery")
    ours = [tmp_path / "XDG_CONFIG_HOME" / "twinface", tmp_path / "XDG_DATA_HOME" / "twinface"]
    for folder in (*ours, *(one.parent for one in ours)):
        folder.chmod(0o777)
    Gallery.open(ours[1] / "gallery")
    assert [mode_of(folder) for folder in ours] == [0o700, 0o700]
    assert [mode_of(folder.parent) for folder in ours] == [0o777, 0o777], "not ours alone"
    assert all(f"{folder}: others could change it" in caplog.text for folder in ours)


@pytest.mark.parametrize("inside", [".", "people"])
def test_a_gallery_of_another_user_is_refused(tmp_path: Path, inside: str) -> None:
    folder = a_gallery(tmp_path / "gallery").folder
    give_away(folder / inside)
    with pytest.raises(ArtefactError, match="belongs to another user"):
        Gallery.open(folder)


def test_a_key_of_another_user_is_refused(key_file: Path) -> None:
    box_key()
    give_away(key_file)
    with pytest.raises(ArtefactError, match="belongs to another user"):
        box_key()


def test_what_cannot_be_made_private_is_said_each_time(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """On a file system that is mounted read-only, or knows no modes."""
    for _ in range(2):
        keep_private(Path("/proc/self/status"))
    assert caplog.text.count("others can read it, and that cannot be changed") == 2


def test_a_run_directory_that_others_could_change_is_made_private(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    run = RunDirectory(tmp_path / "run")
    run.path.chmod(0o755)
    RunDirectory(run.path)
    assert mode_of(run.path) == 0o700
    assert "others could read it" in caplog.text


def test_a_run_directory_of_another_user_is_refused(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path / "run")
    give_away(run.path)
    with pytest.raises(SettingsError, match="another user"):
        RunDirectory(run.path)


@pytest.mark.parametrize("theirs", [False, True])
def test_the_matcher_keeps_its_database_to_itself_or_refuses_it(tmp_path: Path, theirs: bool) -> None:
    database = tmp_path / "events.sqlite"
    with EventStore(database) as store:
        assert store.newest() == 0
    (tmp_path / "pipeline.toml").write_text(f'gallery = "gallery"\nrun_directory = "{tmp_path / "run"}"\n')
    database.chmod(0o666)
    if theirs:
        give_away(database)
    environment = {**os.environ, "TWINFACE_CONFIG": str(tmp_path / "pipeline.toml")}
    command = [sys.executable, "-P", "-m", "services.matcher"]
    matcher = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    try:
        if theirs:
            assert matcher.wait(120) == 2
        else:
            until(lambda: mode_of(database) == 0o600, 120.0, "the database to be made private")
    finally:
        matcher.terminate()
        _, log = matcher.communicate(timeout=60)
    assert ("belongs to another user" if theirs else f"{database}: others could change it") in log

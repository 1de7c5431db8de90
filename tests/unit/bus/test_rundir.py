import os
import shutil
import socket
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from twinface.bus.books import Books
from twinface.bus.rundir import RUN_VARIABLE, RunDirectory, find_run_directory
from twinface.errors import ServiceError, SettingsError
from twinface.messages.topics import CROPS

_HOLDER = """
import sys
from pathlib import Path
from twinface.bus.rundir import RunDirectory

RunDirectory(Path(sys.argv[1])).lock("matcher")
print("locked", flush=True)
sys.stdin.read()
"""


def test_it_is_for_its_owner_only(run: RunDirectory) -> None:
    assert run.path.stat().st_mode & 0o777 == 0o700
    run.path.chmod(0o755)
    RunDirectory(run.path)
    assert run.path.stat().st_mode & 0o777 == 0o700


def test_a_folder_that_cannot_be_made_is_the_users_mistake(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsError, match="cannot be used"):
        RunDirectory(tmp_path / "file" / "run")


def test_a_path_too_long_for_a_socket_is_the_users_mistake(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path / ("x" * 80))
    with pytest.raises(SettingsError, match="run_directory"):
        run.endpoint(CROPS, "camera.front")
    name = "y" * (106 - len(os.fsencode(run.path)) - 1)
    if name:
        assert len(os.fsencode(run.socket_path(name))) == 106
        with pytest.raises(SettingsError):
            run.socket_path(name + "y")


def test_endpoints_differ_by_topic_and_process(run: RunDirectory) -> None:
    assert run.endpoint(CROPS, "camera.front") == f"ipc://{run.path}/crops.camera.front"


def test_one_process_holds_a_name(run: RunDirectory, child: Callable[..., Any]) -> None:
    assert not run.is_locked("matcher")
    holder = child(_HOLDER)
    assert holder.stdout.readline() == "locked\n"
    assert run.is_locked("matcher")
    with pytest.raises(ServiceError, match="already running") as refusal:
        run.lock("matcher")
    assert refusal.value.code == "locked"
    os.close(run.lock("web"))
    holder.kill()
    holder.wait()
    descriptor = run.lock("matcher")
    assert (run.path / "locks" / "matcher").read_text() == f"{os.getpid()}\n"
    os.close(descriptor)
    assert not run.is_locked("matcher")


def test_asking_for_a_lock_does_not_keep_its_owner_out(run: RunDirectory) -> None:
    import fcntl
    import threading

    os.close(run.lock("matcher"))
    asking = os.open(run.path / "locks" / "matcher", os.O_RDONLY)
    fcntl.flock(asking, fcntl.LOCK_SH)
    threading.Timer(0.1, os.close, [asking]).start()
    os.close(run.lock("matcher"))


def test_books_are_listed_and_forgotten(run: RunDirectory) -> None:
    for origin, epoch in (("camera.a", 5), ("camera.a", 3), ("matcher", 4)):
        Books(run.books_path(origin, epoch))
    (run.path / "books" / ".matcher@6").touch()
    assert [(origin, epoch) for origin, epoch, _ in run.list_books()] == [
        ("camera.a", 3),
        ("camera.a", 5),
        ("matcher", 4),
    ]
    run.sweep()
    assert run.list_books() == []


def test_a_start_has_a_higher_number_than_the_one_before_whatever_the_clock_says(run: RunDirectory) -> None:
    before = time.time_ns()
    first = run.next_epoch("camera.a")
    assert before <= first <= time.time_ns()
    ahead = time.time_ns() + 10**15
    Books(run.books_path("camera.a", ahead))
    assert run.next_epoch("camera.a") == ahead + 1
    assert run.next_epoch("camera.b") < ahead


def test_where_it_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    configured = tmp_path / "configured"
    monkeypatch.setenv(RUN_VARIABLE, str(tmp_path / "named"))
    monkeypatch.setenv("RUNTIME_DIRECTORY", f"{tmp_path / 'systemd'}:{tmp_path / 'other'}")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    assert find_run_directory(configured) == tmp_path / "named"
    monkeypatch.delenv(RUN_VARIABLE)
    assert find_run_directory(configured) == configured
    assert find_run_directory(None) == tmp_path / "systemd"
    monkeypatch.delenv("RUNTIME_DIRECTORY")
    assert find_run_directory(None) == tmp_path / "twinface"
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    assert find_run_directory(None).name == f"twinface-{os.getuid()}"


def test_a_link_where_everybody_may_make_one_is_refused(tmp_path: Path) -> None:
    public = tmp_path / "tmp"
    public.mkdir()
    public.chmod(0o1777)
    (public / "twinface-0").symlink_to(tmp_path)
    with pytest.raises(SettingsError, match="is a link; set run_directory"):
        RunDirectory(public / "twinface-0")
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere").mkdir()
    assert RunDirectory(tmp_path / "link").path == tmp_path / "link", "in a folder of one's own it may be one"


def test_a_folder_that_everybody_may_replace_is_refused(tmp_path: Path) -> None:
    public = tmp_path / "tmp"
    public.mkdir()
    public.chmod(0o777)
    with pytest.raises(SettingsError, match="can be replaced by everybody"):
        RunDirectory(public / "twinface-0")
    public.chmod(0o1777)
    RunDirectory(public / "twinface-0")


def test_what_earlier_runs_left_is_swept_but_nothing_of_who_lives(run: RunDirectory) -> None:
    Books(run.books_path("camera.a", 5))
    (run.path / "books" / ".matcher@6").touch()
    for name in ("web.json", "supervisord.pid", ".web.json.0123abcd"):
        (run.path / name).write_text("left")
    for name in ("crops.camera.a", "health.matcher", "supervisor.sock"):
        with closing(socket.socket(socket.AF_UNIX)) as left_behind:
            left_behind.bind(str(run.path / name))
    (run.path / "logs" / "camera.0.log").write_text("log")
    held = run.lock("matcher")
    run.sweep()
    left = {str(path.relative_to(run.path)) for path in run.path.rglob("*") if not path.is_dir()}
    assert left == {"health.matcher", "logs/camera.0.log", "locks/matcher"}
    os.close(held)
    run.sweep()
    assert not (run.path / "health.matcher").exists()


def test_a_lock_is_held_until_its_file_is_gone_or_another_one(run: RunDirectory) -> None:
    held = run.lock("matcher")
    assert run.holds(held, "matcher")
    (run.path / "locks" / "matcher").unlink()
    assert not run.holds(held, "matcher")
    other = run.lock("matcher")
    assert not run.holds(held, "matcher")
    assert run.holds(other, "matcher")
    shutil.rmtree(run.path)
    assert not run.holds(other, "matcher")
    os.close(held)
    os.close(other)

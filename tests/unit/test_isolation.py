"""That tests see nothing of the home is itself tested: a test that depends on it is noticed."""

import json
import os
import pwd
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import isolation
import pytest
from isolation import Guard

from twinface import assets
from twinface.bus.rundir import find_run_directory
from twinface.cli.configuration import chosen_config
from twinface.config_file import packaged_path
from twinface.settings_file import load_settings

REAL_HOME = Path(pwd.getpwuid(os.getuid()).pw_dir)


def test_configuration_gallery_and_run_directory_are_nobody_s() -> None:
    assert chosen_config().path == packaged_path("config/pipeline.toml")
    home = Path(os.environ["HOME"])
    assert REAL_HOME not in (home, *home.parents)
    assert load_settings().gallery.is_relative_to(home)
    assert find_run_directory(None).is_relative_to(home)
    assert assets.fetch("portraits").is_dir()


def test_a_child_process_is_as_little_at_home() -> None:
    code = "from twinface.settings_file import load_settings; print(load_settings().gallery)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert Path(done.stdout.strip()).is_relative_to(os.environ["HOME"])


def test_what_the_environment_says_of_places_and_languages_is_left_behind() -> None:
    left = {"TWINFACE_CONFIG": "/x", "XDG_DATA_HOME": "/x", "http_proxy": "http://127.0.0.1:1", "NO_PROXY": "x"}
    left |= {"LANG": "C", "LC_ALL": "C", "PYTHONUTF8": "0", "TZ": "Asia/Kolkata", "COLUMNS": "20", "FORCE_COLOR": "1"}
    code = (
        "import json, locale, os, time, isolation, pathlib\n"
        "home = isolation.leave_home(pathlib.Path('assets'))\n"
        "print(json.dumps([dict(os.environ), time.tzname, locale.getpreferredencoding(False)]))\n"
        "isolation.remove_home(home)\n"
    )
    environment = {**os.environ, **left, "PYTHONPATH": str(Path(isolation.__file__).parent)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    remaining, zones, encoding = json.loads(done.stdout)
    assert {name for name in left if remaining.get(name) == left[name]} == set()
    assert (zones, encoding) == (["UTC", "UTC"], "UTF-8")


@pytest.mark.parametrize(
    "touch",
    [
        lambda path: path.read_bytes(),
        lambda path: path.write_bytes(b""),
        lambda path: list(path.iterdir()),
        lambda path: path.rename(path.with_name("other")),
        sqlite3.connect,
        lambda path: sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True),
    ],
    ids=["read", "write", "list", "rename", "sqlite", "sqlite uri"],
)
def test_whatever_touches_the_home_is_noticed(home_guard: Guard, touch: Callable[[Path], object]) -> None:
    path = REAL_HOME / ".twinface-tests-look-here" / "not-there"
    with suppress(OSError, sqlite3.OperationalError):
        touch(path)
    assert [one.rpartition(" ")[2] for one in home_guard.touched] == [str(path)]
    home_guard.touched.clear()

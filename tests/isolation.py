"""Tests see nothing of the home, the environment or the machine's configuration, whoever runs them."""

import locale
import os
import pwd
import re
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

KEEP_OUT_VARIABLE = "TESTS_KEEP_OUT_OF"
"""The homes of whoever runs the tests, for workers, who are not in them."""

_LEFT_OUT = re.compile(
    r"(TWINFACE|XDG|LC)_.*|LANG|LANGUAGE|TZ|COLUMNS|LINES|(NO|FORCE)_COLOR|TTY_.*"
    r"|PYTHON(IOENCODING|UTF8|WARNINGS|OPTIMIZE)|.*_proxy",
    re.IGNORECASE,
)
"""Names of variables that say where things are, how they are shown, or who is asked for what is on this machine."""

_TOUCHES = {"open", "os.listdir", "os.scandir", "os.mkdir", "os.remove", "os.rename", "os.chmod", "sqlite3.connect"}


def leave_home(assets: Path) -> Path:
    """Give this process and its children an empty home; returns the folder to be removed in the end.

    `assets` is the cache of what was fetched before, in the home that is left.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in what a script starts in the background
    before = os.environ.get(KEEP_OUT_VARIABLE) or f"{Path.home()}{os.pathsep}{pwd.getpwuid(os.getuid()).pw_dir}"
    for name in filter(_LEFT_OUT.fullmatch, list(os.environ)):
        del os.environ[name]
    time.tzset()
    locale.setlocale(locale.LC_ALL, "C.UTF-8")
    home = Path(tempfile.mkdtemp(prefix="tf-home-"))
    for name in ("run", "etc"):
        (home / name).mkdir(mode=0o700)
    os.environ |= {
        "HOME": str(home),
        "LC_ALL": "C.UTF-8",
        "XDG_RUNTIME_DIR": str(home / "run"),
        "TWINFACE_ETC": str(home / "etc"),
        "TWINFACE_ASSETS": str(assets),
        KEEP_OUT_VARIABLE: before,
    }
    return home


def remove_home(home: Path) -> None:
    """Remove what `leave_home` made."""
    shutil.rmtree(home, ignore_errors=True)


class Guard:
    """Notes what this process touches below a home: anything but Python, the checkout and the assets is a mistake."""

    def __init__(self, checkout: Path) -> None:
        self._homes = tuple(f"{home}/" for home in os.environ[KEEP_OUT_VARIABLE].split(os.pathsep) if home != "/")
        places = {sys.prefix, sys.base_prefix, *sys.path, os.environ["TWINFACE_ASSETS"], tempfile.gettempdir()}
        places |= {str(checkout), str(checkout.parent / "shared")}
        places |= {str(Path(place).resolve()) for place in places}
        self._allowed = tuple(f"{place}/" for place in places if place)
        self.touched: list[str] = []
        sys.addaudithook(self._look)

    def _look(self, event: str, arguments: tuple[object, ...]) -> None:
        if event not in _TOUCHES or not isinstance(arguments[0], str | bytes | os.PathLike):
            return
        path = os.fsdecode(arguments[0]).removeprefix("file://").removeprefix("file:").partition("?")[0]
        path = os.path.abspath(path)  # noqa: PTH100  quick, and follows no link
        if path.startswith(self._homes) and not f"{path}/".startswith(self._allowed):
            self.touched.append(f"{event} {path}")

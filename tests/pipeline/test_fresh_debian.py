"""A Debian that has nothing yet: every step of the Containerfile, then the box as a container runs it."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from harness import until

pytestmark = [pytest.mark.long, pytest.mark.pipeline]

CHECKOUT = Path(__file__).resolve().parents[2]
LINES = (CHECKOUT / "deploy/Containerfile").read_text().splitlines()
STOPS_WITHIN_S = 5.0
PATH = "PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
ROOT_ALONE = ("unshare", "--pid", "--fork", "--mount", "--mount-proc={root}/proc", "--kill-child", "chroot", "{root}")
"""A process of its own system: process 1 there, which sees no other, with its own mounts and its own root."""

_CONFIG = '[[camera]]\nname = "door"\nsource = "/srv/pictures"\nloop = true\n[web]\nport = 0\n'


def _as_this_machine_does(root: Path) -> None:
    """Have pip in there ask whom pip asks here: index and certificates of this machine's configuration."""
    listed = subprocess.run([sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True)
    found = dict(re.findall(r"^(?:global\.|:env:\.)(cert|index-url)='(.*)'$", listed.stdout, re.MULTILINE))
    if certificates := found.get("cert"):
        shutil.copy(certificates, root / "etc/certificates-of-pip.crt")
        found["cert"] = "/etc/certificates-of-pip.crt"
    settings = "".join(f"{name} = {value}\n" for name, value in found.items())
    (root / "etc/pip.conf").write_text(f"[global]\n{settings}")
    shutil.copy("/etc/resolv.conf", root / "etc/resolv.conf")


def _all_of(word: str) -> list[str]:
    """What follows this word in the lines of the Containerfile that begin with it."""
    return [line.removeprefix(f"{word} ") for line in LINES if line.startswith(f"{word} ")]


def _copy(words: list[str], target: Path) -> None:
    """Do what a COPY of the Containerfile does with files and folders of the checkout."""
    for source in [CHECKOUT / word for word in words]:
        if source.is_dir():
            shutil.copytree(source, target, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            target.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The file system of a minimal Debian of this machine's mirror."""
    if os.geteuid() != 0:
        pytest.skip("needs root: it makes the file system of another Debian and runs in it")
    for tool in ("mmdebstrap", "unshare"):
        if shutil.which(tool) is None:
            pytest.skip(f"needs {tool}: apt-get install mmdebstrap util-linux")
    root = tmp_path_factory.mktemp("debian") / "root"
    made = subprocess.run(
        ["mmdebstrap", "--variant=minbase", "bookworm", root], capture_output=True, text=True, check=False
    )
    if made.returncode:
        pytest.skip(f"needs Debian's packages: {made.stderr[-300:]}")
    _as_this_machine_does(root)
    yield root
    shutil.rmtree(root)


@pytest.fixture(scope="module")
def run(root: Path) -> Callable[..., "subprocess.Popen[str]"]:
    """Starts something in that system."""

    def run(*words: str) -> "subprocess.Popen[str]":
        command = [word.format(root=root) for word in ROOT_ALONE] + ["env", "-i", "HOME=/root", PATH, *words]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    return run


@pytest.fixture(scope="module")
def installed(root: Path, run: Callable[..., "subprocess.Popen[str]"]) -> Path:
    """That system, once each line of the Containerfile has been followed."""
    [number] = [one.split()[0] for one in _all_of("ENV") if one.startswith("TWINFACE_UID")]
    for line in LINES:
        word, _, rest = line.partition(" ")
        if word == "COPY" and "--from" not in rest:
            *sources, target = rest.split()
            _copy(sources, root / target.strip("/"))
        elif word == "RUN":
            done = run(number, "sh", "-ec", rest)
            said, _ = done.communicate(timeout=1200)
            assert done.returncode == 0, f"{line}\n{said[-3000:]}"
    return root


def test_nothing_is_fetched_later_and_nothing_belongs_to_who_runs_it(installed: Path) -> None:
    uid = (installed / "var/lib/twinface").stat().st_uid
    assert uid == int(_all_of("USER")[0].partition(":")[0])
    assert list((installed / "opt/twinface/assets").glob("*.onnx"))
    assert not [path for path in (installed / "opt/twinface").rglob("*") if path.lstat().st_uid == uid]
    assert (installed / "etc/twinface/pipeline.toml").stat().st_mode & 0o777 == 0o640
    assert not (installed / "src").exists()


def test_a_box_as_a_container_has_it_gets_well_and_stops_in_time(
    installed: Path, run: Callable[..., "subprocess.Popen[str]"], portraits: Path
) -> None:
    shutil.copytree(portraits, installed / "srv/pictures")
    (installed / "etc/twinface/pipeline.toml").write_text(_CONFIG)
    (installed / "tmp").chmod(0o1777)
    [user], [entry] = _all_of("USER"), _all_of("ENTRYPOINT")
    uid, gid = user.split(":")
    as_user = [
        "setpriv",
        f"--reuid={uid}",
        f"--regid={gid}",
        "--clear-groups",
        "env",
        "-i",
        "HOME=/var/lib/twinface",
        PATH,
    ]
    box = run(*as_user, *re.findall(r'"([^"]+)"', entry), "up")
    try:
        until(lambda: psutil.Process(box.pid).children(), 60.0, "process 1 of the other system")
        [first] = psutil.Process(box.pid).children()
        inside = ["nsenter", f"--target={first.pid}", "--pid", "--mount", "--root", "--wd", *as_user]
        until(
            lambda: not subprocess.run([*inside, "twinface", "status"], capture_output=True, check=False).returncode,
            120.0,
            "a box that is well",
        )
        assert first.name() == "tini"
        asked_s = time.monotonic()
        first.send_signal(signal.SIGTERM)
        said, _ = box.communicate(timeout=60)
        took_s = time.monotonic() - asked_s
        assert box.returncode == 0, said
        assert "stopping" in said
        assert took_s < STOPS_WITHIN_S, f"took {took_s:.1f} s"
    finally:
        box.kill()

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


def _copied(line: str) -> list[Path]:
    """The files of the checkout that a COPY of the Containerfile takes."""
    return [CHECKOUT / word for word in line.split()[1:-1]]


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
    lines = (CHECKOUT / "deploy/Containerfile").read_text().splitlines()
    for line in lines:
        if line.startswith("COPY ") and "--from" not in line:
            target = root / line.split()[-1].strip("/")
            for source in _copied(line):
                if source.is_dir():
                    shutil.copytree(source, target, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
                else:
                    target.mkdir(parents=True, exist_ok=True)
                    shutil.copy(source, target)
        elif line.startswith("RUN "):
            [variable] = [one.split()[1] for one in lines if one.startswith("ENV TWINFACE_UID")]
            done = run(variable, "sh", "-ec", line.removeprefix("RUN "))
            said, _ = done.communicate(timeout=1200)
            assert done.returncode == 0, f"{line}\n{said[-3000:]}"
    return root


def test_nothing_is_fetched_later_and_nothing_belongs_to_who_runs_it(installed: Path) -> None:
    uid = (installed / "var/lib/twinface").stat().st_uid
    assert uid == 10001
    assert list((installed / "opt/twinface/assets").glob("*.onnx"))
    assert not [path for path in (installed / "opt/twinface").rglob("*") if path.lstat().st_uid == uid]
    assert (installed / "etc/twinface/pipeline.toml").stat().st_mode & 0o777 == 0o640
    assert not (installed / "src").exists()


def test_a_box_as_a_container_has_it_names_faces_and_stops_in_time(
    installed: Path, run: Callable[..., "subprocess.Popen[str]"], portraits: Path
) -> None:
    shutil.copytree(portraits, installed / "srv/pictures")
    (installed / "etc/twinface/pipeline.toml").write_text(_CONFIG)
    (installed / "tmp").chmod(0o1777)
    lines = (CHECKOUT / "deploy/Containerfile").read_text().splitlines()
    [entry] = [line.removeprefix("ENTRYPOINT ") for line in lines if line.startswith("ENTRYPOINT ")]
    words = re.findall(r'"([^"]+)"', entry)
    box = run(
        "setpriv",
        "--reuid=twinface",
        "--regid=twinface",
        "--clear-groups",
        "env",
        "HOME=/var/lib/twinface",
        *words,
        "up",
    )
    try:
        until(lambda: psutil.Process(box.pid).children(), 60.0, "process 1 of the other system")
        [first] = psutil.Process(box.pid).children()
        status = [
            "nsenter",
            "--target",
            str(first.pid),
            "--pid",
            "--mount",
            "--root",
            "--wd",
            "setpriv",
            "--reuid=10001",
        ]
        status += ["--regid=10001", "--clear-groups", "env", "-i", "HOME=/var/lib/twinface", PATH, "twinface", "status"]
        until(
            lambda: not subprocess.run(status, capture_output=True, check=False).returncode, 120.0, "a box that is well"
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

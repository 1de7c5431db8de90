"""A disk that is full when a test wants it to be: a small tmpfs, which takes root."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

_PAGE_BYTES = 4096


@contextmanager
def small_disk(folder: Path, size_kb: int) -> Iterator[Path]:
    """A file system of so many kB on a folder, which is made; the test is skipped where nobody may mount one."""
    folder.mkdir(mode=0o700, exist_ok=True)
    options = f"size={size_kb}k,mode=0700"
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip(f"needs to mount a tmpfs, which takes root: {mounted.stderr.decode().strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def fill(folder: Path, *, but_kb: int = 0) -> Path:
    """Fill the disk, but for so many kB; returns the file that does, to be removed."""
    filler, size = folder / "filler", 0
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                size += file.write(bytes(_PAGE_BYTES))
        except OSError:
            os.truncate(filler, max(0, size - but_kb * 1024))
    return filler

"""A running system for every test that asks for one."""

import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness import Pipeline


@pytest.fixture
def pipeline(request: pytest.FixtureRequest) -> Iterator[Pipeline]:
    """A pipeline in a short temporary path (sockets have short names); nothing of it is left afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="twinface-", dir="/tmp"))
    one = Pipeline(folder)
    try:
        yield one
    finally:
        if one.process is not None and one.process.poll() is None:
            one.process.terminate()
            one.process.wait(120.0)
        if request.session.testsfailed:
            sys.stderr.write(one.logs())
        shutil.rmtree(folder)

import json
import os
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from twinface.box.last_heard import last_error
from twinface.bus.rundir import RunDirectory
from twinface.settings import Settings

_NOW_S = time.time()


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    return RunDirectory(tmp_path / "run")


def write(run: RunDirectory, *lines: tuple[float, str] | str) -> Path:
    """The matcher's log, of errors that happened at a time, or lines that are none of ours."""
    log = run.path / "logs" / "matcher.log"
    written = [
        line
        if isinstance(line, str)
        else json.dumps({"error": line[1], "timestamp": datetime.fromtimestamp(line[0], UTC).isoformat()})
        for line in lines
    ]
    log.write_text("\n".join(written) + "\n")
    return log


def test_the_last_error_of_this_start_is_said(run: RunDirectory) -> None:
    write(run, (_NOW_S - 60, "of an earlier run"), (_NOW_S, "first"), (_NOW_S, "last"))
    assert last_error(run, "matcher", Settings(), _NOW_S - 1) == "last"


def test_what_went_wrong_in_an_earlier_run_is_not_said_again(run: RunDirectory) -> None:
    log = write(run, (_NOW_S - 60, "of an earlier run"))
    assert last_error(run, "matcher", Settings(), _NOW_S - 1) == f"see {log}"


def test_of_a_crash_its_last_line_is_said_where_it_is_of_this_run(run: RunDirectory) -> None:
    log = write(run, (_NOW_S, "an error"), "Segmentation fault")
    assert last_error(run, "matcher", Settings(), _NOW_S - 1) == f"Segmentation fault (see {log})"
    os.utime(log, (_NOW_S - 60, _NOW_S - 60))
    assert last_error(run, "matcher", Settings(), _NOW_S - 1) == f"see {log}"


def test_who_has_no_log_yet_has_a_folder_of_logs(run: RunDirectory) -> None:
    assert last_error(run, "camera.door", Settings(), _NOW_S) == f"see {run.path / 'logs'}"

"""Each script of examples/, and the one in the README, does what it says."""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fake_box import FakeMatcher, short_run_directory
from harness import until
from made_features import make_features

import twinface
from twinface.events import Event, EventStore, Kind, Subject
from twinface.gallery.keys import KEY_VARIABLE

README = Path(__file__).resolve().parents[2] / "README.md"
EXAMPLES = README.with_name("examples")
Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Start:
    """Starts an example in a folder with a configuration, whose gallery is in it."""
    monkeypatch.setenv(KEY_VARIABLE, str(tmp_path / "key"))
    (tmp_path / "pipeline.toml").write_text('gallery = "gallery"\n')

    def run(name: str | Path, *arguments: object) -> "subprocess.Popen[str]":
        command = [sys.executable, EXAMPLES / name, *map(str, arguments)]
        return subprocess.Popen(command, cwd=tmp_path, env=os.environ, stdout=subprocess.PIPE, text=True)

    return run


@pytest.fixture
def run(start: Start) -> Callable[..., str]:
    """Runs an example and gives what it printed."""

    def run_to_its_end(name: str, *arguments: object) -> str:
        with start(name, *arguments) as process:
            printed, _ = process.communicate(timeout=300)
        assert process.returncode == 0
        return str(printed)

    return run_to_its_end


def test_none_is_long() -> None:
    lengths = {path.name: len(path.read_text().splitlines()) for path in EXAMPLES.glob("*.py")}
    assert len(lengths) == 5
    assert {name: length for name, length in lengths.items() if length > 40} == {}


def test_a_folder_is_enrolled_and_a_picture_identified(
    run: Callable[..., str], portraits: Path, tmp_path: Path
) -> None:
    for picture in ("person_a_1", "person_b_1"):
        (tmp_path / "people" / picture[:8]).mkdir(parents=True)
        shutil.copy(portraits / f"{picture}.jpg", tmp_path / "people" / picture[:8])
    (tmp_path / "people" / "person_b" / "empty.jpg").touch()
    printed = run("enrol_folder.py", "people").splitlines()
    assert printed[:2] == ["person_a: 1 added, 0 known already", "person_b: 1 added, 0 known already"]
    assert re.fullmatch(r"  empty\.jpg: unreadable: the file is empty.*", printed[2])
    named = run("identify_picture.py", portraits / "person_a_2.jpg", portraits / "impostor_1.jpg").splitlines()
    assert re.search(r"person_a_2\.jpg: person_a (0\.[5-9]\d|1\.00) at \d+,\d+ to \d+,\d+$", named[0])
    assert re.search(r"impostor_1\.jpg: unknown ", named[1])


def test_matches_are_printed_once_a_name(start: Start, tmp_path: Path) -> None:
    with short_run_directory() as run, FakeMatcher(run) as matcher:
        (tmp_path / "pipeline.toml").write_text(f'run_directory = "{run.path}"\n')
        with start("subscribe.py") as process:
            until(lambda: "snapshot" in matcher.asked, 120.0, "the example asks what is there")
            for name in (None, "Ada", "Ada"):
                matcher.event("match", name=name, score=0.9)
            matcher.event("end", streams_open=0)
            printed, _ = process.communicate(timeout=120)
    assert printed == "front: track 1 is Ada (0.90)\n"


def test_the_lines_of_the_readme_do_what_they_say(portraits: Path, tmp_path: Path, start: Start) -> None:
    section = README.read_text(encoding="utf-8").partition("## From Python\n")[2].partition("\n## ")[0]
    lines = [line.removeprefix("    ") for line in section.splitlines() if line.startswith("    ")]
    assert 4 <= len(lines) <= 8
    script = tmp_path / "readme.py"
    script.write_text("\n".join(lines))
    (tmp_path / "photos" / "ada").mkdir(parents=True)
    shutil.copy(portraits / "person_a_1.jpg", tmp_path / "photos" / "ada")
    shutil.copy(portraits / "person_a_2.jpg", tmp_path / "party.jpg")
    with short_run_directory() as run, FakeMatcher(run) as matcher:
        with (tmp_path / "pipeline.toml").open("a") as config:
            config.write(f'run_directory = "{run.path}"\n')
        with start(script) as process:
            until(lambda: "snapshot" in matcher.asked, 120.0, "the lines ask what is there")
            matcher.event("match", name="Ada", score=0.75)
            matcher.event("end", streams_open=0)
            printed, _ = process.communicate(timeout=120)
    assert printed.splitlines()[:2] == ["['Ada Lovelace']", "front Ada 0.75"]


def test_the_last_hours_are_read(run: Callable[..., str], tmp_path: Path) -> None:
    now_ns = time.time_ns()
    common: dict[str, Any] = {"camera": "door", "stream": 1, "track": 1, "state": "known", "score": 0.91, "frame": 1}
    with EventStore(tmp_path / "events.sqlite") as store:
        for name, age_h in (("Ada", 30), ("Bob", 1)):
            at_ns = now_ns - age_h * 3600 * 10**9
            at = {"at_ns": at_ns, "since_ns": at_ns, "duration_s": 0.0, "media_ms": 0.0}
            store.append([Event(Kind.ENTER, Subject.PERSON, name=name, **at, **common)])
    assert re.fullmatch(r"2 \S+ \S+ door Bob 0\.91\n", run("read_events.py"))
    assert len(run("read_events.py", 48).splitlines()) == 2


def test_a_head_of_ones_own_is_trained_and_measured(run: Callable[..., str], tmp_path: Path) -> None:
    make_features(tmp_path / "features", 60, [f"{number}.jpg" for number in range(6)])
    printed = run("own_head.py", "features", "head").splitlines()
    assert [line.partition(":")[0] for line in printed] == ["cosine", "own head"]
    assert all(line.endswith("12 people, 2,556 pairs") for line in printed)
    assert twinface.evaluate(tmp_path / "features", head=tmp_path / "head").subject.metric == "head"

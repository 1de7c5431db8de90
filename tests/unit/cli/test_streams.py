"""What the commands print, on streams that can show it and on those that cannot, as a process of its own prints it."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twinface.cli.console import Terminal, escape
from twinface.cli.output_streams import showable_json
from twinface.gallery import Gallery
from twinface.gallery.keys import KEY_VARIABLE
from twinface.text import printable

NAME = "Zoë Łódź 王"
NETWORK = "a" * 64
TWINFACE = Path(sys.executable).with_name("twinface")
Run = Callable[..., "subprocess.CompletedProcess[bytes]"]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs a command as a process in an environment with these variables: run("status", LC_ALL="C")."""
    own = {
        KEY_VARIABLE: str(tmp_path / "key"),
        "TWINFACE_CONFIG": str(tmp_path / "pipeline.toml"),
        "HOME": str(tmp_path),
        "PATH": os.environ["PATH"],
    }

    def call(*words: object, shell: str = '"$0" "$@"', **environment: str) -> "subprocess.CompletedProcess[bytes]":
        command = ["sh", "-c", shell, TWINFACE, *map(os.fsencode, map(str, words))]
        return subprocess.run(command, env=own | environment, cwd=tmp_path, capture_output=True, check=False)

    return call


@pytest.fixture
def gallery(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One person, whose name needs three scripts."""
    monkeypatch.setenv(KEY_VARIABLE, str(tmp_path / "key"))
    folder = tmp_path / "gallery"
    (tmp_path / "pipeline.toml").write_text(f'network = "sface"\ngallery = "{folder}"\n')
    opened = Gallery.open(folder, network=NETWORK, network_name="testnet", create=True)
    opened.add(NAME, ("1.jpg",), np.eye(1, 8, dtype=np.float32), np.ones(1, np.float32))
    return folder


@pytest.mark.parametrize(
    ("environment", "shown"),
    [
        ({"PYTHONIOENCODING": "ascii"}, "Zo? ??d? ?"),
        ({"PYTHONIOENCODING": "latin-1"}, "Zoë ?ód? ?"),
        ({"PYTHONIOENCODING": "cp1252"}, "Zoë ?ód? ?"),
        ({"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, "Zo? ??d? ?"),
        ({"LC_ALL": "C"}, NAME),
    ],
)
def test_what_a_stream_cannot_show_is_replaced_and_json_loses_nothing(
    run: Run, gallery: Path, environment: dict[str, str], shown: str
) -> None:
    encoding = environment.get("PYTHONIOENCODING", "utf-8")
    listed = run("gallery", "list", **environment)
    assert (listed.returncode, listed.stderr) == (0, b"")
    assert listed.stdout.decode(encoding) == f"     1  1.00         {shown}\n"
    done = run("gallery", "list", "--json", **environment)
    assert json.loads(done.stdout)["people"][0]["name"] == NAME


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", ">&- 2>&- <&-"])
@pytest.mark.parametrize(
    "words", [("gallery", "list"), ("gallery", "list", "--json"), ("forget", "nobody"), ("status",)]
)
def test_a_closed_stream_ends_nothing(run: Run, gallery: Path, words: tuple[str, ...], closed: str) -> None:
    expected = run(*words, shell='"$0" "$@" </dev/null')
    done = run(*words, shell=f'"$0" "$@" {closed}')
    assert done.returncode == expected.returncode
    assert done.stdout == (b"" if ">&-" in closed.split() else expected.stdout)
    assert done.stderr == (b"" if "2>&-" in closed else expected.stderr)


def test_a_full_disk_behind_stdout_is_one_line(run: Run, gallery: Path) -> None:
    done = run("gallery", "list", shell='"$0" "$@" > /dev/full')
    assert (done.returncode, done.stderr) == (1, b"twinface: No space left on device\n")
    assert run("gallery", "list", shell='"$0" "$@" 2> /dev/full').returncode == 0


def test_no_text_moves_the_cursor_or_turns_the_line_around() -> None:
    assert printable("a\x1b[2J\nb\x9bc\u202ed\ud800\x00") == "a\ufffd[2J\ufffdb\ufffdc\ufffdd\ufffd\ufffd"
    assert printable("Ann\u00a0Lee") == "Ann Lee"
    assert printable("\u0645\u06cc\u200c\u062e") == "\u0645\u06cc\u200c\u062e"
    out = io.StringIO()
    console = Terminal()
    console.file = out
    console.print("one\x1b[31m\ntwo\x07", escape("[red]\x1b]0;x"), ":boom:")
    assert out.getvalue() == "one\ufffd[31m\ntwo [red]\ufffd]0;x :boom:\n"


@given(st.text(st.characters(codec=None)), st.sampled_from(["ascii", "latin-1", "cp1252", "utf-8"]))
def test_json_is_the_same_value_on_every_stream(text: str, encoding: str) -> None:
    shown = showable_json(json.dumps(text, ensure_ascii=False), encoding)
    assert json.loads(shown.encode(encoding)) == text
    assert shown.isprintable()

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from corrected_box import box, config, faces
from documented_json import check_printed

from twinface.cli.main import main

__all__ = ["box", "config", "faces"]

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def twinface(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command in this process: twinface("assets", "--json") gives exit code, stdout and stderr."""

    def run(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["twinface", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        code = ended.value.code
        assert code is None or isinstance(code, int)
        out, err = capsys.readouterr()
        words = [str(word) for word in arguments]
        if "--json" in words and (printed := out if out.startswith("{") else "" if code else _written(words)):
            check_printed(words, printed)
        return code or 0, out, err

    return run


def _written(words: list[str]) -> str:
    """What is in the file that --json of `evaluate` names; empty where there is none."""
    path = Path(words[words.index("--json") + 1 :][0]) if words[-1] != "--json" else None
    return path.read_text() if path is not None and path.is_file() else ""

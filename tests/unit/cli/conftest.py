import sys
from collections.abc import Callable

import pytest
from corrected_box import box, config, faces

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
        return code or 0, *capsys.readouterr()

    return run

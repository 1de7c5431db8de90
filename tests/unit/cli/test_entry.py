"""The command's first moments."""

import signal
import subprocess
import sys

import pytest

_INTERRUPTED_WHILE_LOADING = """
import importlib.abc, os, signal, sys

class Interrupts(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == "twinface.cli.main":
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Interrupts())
signal.signal(signal.SIGINT, {handler})
sys.argv[1:] = ["--version"]
from twinface.cli.entry import main
main()
"""


@pytest.mark.parametrize(
    ("handler", "code"),
    [("signal.default_int_handler", -signal.SIGINT), ("signal.SIG_IGN", 0)],
    ids=["ends", "goes on"],
)
def test_ctrl_c_while_the_commands_are_loaded_ends_without_a_word_unless_it_is_ignored(handler: str, code: int) -> None:
    script = _INTERRUPTED_WHILE_LOADING.format(handler=handler)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (code, "")

"""supervisord woken from outside: it looks at a connection at once, and at a signal within a second only."""

import socket
import subprocess
import sys
from pathlib import Path

from fake_box import short_run_directory

from twinface.box.supervision import LastLine, nudge


def test_whoever_listens_is_reached_and_nobody_else_is_waited_for() -> None:
    with short_run_directory() as run, socket.socket(socket.AF_UNIX) as listening:
        assert not nudge(run), "nobody has begun to listen"
        listening.bind(str(run.socket_path("supervisor.sock")))
        listening.listen()
        assert nudge(run)
        connection, _ = listening.accept()
        with connection:
            assert connection.recv(1) == b"", "it says nothing, and is gone again"
        listening.close()
        assert not nudge(run), "whoever listened has ended"


def test_one_that_takes_no_connections_is_not_waited_for() -> None:
    with short_run_directory() as run, socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(run.socket_path("supervisor.sock")))
        listening.listen(0)
        reached = 0
        while nudge(run) and reached < 100:
            reached += 1
        assert reached < 100


def test_the_reason_why_supervisord_refuses_is_kept_and_not_where_its_help_is(tmp_path: Path) -> None:
    conf = tmp_path / "supervisord.conf"
    conf.write_text("[supervisord]\nloglevel = loud\n")
    command = [sys.executable, "-m", "supervisor.supervisord", "-n", "-c", conf]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as refused:
        assert refused.stderr is not None
        said = LastLine(refused.stderr).text
    assert said.startswith("Error: ")
    assert "loud" in said

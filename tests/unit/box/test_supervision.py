"""supervisord woken from outside: it looks at a connection at once, and at a signal within a second only."""

import socket

from fake_box import short_run_directory

from twinface.box.supervision import nudge


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

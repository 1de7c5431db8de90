"""The conversation with supervisord, over real pipes, with what supervisord itself reads and writes."""

import os
from collections.abc import Iterator

import pytest

from twinface.box.listener import SupervisorEvent, SupervisorEvents


class Supervisord:
    """Its end of the two pipes."""

    def __init__(self) -> None:
        read_in, self.write_in = os.pipe()
        self.read_out, write_out = os.pipe()
        self.incoming, self.outgoing = os.fdopen(read_in, "rb"), os.fdopen(write_out, "wb")

    def send(self, name: str, payload: str) -> bytes:
        header = f"ver:3.0 server:twinface serial:21 pool:sentinel poolserial:10 eventname:{name} len:{len(payload)}\n"
        return (header + payload).encode()

    def said(self) -> bytes:
        return os.read(self.read_out, 1000)

    def close(self) -> None:
        for stream in (self.incoming, self.outgoing):
            stream.close()
        for descriptor in (self.write_in, self.read_out):
            os.close(descriptor)


@pytest.fixture
def supervisord() -> Iterator[Supervisord]:
    one = Supervisord()
    yield one
    one.close()


def test_events_are_acknowledged_one_after_the_other(supervisord: Supervisord) -> None:
    events = SupervisorEvents(supervisord.incoming, supervisord.outgoing)
    events.ask_for_next()
    assert supervisord.said() == b"READY\n"
    taken: list[SupervisorEvent] = []
    ended = supervisord.send(
        "PROCESS_STATE_EXITED", "processname:0 groupname:camera from_state:RUNNING expected:0 pid:7"
    )
    for part in (ended[:30], ended[30:90], ended[90:] + supervisord.send("TICK_5", "when:1201063880")):
        os.write(supervisord.write_in, part)
        events.read(taken.append)
    assert [one.name for one in taken] == ["PROCESS_STATE_EXITED", "TICK_5"]
    assert (taken[0].process, taken[0].is_unexpected_end, taken[1].is_unexpected_end) == ("camera:0", True, False)
    assert supervisord.said() == b"RESULT 2\nOKREADY\n" * 2


def test_a_supervisord_that_is_gone_is_an_end(supervisord: Supervisord) -> None:
    events = SupervisorEvents(supervisord.incoming, supervisord.outgoing)
    os.close(supervisord.write_in)
    supervisord.write_in = os.dup(supervisord.read_out)
    with pytest.raises(EOFError):
        events.read(lambda _event: None)

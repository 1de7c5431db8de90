import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest
import zmq

from twinface.bus.control import ask
from twinface.bus.node import Node
from twinface.bus.rundir import RunDirectory
from twinface.errors import ArtefactError, ServiceError, TwinfaceError
from twinface.messages.codec import encode
from twinface.messages.schema import Message, Reply, Stamp
from twinface.messages.topics import CONTROL
from twinface.types import Captured


@contextmanager
def answering(run: RunDirectory, handler: Callable[[str, Mapping[str, Any]], Any]) -> Iterator[Node]:
    """A process that answers, in a thread of its own."""
    with Node("matcher", run) as node:
        node.answer(handler)
        thread = threading.Thread(target=node.loop.run)
        thread.start()
        try:
            yield node
        finally:
            node.loop.stop()
            thread.join()


@pytest.fixture
def endpoint(run: RunDirectory) -> str:
    return run.endpoint(CONTROL, "matcher")


def test_a_question_is_answered(run: RunDirectory, endpoint: str) -> None:
    with answering(run, lambda verb, arguments: {"verb": verb, "sum": sum(arguments["numbers"])}):
        assert ask(endpoint, "add", {"numbers": [1, 2, 3]}) == {"verb": "add", "sum": 6}
        assert ask(endpoint, "add", {"numbers": []}) == {"verb": "add", "sum": 0}


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ServiceError("it is busy; ask again later", "busy"), "busy"),
        (ArtefactError("no such person; see `twinface gallery list`"), "user"),
        (TwinfaceError("it broke"), "failed"),
    ],
)
def test_an_error_comes_back_with_its_code(run: RunDirectory, endpoint: str, error: Exception, code: str) -> None:
    def refuse(_verb: str, _arguments: Mapping[str, Any]) -> Any:
        raise error

    with answering(run, refuse), pytest.raises(ServiceError, match=str(error)[:10]) as refusal:
        ask(endpoint, "add")
    assert refusal.value.code == code


def test_a_question_asked_wrongly_does_not_end_the_process(run: RunDirectory, endpoint: str) -> None:
    with answering(run, lambda _verb, arguments: int(arguments["number"]) + 1):
        for arguments in ({}, {"number": "many"}, {"number": None}):
            with pytest.raises(ServiceError, match="is not asked like this") as refusal:
                ask(endpoint, "count", arguments)
            assert refusal.value.code == "bad request"
        assert ask(endpoint, "count", {"number": 4}) == 5


def test_nobody_there_is_a_time_out(endpoint: str) -> None:
    with pytest.raises(ServiceError, match="is it running") as refusal:
        ask(endpoint, "add", timeout_s=0.05)
    assert refusal.value.code == "timeout"


def test_an_answer_too_large_is_said_to_be(run: RunDirectory, endpoint: str) -> None:
    with answering(run, lambda verb, _: ["x" * 1000] * (1000 if verb == "all" else 1)):
        with pytest.raises(ServiceError, match="too large") as refusal:
            ask(endpoint, "all")
        assert refusal.value.code == "too large"
        assert ask(endpoint, "one") == ["x" * 1000]


def test_bytes_that_are_no_request_are_passed_over(run: RunDirectory, endpoint: str, context: Any) -> None:
    with answering(run, lambda _verb, _arguments: "fine") as node:
        stranger = context.socket(zmq.DEALER)
        stranger.connect(endpoint)
        reply = encode(CONTROL, Message(Stamp("x", 0, 0, Captured.now()), Reply("1")))
        for frames in ([b""], [b"control", b"\xc1"], [b"control"], [b"crops", b"\x80", b"\0"], reply):
            stranger.send_multipart(frames)
        assert ask(endpoint, "snapshot") == "fine"
        while node.meters.read()[0].get("refused_messages", 0) < 4:
            assert ask(endpoint, "snapshot") == "fine"
        assert not stranger.poll(50)
        stranger.close()


@pytest.mark.parametrize("answer", ["another id", "a request"])
def test_an_answer_to_something_else_is_refused(endpoint: str, context: Any, answer: str) -> None:
    server = context.socket(zmq.ROUTER)
    server.bind(endpoint)

    def reply_wrongly() -> None:
        assert server.poll(120_000)
        identity, *frames = server.recv_multipart()
        wrong = encode(CONTROL, Message(Stamp("x", 0, 0, Captured.now()), Reply("another id")))
        server.send_multipart([identity, *(wrong if answer == "another id" else frames)])

    thread = threading.Thread(target=reply_wrongly)
    thread.start()
    with pytest.raises(ServiceError) as refusal:
        ask(endpoint, "snapshot")
    assert refusal.value.code == "protocol"
    thread.join()
    server.close()

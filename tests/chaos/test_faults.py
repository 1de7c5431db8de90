"""What a month would bring, in fast motion: processes that die, hang, stand still and lose their sockets."""

import random
import signal
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import psutil
import pytest
from chaos.box import PROCESSES, Box, harms
from harness import Pipeline

pytestmark = pytest.mark.pipeline

_ROUNDS = 20
_ROUND_WITHIN_S = 1800
"""On a machine with much else to do a round took eleven minutes."""


@contextmanager
def _in_time(what: str) -> Iterator[None]:
    """Fail where a round takes too long, however many came before it."""

    def give_up(_number: int, _frame: object) -> None:
        pytest.fail(f"{what} took more than {_ROUND_WITHIN_S} s")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(_ROUND_WITHIN_S)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def _check(box: Box) -> None:
    """Nobody was called by a wrong name, and the books of every start of every process balance."""
    names = Counter(event["name"] for event in box.pipeline.events() if event["type"] == "match")
    assert set(names) <= {None, "Ada"}
    links = box.status()["links"]
    assert all(link["balanced"] for link in links), [link for link in links if not link["balanced"]]
    assert box.pipeline.stop() == 0
    assert box.pipeline.leftovers() == []


def test_who_hangs_is_named_and_replaced(pipeline: Pipeline, portraits: Path) -> None:
    box = Box(pipeline, portraits)
    for names in (("matcher", "camera.door", "extractor.1", "web"), ("sentinel",)):
        hung = [psutil.Process(pipeline.pid(name)) for name in names]
        with ThreadPoolExecutor() as at_once:
            assert len([*at_once.map(box.hang, names)]) == len(names)
        for name, one in zip(names, hung, strict=True):
            assert not one.is_running()
            assert f"{name}: hung, no heartbeat" in box.pipeline.said()
    box.recover()
    _check(box)


def _do_harm(box: Box, dice: random.Random, number: int) -> None:
    """One fault, or two at once, and all is well again."""
    chosen = [dice.choice(harms(box, dice)) for _ in range(1 + number % 2)]
    victims = dice.sample(PROCESSES, len(chosen))
    doing = [Thread(target=harm, args=(name,), daemon=True) for (_, harm), name in zip(chosen, victims, strict=True)]
    print(number, [(what, name) for (what, _), name in zip(chosen, victims, strict=True)])
    for one in doing:
        one.start()
    for one in doing:
        one.join()
    box.recover()


@pytest.mark.long
@pytest.mark.timeout(0)
@pytest.mark.parametrize("seed", range(2))
def test_twenty_random_faults_singly_and_in_pairs(pipeline: Pipeline, portraits: Path, seed: int) -> None:
    dice = random.Random(seed)
    with _in_time("the start"):
        box = Box(pipeline, portraits)
    for number in range(_ROUNDS):
        with _in_time(f"round {number}"):
            _do_harm(box, dice, number)
    with _in_time("the end"):
        _check(box)

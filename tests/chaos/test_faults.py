"""What a month would bring, in fast motion: processes that die, hang, stand still and lose their sockets."""

import random
from collections import Counter
from pathlib import Path
from threading import Thread

import psutil
import pytest
from chaos.box import PROCESSES, Box, harms
from harness import Pipeline

pytestmark = pytest.mark.pipeline


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
    for name in ("matcher", "camera.door", "extractor.1", "web", "sentinel"):
        hung = psutil.Process(pipeline.pid(name))
        box.hang(name)
        assert not hung.is_running()
        assert f"{name}: hung, no heartbeat" in box.said()
    box.recover()
    _check(box)


@pytest.mark.long
@pytest.mark.timeout(5400)
@pytest.mark.parametrize("seed", range(2))
def test_twenty_random_faults_singly_and_in_pairs(pipeline: Pipeline, portraits: Path, seed: int) -> None:
    dice = random.Random(seed)
    box = Box(pipeline, portraits)
    for number in range(20):
        chosen = [dice.choice(harms(box, dice)) for _ in range(1 + number % 2)]
        victims = dice.sample(PROCESSES, len(chosen))
        doing = [Thread(target=harm, args=(name,)) for (_, harm), name in zip(chosen, victims, strict=True)]
        print(number, [(what, name) for (what, _), name in zip(chosen, victims, strict=True)])
        for one in doing:
            one.start()
        for one in doing:
            one.join()
        box.recover()
    _check(box)

import pytest
from fake_box import FakeProcess, short_run_directory

from twinface.box.last_heard import HEARTS_VERB, LastHeard, ask_hearts
from twinface.messages.schema import Heartbeat


def test_who_comes_later_is_told_what_everybody_said_last() -> None:
    heard = LastHeard()
    for state in ("starting", "waiting"):
        heard.take(Heartbeat("camera.door", 7, state, "no such file", 1.0, 0.5, 50.0))
    with short_run_directory() as run, FakeProcess(run, "sentinel") as sentinel:
        sentinel.do(lambda: sentinel.node.answer(lambda verb, _: {HEARTS_VERB: heard.plain()}[verb]))
        hearts = ask_hearts(run)
    assert hearts is not None
    (heart,) = hearts.values()
    assert list(hearts) == ["camera.door"]
    assert (heart.pid, heart.state, heart.detail) == (7, "waiting", "no such file")
    assert 0.0 < heart.age_s < 60.0


@pytest.mark.parametrize("name", ["sentinel", "matcher"])
def test_where_no_sentinel_answers_nobody_is_known(name: str) -> None:
    with short_run_directory() as run, FakeProcess(run, name):
        assert ask_hearts(run) is None

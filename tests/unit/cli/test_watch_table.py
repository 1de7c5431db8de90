import dataclasses

import pytest

from twinface.box.presence import Presence
from twinface.cli.console import Terminal
from twinface.cli.live.watch_shown import describe, presence_table
from twinface.events import TrackKey
from twinface.messages.schema import MatchEvent
from twinface.types import Captured

_EPOCH = int("dn83w93akhl8", 36)


def _event(camera: str, track: int, name: str | None) -> MatchEvent:
    return MatchEvent(
        type="match",
        epoch=5,
        sequence=track,
        camera=camera,
        camera_epoch=_EPOCH,
        track=track,
        name=name,
        state="known" if name else "uncertain",
        score=0.5,
        box_xyxy=(0.0, 0.0, 1.0, 1.0),
        frame=0,
        captured=Captured(1000, 0, 0.0),
        latency_ms=1234.0,
    )


@pytest.mark.parametrize("camera", ["door", "c" * 32])
def test_80_columns_show_the_tracks_that_explain_takes(
    camera: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    presence = Presence()
    for track, name in ((1, "Jacinda Kate Laurell Ardern"), (12345, None)):
        presence.take(_event(camera, track, name))
    Terminal().print(presence_table(presence))
    output = capsys.readouterr().out
    assert max(map(len, output.splitlines())) <= 80
    for track in (1, 12345):
        assert str(TrackKey(camera, _EPOCH, track)) in output
    assert "uncertain" in output
    assert "0.50" in output


def test_a_line_has_the_track_too() -> None:
    event = _event("door", 7, "Ada")
    assert "  door:dn83w93akhl8:7  Ada  (score 0.50, 1234 ms)" in describe(event)
    assert "  uncertain  " in describe(dataclasses.replace(event, name=None, state="uncertain"))

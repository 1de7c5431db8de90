"""pictures: on request, the faces of single pictures and whose they are. The page and the HTTP API start it and ask."""

from twinface.box.picture_desk import PictureDesk
from twinface.box.service import run_service
from twinface.bus.node import Node
from twinface.processes import PICTURES
from twinface.settings import Settings

_LOOK_S = 1.0
_IDLE_UNTIL_EXIT_S = 300.0
"""Detector, network and gallery take memory, which a small box has better uses for."""


class _Pictures:
    def __init__(self, node: Node, settings: Settings) -> None:
        self._node = node
        self._desk = PictureDesk(settings)
        node.answer(self._desk)
        node.loop.every(_LOOK_S, self._end_when_idle)
        node.set_state("idle")

    def _end_when_idle(self) -> None:
        if self._desk.idle_s > _IDLE_UNTIL_EXIT_S:
            self._node.loop.stop()


def _work(node: Node, settings: Settings) -> None:
    _Pictures(node, settings)
    node.loop.run()


if __name__ == "__main__":
    run_service(lambda _settings: PICTURES.name, _work)

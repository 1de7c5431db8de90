"""The start of a box: cameras look when all who start with them have loaded, and begin one after the other.

Each process takes half a second of a core to load. A camera that looked meanwhile would take it from those who are to
name the first faces, and the crops of these would wait for them. Cameras of one beat would have their looks at the same
moments for as long as they run.
"""

import os
import time
from collections.abc import Callable, Mapping

from twinface.box.restarts import is_supervised
from twinface.bus.node import Node
from twinface.bus.sender import WorkSender
from twinface.messages.topics import CROPS, HEALTH
from twinface.processes import camera_names, process_names
from twinface.settings import Settings

_AT_MOST_S = 10.0
"""Who has not come by then is not waited for: whoever else works does so without."""

_LOOK_S = 0.02

_TURN_S = 0.25
"""Between two cameras, or less where so many of them would begin for longer than the time between two looks."""


def wait_for_the_others(node: Node, settings: Settings, readers: Mapping[WorkSender, int]) -> None:
    """Turn a camera's loop until all processes of the box have loaded, each sender has as many `readers` as it is to
    have, and it is this camera's turn.

    One that starts again while the others work waits for its readers only, and one that supervisord has not started for
    nobody.
    """
    if not is_supervised():
        return
    cameras = camera_names(settings)
    sockets = [node.run.socket_of(HEALTH, name) for name in process_names(settings)]
    sockets += [node.run.socket_of(CROPS, name) for name in cameras]

    def have_loaded() -> bool:
        return all(map(os.path.lexists, sockets))

    is_alone = have_loaded()
    _turn(node, _AT_MOST_S, lambda: have_loaded() and all(one.readers >= count for one, count in readers.items()))
    if not is_alone:
        turn_s = min(_TURN_S, settings.tracking.look_interval_ms / 1000.0 / len(cameras))
        _turn(node, cameras.index(node.name) * turn_s, lambda: False)


def _turn(node: Node, at_most_s: float, is_enough: Callable[[], bool]) -> None:
    give_up_at_s = time.monotonic() + at_most_s
    while not node.loop.stopping and not is_enough() and (left_s := give_up_at_s - time.monotonic()) > 0.0:
        node.loop.turn(min(left_s, _LOOK_S))

"""A process that works only while it is the active one of several, on this machine or on others."""

from collections.abc import Iterator
from contextlib import contextmanager

from twinface.bus.node import Node
from twinface.settings import Settings
from twinface.sharing.active_lock import ActiveLock

_LOOK_S = 0.05


@contextmanager
def only_active_one(node: Node, settings: Settings) -> Iterator[None]:
    """Stand by until this process is the active one of `[database] standby`; at once where none is configured.

    Within, whatever the loop would call back after it has ceased to be that is not called: `run` raises ServiceError.
    """
    if not settings.database.standby:
        yield
        return
    lock = ActiveLock(settings.database.url, settings.database.standby, settings.box_name)
    lock.start()
    try:
        while not node.loop.stopping and not lock.is_active:
            node.set_state("idle", lock.said)
            node.loop.turn(_LOOK_S)
        node.loop.check_first(lock.check)
        yield
    finally:
        lock.close()

"""sync: what this box shares with others by a database. Runs where `[database] url` is set."""

from collections.abc import Sequence
from contextlib import suppress

from twinface import __version__
from twinface.box.health_board import HealthBoard
from twinface.box.service import run_service
from twinface.bus.node import Node
from twinface.errors import ArtefactError
from twinface.events.event import NameSpan
from twinface.gallery.gallery_folder import read_manifest
from twinface.gallery.refused_changes import read_refused, say_refused
from twinface.messages.schema import Heartbeat, Message
from twinface.messages.topics import HEALTH
from twinface.processes import SYNC, heard_names, process_names
from twinface.settings import Settings
from twinface.sharing.erasing import Erasures
from twinface.sharing.forwarding import Forwarder
from twinface.sharing.gallery_copy import GalleryCopy
from twinface.sharing.identity import own_identity
from twinface.sharing.letting_go import LettingGo
from twinface.sharing.link import Link, Part
from twinface.sharing.own_box import OwnBox, Standing, page_of
from twinface.sharing.shared_audit import AuditForwarder
from twinface.sharing.shared_unknowns import SharedUnknowns
from twinface.types import Vectors

_LOOK_S = 1.0


class _Sync:
    def __init__(self, node: Node, settings: Settings) -> None:
        self._node, self._settings = node, settings
        self._health = HealthBoard([name for name in process_names(settings) if name != SYNC.name])
        identity = own_identity(settings)
        self._box = OwnBox(identity, __version__, page_of(settings))
        self._forwarder = Forwarder(settings.events_path, identity.id) if settings.database.events else None
        parts: list[Part] = [self._box, AuditForwarder(settings.gallery, identity.id)]
        self._copy: GalleryCopy | None = None
        if settings.database.gallery:
            self._copy = GalleryCopy(settings, identity)
        if self._forwarder is not None:
            parts.append(Erasures(identity.id, self._erase, self._known_names))
        if self._copy is not None:
            parts.append(self._copy)  # after the erasures, which find by likeness what is left of who was forgotten
        if self._forwarder is not None:
            self._unknowns = SharedUnknowns(settings.events_path, identity.id, self._centre)
            parts += [self._forwarder, self._unknowns, LettingGo(identity.id, settings.events.keep_days)]
        self._link = Link(settings.database.url, f"twinface {identity.name}", parts, node.loop.wake)
        node.subscriber(HEALTH, heard_names(settings), self._hear)
        node.loop.every(_LOOK_S, self._look_around)
        self._link.start()

    def close(self) -> None:
        """End the connection."""
        self._link.stop()
        if self._forwarder is not None:
            self._forwarder.close()

    def _hear(self, message: Message) -> None:
        if isinstance(message.body, Heartbeat) and message.body.process != SYNC.name:
            self._health.take(message.body, message.stamp.epoch)

    def _look_around(self) -> None:
        readings = self._health.readings()
        problems = [one.health.problem for one in readings if not one.health.ok]
        stands_by = [f"matcher {one.beat.detail}" for one in readings if one.beat and one.beat.state == "idle"]
        version = 0
        with suppress(ArtefactError):  # nobody is known yet
            version = read_manifest(self._settings.gallery).version
        waiting = self._count_events(self._forwarder) if self._forwarder else 0
        self._box.standing = Standing("; ".join(problems or stands_by) or "all is well", not problems, version, waiting)
        self._node.meters.gauge("database_failures", self._link.failures)
        self._node.meters.gauge("changes_refused", refused := read_refused(self._settings.gallery))
        copied = note = ""
        if self._copy is not None:
            self._node.meters.gauge("gallery_behind", self._copy.behind)
            copied, note = self._copy.problem, self._copy.note
        problem = say_refused(self._link.problem, refused) or copied or self._box.warning
        self._node.set_state("degraded" if problem else "running", problem or note)

    def _erase(self, names: Sequence[NameSpan]) -> bool:
        from twinface.review.forget import forget_here

        return forget_here(names, self._settings)

    def _centre(self, vectors: Vectors, cameras: Sequence[str], network: str) -> Vectors:
        from twinface.recognition.averaging import centre_looks

        return centre_looks(vectors, cameras, network, self._settings)

    def _known_names(self) -> set[str]:
        from twinface.review.forget import known_names

        return known_names(self._settings)

    def _count_events(self, forwarder: Forwarder) -> int:
        """Say what became of this box's events; how many the database does not have yet."""
        counts = {**forwarder.counts, "unknowns_renumbered": self._unknowns.renumbered}
        for name, count in counts.items():
            self._node.meters.gauge(name, count)
        return counts["events_waiting"]


def _work(node: Node, settings: Settings) -> None:
    sync = _Sync(node, settings)
    try:
        node.loop.run()
    finally:
        sync.close()


if __name__ == "__main__":
    run_service(lambda _settings: SYNC.name, _work)

"""matcher: vectors and tracks in, match events out. The gallery, the head and the decision live here, once."""

import time
from collections.abc import Sequence
from contextlib import closing

import numpy as np

from twinface.box.peers import far_extractors
from twinface.box.service import run_service
from twinface.box.standby import only_active_one
from twinface.bus.node import Node
from twinface.bus.reader import Delivery
from twinface.live.camera_tracks import Look
from twinface.live.matcher import MatcherStage
from twinface.live.opened_journal import open_journal
from twinface.live.request_handler import RequestHandler
from twinface.messages.schema import Array, MatchEvent, TracksUpdate, VectorMeta
from twinface.messages.topics import LOOKS, MATCHES, TRACKS, VECTORS
from twinface.networks import describe_network
from twinface.processes import MATCHER, camera_names, extractor_names
from twinface.recognition.naming import Naming
from twinface.settings import Settings
from twinface.types import Captured

_TICK_S = 0.1
_LOOK_FOR_CHANGES_S = 0.5


class _Matcher:
    def __init__(self, node: Node, settings: Settings) -> None:
        self._node, self._settings = node, settings
        self._recipe = describe_network(settings.network)
        self._naming = Naming(settings.gallery, settings.head, self._recipe, settings.matching)
        self._journal, self._averages = open_journal(settings, self._recipe, time.monotonic)
        self._stage = MatcherStage(
            self._naming,
            epoch=node.epoch,
            clock=time.monotonic,
            expected_cameras=[camera.name for camera in settings.camera],
            max_looks=settings.matching.max_looks,
            stream_deadline_s=settings.matching.stream_deadline_s,
            stale_after_ms=TRACKS.stale_after_ms,
            journal=self._journal,
        )
        self._matches = node.publisher(MATCHES)
        node.answer(RequestHandler(self._stage, node.epoch, settings.events_path))

    def begin(self) -> None:
        """Read what is sent, from now on."""
        node, settings = self._node, self._settings
        self._look_for_changes()
        pictures = settings.review.keep_pictures_days > 0
        node.subscriber(LOOKS, camera_names(settings), self._journal.take_picture, listening=pictures)
        self._tracks = node.reader(TRACKS, camera_names(settings), self._take_tracks)
        self._vectors = node.reader(VECTORS, extractor_names(settings), self._take_vector, far_extractors(settings))
        node.loop.every(_TICK_S, lambda: self._publish(self._stage.tick()))
        node.loop.every(_TICK_S, self._journal.tick)
        node.loop.every(_LOOK_FOR_CHANGES_S, self._look_for_changes)

    def close(self) -> None:
        """End what goes on, and store it."""
        self._journal.close()
        self._averages.close()

    def _take_tracks(self, delivery: Delivery) -> None:
        if isinstance(delivery.message.body, TracksUpdate):
            self._publish(self._stage.on_tracks(delivery.message.body, delivery.message.stamp))
        self._tracks.settle(delivery)

    def _take_vector(self, delivery: Delivery) -> None:
        meta, vector, stamp = delivery.message.body, delivery.message.array, delivery.message.stamp
        if isinstance(meta, VectorMeta) and vector is not None and self._fits(meta, vector):
            self._publish(self._stage.on_vector(Look(meta, vector, stamp)))
        else:
            self._node.meters.count("vectors_of_another_network")
        self._vectors.settle(delivery)

    def _fits(self, meta: VectorMeta, vector: Array) -> bool:
        of_network = meta.network == self._recipe.fingerprint and vector.shape == (self._recipe.dimension,)
        return of_network and bool(np.isfinite(vector).all())

    def _publish(self, events: Sequence[MatchEvent]) -> None:
        for event in events:
            self._matches.publish(event, event.captured or Captured.now())
            self._node.meters.count(event.type)
            if event.state:
                self._node.meters.count(f"{event.type} {event.state}")
            if event.type == "match" and event.latency_ms is not None:
                self._node.meters.latency("capture_to_match", event.latency_ms)

    def _look_for_changes(self) -> None:
        changed = self._naming.refresh()
        self._averages.refresh(self._naming.people)
        changed |= self._naming.take_averages(self._averages.snapshot)
        self._stage.gallery_version = self._naming.gallery_version
        self._journal.head = self._naming.head_fingerprint
        if changed:
            self._publish(self._stage.reconsider())
        for name, value in {**self._naming.gauges, **self._journal.gauges, **self._averages.gauges}.items():
            self._node.meters.gauge(name, value)
        problem = self._naming.problem or self._journal.problem or self._averages.problem
        self._node.set_state("degraded" if problem else "running", problem or self._naming.summary)


def _work(node: Node, settings: Settings) -> None:
    with closing(_Matcher(node, settings)) as matcher, only_active_one(node, settings):
        matcher.begin()
        node.loop.run()


if __name__ == "__main__":
    run_service(lambda _settings: MATCHER.name, _work)

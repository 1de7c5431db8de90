"""matcher: vectors and tracks in, match events out. The gallery, the head and the decision live here, once."""

import dataclasses
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

from twinface.bus.node import Node
from twinface.bus.reader import Delivery
from twinface.bus.sender import Captured
from twinface.errors import ServiceError
from twinface.live.matcher import MatcherStage
from twinface.live.service import run_service
from twinface.live.streams import Arrival
from twinface.messages.schema import MatchEvent, TracksUpdate, VectorMeta
from twinface.messages.topics import MATCHES, TRACKS, VECTORS
from twinface.networks import find_recipe
from twinface.processes import camera_names, extractor_names
from twinface.recognition import Naming
from twinface.settings import Settings

_LOOK_FOR_CHANGES_S = 0.5


def _work(node: Node, settings: Settings) -> None:
    naming = Naming(settings.gallery, settings.head, find_recipe(settings.network), settings.matching)
    stage = MatcherStage(
        naming.decide,
        epoch=node.epoch,
        expected_cameras=[camera.name for camera in settings.camera],
        max_looks=settings.matching.max_looks,
        stream_deadline_s=settings.matching.stream_deadline_s,
    )
    matches = node.publisher(MATCHES)

    def publish(events: Sequence[MatchEvent]) -> None:
        for event in events:
            captured = Captured(event.captured_at_ns, time.monotonic_ns(), event.media_ms)
            matches.publish(event, captured)
            node.meters.count(event.type)
            if event.type == "match" and event.latency_ms is not None:
                node.meters.latency("capture_to_match", event.latency_ms)

    def take_tracks(delivery: Delivery) -> None:
        if isinstance(delivery.message.body, TracksUpdate):
            publish(stage.on_tracks(delivery.message.body, delivery.message.stamp))
        tracks.settle(delivery)

    def take_vector(delivery: Delivery) -> None:
        meta, vector, stamp = delivery.message.body, delivery.message.array, delivery.message.stamp
        if isinstance(meta, VectorMeta) and vector is not None:
            publish(stage.on_vector(Arrival(meta, vector, stamp)))
        vectors.settle(delivery)

    def answer(verb: str, arguments: Mapping[str, Any]) -> Any:
        if verb == "snapshot":
            return stage.snapshot()
        if verb == "replay":
            since = arguments.get("since", 0)
            if not isinstance(since, int):
                raise ServiceError("replay: `since` is the number of an event", "bad request")
            events = [dataclasses.asdict(event) for event in stage.events_since(since)]
            return {"epoch": node.epoch, "events": events}
        raise ServiceError(f"unknown request {verb!r}; known: snapshot, replay", "unknown")

    def look_for_changes() -> None:
        naming.refresh()
        node.set_state("running", naming.problem or naming.summary)

    node.answer(answer)
    tracks = node.reader(TRACKS, camera_names(settings), take_tracks)
    vectors = node.reader(VECTORS, extractor_names(settings), take_vector)
    node.loop.every(0.1, lambda: publish(stage.tick()))
    node.loop.every(_LOOK_FOR_CHANGES_S, look_for_changes)
    look_for_changes()
    node.loop.run()


if __name__ == "__main__":
    sys.exit(run_service(lambda _settings: "matcher", _work))

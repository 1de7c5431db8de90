"""camera: one source → crops worth recognising, tracks, and a preview for who asks. Argument: its number."""

import time
from contextlib import closing
from dataclasses import replace
from functools import partial

from twinface.box.service import camera_settings, run_service
from twinface.box.starting_together import wait_for_the_others
from twinface.bus.credit import Outcome
from twinface.bus.node import Node
from twinface.faces import FaceDetector, FrameFeed, SourceWord, open_source
from twinface.live.camera import CameraStage, CropEnd, Sighting, source_spec
from twinface.live.detection_rest import UnseenFrames
from twinface.live.look_publisher import LookPublisher
from twinface.live.preview import PreviewMaker
from twinface.messages.topics import CROPS, LOOKS, PREVIEW, TRACKS
from twinface.networks import describe_network
from twinface.processes import CAMERA
from twinface.settings import CameraSettings, Settings
from twinface.types import Captured, Frame

_TICK_S = 0.2
_END = {Outcome.SETTLED: CropEnd.DELIVERED, Outcome.EXPIRED: CropEnd.LOST}


def _open_stage(camera: CameraSettings, epoch: int, settings: Settings) -> CameraStage:
    detection, tracking = settings.detection, settings.tracking
    weakest = min(detection.score_threshold, tracking.weak_score)
    detector = FaceDetector(score_threshold=weakest, max_side_px=detection.max_side_px, warm_up=True)
    return CameraStage(
        camera,
        epoch,
        detector,
        detection=detection,
        tracking=tracking,
        crop_size_px=describe_network(settings.network).input_size_px,
        at_once=settings.extractors_of_all,
    )


class _Camera:
    def __init__(self, node: Node, settings: Settings) -> None:
        self._node = node
        self._camera = camera_settings(settings)
        self._stage = _open_stage(self._camera, node.epoch, settings)
        self._crops = node.sender(CROPS)
        self._tracks = node.sender(TRACKS)
        previews, looks = node.publisher(PREVIEW), node.publisher(LOOKS)
        self._pictures = LookPublisher(looks.wanted, looks.publish)
        self._preview = PreviewMaker(previews.wanted, previews.publish, settings.web)
        self._unseen = UnseenFrames(lambda: self._stage.rest, lambda: self._preview.due_at_s, time.monotonic)
        self._source = open_source(source_spec(self._camera), self._unseen)
        wait_for_the_others(node, settings, {self._crops: settings.extractor.count, self._tracks: 1})
        self._feed = FrameFeed(self._source, lossless=self._camera.lossless, wake=node.loop.wake)
        self._captured = Captured.now()
        node.loop.every(_TICK_S, self._look_after_source)

    def run(self) -> None:
        """Show one frame after the other until the process is to stop."""
        while not self._node.loop.stopping:
            frame = None if self._camera.lossless and self._is_full else self._feed.take()
            if frame is not None:
                self._show(frame)
            self._node.loop.turn(0.0 if frame is not None else 1.0)

    def close(self) -> None:
        """Let go of the source."""
        self._feed.stop()

    @property
    def _is_full(self) -> bool:
        return self._crops.full or self._tracks.full

    def _show(self, frame: Frame) -> None:
        started_s, meters = time.perf_counter(), self._node.meters
        update = (sighting := self._stage.see(frame)).update
        if sighting.seen:
            self._captured = frame.captured
            self._offer_crops(sighting)
            pinned = self._camera.lossless or bool(update.born or update.ended)
            self._tracks.offer(update, self._captured, key=0, pinned=pinned)
        self._preview.offer(frame, update, time.monotonic())
        meters.latency("frame", (time.perf_counter() - started_s) * 1000.0)
        for name, count in (("frames", 1), ("detections", sighting.detected), ("boxes", len(update.tracks))):
            meters.count(name, int(count))

    def _offer_crops(self, sighting: Sighting) -> None:
        for crop in sighting.crops:
            self._pictures.offer(crop)
            meta, image, taken = crop
            ended = partial(self._crop_ended, meta.crop)
            pinned = self._camera.lossless
            self._crops.offer(meta, taken, array=image, key=meta.track, rank=meta.look, pinned=pinned, on_outcome=ended)
        self._node.meters.count("crops", len(sighting.crops))

    def _crop_ended(self, crop: int, outcome: Outcome) -> None:
        self._stage.crop_ended(crop, _END.get(outcome, CropEnd.DROPPED))

    def _look_after_source(self) -> None:
        self._node.meters.gauge("frames_skipped", self._feed.skipped)
        self._unseen.report(self._node.meters.count)
        state = self._source.state
        if state.word is not SourceWord.ENDED or self._feed.ended:
            self._node.set_state(state.word, state.detail)
        if self._feed.ended and not self._is_full:
            sighting = self._stage.end()
            self._offer_crops(sighting)
            # Nothing was captured any more, and what became of the crops is known only now.
            self._tracks.offer(sighting.update, replace(self._captured, mono_ns=time.monotonic_ns()), key=0)


def _work(node: Node, settings: Settings) -> None:
    with closing(_Camera(node, settings)) as camera:
        camera.run()


if __name__ == "__main__":
    run_service(lambda settings: f"{CAMERA.name}.{camera_settings(settings).name}", _work)

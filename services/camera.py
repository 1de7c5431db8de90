"""camera: one source → crops worth recognising, tracks, and a preview for who asks. Argument: its number."""

import sys
import time
from functools import partial

from twinface import assets
from twinface.bus.node import Node
from twinface.bus.outcome import Outcome
from twinface.bus.sender import Captured
from twinface.faces import FaceDetector, FrameFeed, Source, SourceSpec, SourceWord, open_source
from twinface.live.camera import CameraStage, CropEnd, Sighting
from twinface.live.preview import PreviewMaker
from twinface.live.service import camera_settings, run_service
from twinface.messages.topics import CROPS, PREVIEW, TRACKS
from twinface.networks import find_recipe
from twinface.processes import CAMERA
from twinface.settings import CameraSettings, Settings
from twinface.types import Frame

_END = {Outcome.SETTLED: CropEnd.DELIVERED, Outcome.EXPIRED: CropEnd.LOST}


def _spec(camera: CameraSettings) -> SourceSpec:
    return SourceSpec(
        camera.source,
        loop=camera.loop,
        picture_seconds=camera.picture_seconds,
        picture_fps=camera.picture_fps,
        snapshot_fps=camera.snapshot_fps,
        paced=not camera.lossless,
    )


def _tell_state(node: Node, source: Source, feed: FrameFeed) -> None:
    node.meters.gauge("frames_skipped", feed.skipped)
    state = source.state
    if state.word is not SourceWord.ENDED or feed.ended:
        node.set_state(state.word, state.detail)


def _work(node: Node, settings: Settings) -> None:
    camera = camera_settings(settings)
    stage = CameraStage(
        camera,
        node.epoch,
        FaceDetector(
            assets.fetch("yunet"),
            score_threshold=min(settings.detection.score_threshold, settings.tracking.weak_score),
            max_side_px=settings.detection.max_side_px,
        ),
        detection=settings.detection,
        tracking=settings.tracking,
        crop_size_px=find_recipe(settings.network).input_size_px,
    )
    crops = node.sender(CROPS)
    tracks = node.sender(TRACKS)
    preview = PreviewMaker(node.publisher(PREVIEW), settings.web)
    source = open_source(_spec(camera))
    feed = FrameFeed(source, lossless=camera.lossless, wake=node.loop.wake)
    captured = Captured.now()

    def crop_ended(crop: int, outcome: Outcome) -> None:
        stage.crop_ended(crop, _END.get(outcome, CropEnd.DROPPED))

    def offer_crops(sighting: Sighting) -> None:
        for meta, image, taken in sighting.crops:
            ended = partial(crop_ended, meta.crop)
            crops.offer(
                meta, taken, array=image, key=meta.track, rank=meta.look, pinned=camera.lossless, on_outcome=ended
            )
        node.meters.count("crops", len(sighting.crops))

    def show(frame: Frame, captured: Captured) -> None:
        started_s = time.perf_counter()
        sighting = stage.see(frame)
        offer_crops(sighting)
        update = sighting.update
        pinned = camera.lossless or bool(update.born or update.ended)
        tracks.offer(update, captured, key=0, pinned=pinned)
        preview.offer(frame, update, captured)
        node.meters.latency("frame", (time.perf_counter() - started_s) * 1000.0)
        node.meters.count("frames")
        node.meters.count("boxes", len(update.tracks))

    def look_after_source() -> None:
        _tell_state(node, source, feed)
        if feed.ended and not (tracks.full or crops.full):
            sighting = stage.end()
            offer_crops(sighting)
            # Nothing was captured any more, and what became of the crops is known only now.
            tracks.offer(sighting.update, captured._replace(mono_ns=time.monotonic_ns()), key=0)

    node.loop.every(0.2, look_after_source)
    try:
        while not node.loop.stopping:
            room = not (camera.lossless and (crops.full or tracks.full))
            frame = feed.take() if room else None
            if frame is not None:
                captured = Captured(frame.captured_at_ns, frame.captured_mono_ns, frame.media_ms)
                show(frame, captured)
            node.loop.turn(0.0 if frame is not None else 1.0)
    finally:
        feed.stop()


if __name__ == "__main__":
    sys.exit(run_service(lambda settings: f"{CAMERA.name}.{camera_settings(settings).name}", _work))

"""Names on the boxes of a film: the stages of the pipeline in one process, every crop recognised in its turn."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from moving_faces.truth import Truth
from twinface.live.camera import Sighting
from twinface.live.camera_tracks import Look
from twinface.live.matcher import MatcherStage
from twinface.messages.schema import Stamp, VectorMeta
from twinface.networks import Network
from twinface.recognition.naming import Naming
from twinface.types import Captured, Frame


class Camera(Protocol):
    """CameraStage, or what it is compared with."""

    def see(self, frame: Frame) -> Sighting:
        """What a frame gave."""


@dataclass(frozen=True, slots=True)
class Recogniser:
    """What gives faces their vectors, and vectors their names."""

    network: Network
    naming: Naming


@dataclass(slots=True)
class NamingAccount:
    """Sums over films. `named_after_ms` is, of each known face that was seen for a second, when it had its name."""

    boxes: int = 0
    embeddings: int = 0
    known_boxes: int = 0
    named_right: int = 0
    named_wrong: int = 0
    named_after_ms: list[float] = field(default_factory=list)

    def figures(self) -> dict[str, float | None]:
        """For people and machines."""
        after_ms = self.named_after_ms
        return {
            "boxes": self.boxes,
            "embeddings": self.embeddings,
            "boxes_per_embedding": round(self.boxes / max(1, self.embeddings), 1),
            "known_boxes": self.known_boxes,
            "named_right": round(self.named_right / self.known_boxes, 3) if self.known_boxes else None,
            "boxes_with_a_wrong_name": self.named_wrong,
            "named_after_ms_median": round(float(np.median(after_ms))) if after_ms else None,
            "named_after_ms_worst": round(max(after_ms)) if after_ms else None,
        }


def name_film(
    account: NamingAccount, frames: Iterable[Frame], camera: Camera, recogniser: Recogniser, truth: Truth
) -> None:
    """Play a film and add to `account` what names its boxes had, frame by frame."""
    matcher = MatcherStage(
        recogniser.naming,
        epoch=1,
        clock=time.monotonic,
        expected_cameras=["bench"],
        max_looks=8,
        stream_deadline_s=5.0,
    )
    seen_ms: dict[tuple[str, int], tuple[float, float]] = {}
    named_ms: dict[tuple[str, int], float] = {}
    for frame in frames:
        sighting = camera.see(frame)
        stamp = Stamp("bench", 1, frame.index, Captured(0, time.monotonic_ns(), frame.captured.media_ms))
        if sighting.seen:
            matcher.on_tracks(sighting.update, stamp)
        for crop in sighting.crops:
            vector = recogniser.network.embed(crop.image[np.newaxis])[0]
            matcher.on_vector(Look(VectorMeta(crop.meta, "", 0.0), vector, stamp))
        names = {track["track"]: track["name"] for track in matcher.snapshot()["tracks"]}  # type: ignore[attr-defined]
        account.boxes += len(sighting.update.tracks)
        account.embeddings += len(sighting.crops)
        for box in sighting.update.tracks:
            name, right = names.get(box.track), truth(frame.index, box.box_xyxy)
            account.named_wrong += name is not None and name != right
            if right is not None:
                account.known_boxes += 1
                account.named_right += name == right
                first, _ = seen_ms.get((right, box.track), (frame.captured.media_ms, 0.0))
                seen_ms[right, box.track] = first, frame.captured.media_ms
                if name == right:
                    named_ms.setdefault((right, box.track), frame.captured.media_ms)
    account.named_after_ms += [
        named_ms[who] - first for who, (first, last) in seen_ms.items() if last - first >= 1000 and who in named_ms
    ]

"""extractor: crop in, vector out. Knows nothing of people. Argument: its number."""

import time
from functools import partial

from twinface.box.peers import far_cameras
from twinface.box.service import process_number, run_service
from twinface.bus.credit import Outcome
from twinface.bus.node import Node
from twinface.bus.reader import Delivery
from twinface.messages.schema import CropMeta, VectorMeta
from twinface.messages.topics import CROPS, VECTORS
from twinface.networks import load_network
from twinface.processes import EXTRACTOR, camera_names
from twinface.settings import Settings


class _Extractor:
    def __init__(self, node: Node, settings: Settings) -> None:
        self._node = node
        self._network = load_network(settings.network, threads=settings.extractor.threads)
        size_px = self._network.recipe.input_size_px
        self._shape = (size_px, size_px, 3)
        served = [peer.name for peer in settings.peer if peer.crops]
        self._vectors = {name: node.sender(VECTORS, name) for name in ("", *served)}
        self._crops = node.reader(CROPS, camera_names(settings), self._embed, far_cameras(settings))
        node.set_state("running")

    def _embed(self, delivery: Delivery) -> None:
        crop, image, stamp = delivery.message.body, delivery.message.array, delivery.message.stamp
        if not isinstance(crop, CropMeta) or image is None or image.shape != self._shape:
            self._node.meters.count("crops_of_another_size")
            self._crops.give_back(delivery)
            return
        started_s = time.perf_counter()
        vector = self._network.embed(image[None])[0]
        embed_ms = (time.perf_counter() - started_s) * 1000.0
        meta = VectorMeta(crop, self._network.recipe.fingerprint, embed_ms)
        ended = partial(self._acknowledge, delivery)
        vectors = self._vectors[delivery.peer]  # to the box whose crop it was
        vectors.offer(meta, stamp.captured, array=vector, rank=crop.look, pinned=crop.lossless, on_outcome=ended)
        self._node.meters.count("crops")
        self._node.meters.latency("embed", embed_ms)

    def _acknowledge(self, delivery: Delivery, outcome: Outcome) -> None:
        # A crop is acknowledged when the matcher has its vector: if this process dies before, another one gets it.
        if outcome is Outcome.SETTLED:
            self._crops.settle(delivery)
        elif outcome is Outcome.EXPIRED:
            self._crops.give_back(delivery)
        else:
            self._crops.drop(delivery)


def _work(node: Node, settings: Settings) -> None:
    _Extractor(node, settings)
    node.loop.run()


if __name__ == "__main__":
    run_service(lambda _settings: f"{EXTRACTOR.name}.{process_number()}", _work)

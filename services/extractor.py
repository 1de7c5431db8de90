"""extractor: crop in, vector out. Knows nothing of people. Argument: its number."""

import sys
import time
from functools import partial

from twinface.box.service import process_number, run_service
from twinface.bus.node import Node
from twinface.bus.outcome import Outcome
from twinface.bus.reader import Delivery
from twinface.messages.schema import CropMeta, VectorMeta
from twinface.messages.topics import CROPS, VECTORS
from twinface.networks import load_network
from twinface.processes import camera_names
from twinface.settings import Settings


def _work(node: Node, settings: Settings) -> None:
    network = load_network(settings.network, threads=settings.extractor.threads)
    shape = (network.recipe.input_size_px, network.recipe.input_size_px, 3)

    def embed(delivery: Delivery) -> None:
        crop, image, stamp = delivery.message.body, delivery.message.array, delivery.message.stamp
        if not isinstance(crop, CropMeta) or image is None or image.shape != shape:
            node.meters.count("crops_of_another_size")
            crops.give_back(delivery)
            return
        started_s = time.perf_counter()
        vector = network.embed(image[None])[0]
        embed_ms = (time.perf_counter() - started_s) * 1000.0
        meta = VectorMeta(crop, network.recipe.fingerprint, embed_ms)
        ended = partial(answer, delivery)
        vectors.offer(meta, stamp.captured, array=vector, rank=crop.look, pinned=crop.lossless, on_outcome=ended)
        node.meters.count("crops")
        node.meters.latency("embed", embed_ms)

    def answer(delivery: Delivery, outcome: Outcome) -> None:
        # A crop is acknowledged when the matcher has its vector: if this process dies before, another one gets it.
        if outcome is Outcome.SETTLED:
            crops.settle(delivery)
        elif outcome is Outcome.EXPIRED:
            crops.give_back(delivery)
        else:
            crops.drop(delivery)

    vectors = node.sender(VECTORS)
    crops = node.reader(CROPS, camera_names(settings), embed)
    node.set_state("running")
    node.loop.run()


if __name__ == "__main__":
    sys.exit(run_service(lambda _settings: f"extractor.{process_number()}", _work))

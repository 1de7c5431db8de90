"""webhooks: what happened is brought to others, by webhooks and notifications."""

from collections import Counter

from twinface.box.service import run_service
from twinface.bus.node import Node
from twinface.delivery.configured import open_targets
from twinface.delivery.courier import Courier
from twinface.processes import WEBHOOKS
from twinface.settings import Settings

_LOOK_S = 1.0


class _Webhooks:
    def __init__(self, node: Node, settings: Settings) -> None:
        self._node = node
        self._couriers = [Courier(settings.events_path, target) for target in open_targets(settings)]
        self._counted: Counter[str] = Counter()
        for courier in self._couriers:
            courier.start()
        node.set_state("running")
        node.loop.every(_LOOK_S, self._look)

    def _look(self) -> None:
        problems = [courier.problem for courier in self._couriers if courier.problem]
        self._node.set_state("degraded" if problems else "running", "; ".join(problems))
        counts = sum((courier.counts for courier in self._couriers), Counter[str]())
        for name, number in counts.items():
            self._node.meters.count(name, number - self._counted[name])
        self._counted = counts
        self._node.meters.gauge("events_waiting", sum(courier.waiting for courier in self._couriers))

    def close(self) -> None:
        """Stop every courier: all are asked to before one is waited for."""
        for courier in self._couriers:
            courier.stop()
        for courier in self._couriers:
            courier.join()


def _work(node: Node, settings: Settings) -> None:
    webhooks = _Webhooks(node, settings)
    try:
        node.loop.run()
    finally:
        webhooks.close()


if __name__ == "__main__":
    run_service(lambda _settings: WEBHOOKS.name, _work)

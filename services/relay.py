"""relay: lets readers on other machines in, by their keys. Runs where `[relay] listen` is set."""

from twinface.box.peers import missing_keys, offers
from twinface.box.service import run_service
from twinface.bus.node import Node
from twinface.bus.peer_keys import KeyFolder
from twinface.errors import TwinfaceError
from twinface.processes import RELAY
from twinface.settings import Settings

_LOOK_S = 1.0


class _Relay:
    def __init__(self, node: Node, settings: Settings) -> None:
        self._node, self._settings = node, settings
        self._relay = node.relay(settings.relay.listen, KeyFolder(settings.keys_path), offers(settings))
        node.loop.every(_LOOK_S, self._look)
        self._look()

    def _look(self) -> None:
        self._relay.look()
        self._node.meters.gauge("readers", self._relay.readers)
        peers = self._relay.peers
        self._node.meters.gauge("peers", len(peers))
        try:
            problem = self._relay.problem or next(iter(missing_keys(self._settings)), "")
        except TwinfaceError as error:
            problem = str(error)
        said = f"{self._settings.relay.listen}: {', '.join(sorted(peers)) or 'nobody'} reads here"
        self._node.set_state("degraded" if problem else "running", problem or said)


def _work(node: Node, settings: Settings) -> None:
    _Relay(node, settings)
    node.loop.run()


if __name__ == "__main__":
    run_service(lambda _settings: RELAY.name, _work)

"""web: a page of who is there now, and the health of every process."""

import logging
import sys
from contextlib import suppress
from functools import partial

from twinface.box.service import run_directory, run_service
from twinface.bus.control import ask
from twinface.bus.node import Node
from twinface.files import canonical_json, write_atomically
from twinface.messages.schema import Message
from twinface.messages.topics import CONTROL, HEALTH, MATCHES, PREVIEW
from twinface.processes import CAMERA, MATCHER, TRAINER, WEB, process_names
from twinface.settings import Settings
from twinface.web.access import CLEARTEXT_WARNING, required_token
from twinface.web.app import create_app
from twinface.web.health import HealthBoard
from twinface.web.hub import Hub
from twinface.web.server import PageServer

log = logging.getLogger(__name__)


def _work(node: Node, settings: Settings) -> None:
    run = run_directory(settings)
    names = process_names(settings)
    cameras = [camera.name for camera in settings.camera]
    control = run.endpoint(CONTROL, MATCHER.name)
    web = settings.web
    token = required_token(web.host)
    server = PageServer(web.host, web.port, web.connections_per_client)
    hub = Hub(HealthBoard(names), cameras, on_watched=node.loop.wake)

    def pass_on(message: Message) -> None:
        node.meters.count(message.body.kind)
        server.post(hub.take, message)

    node.subscriber(HEALTH, [*names, TRAINER.name], pass_on)
    node.subscriber(MATCHES, [MATCHER.name], pass_on)
    previews = {
        camera: node.subscriber(PREVIEW, [f"{CAMERA.name}.{camera}"], pass_on, listening=False) for camera in cameras
    }
    node.loop.every(1.0, lambda: server.post(hub.tell_health))
    ask_matcher = partial(ask, control)
    app = create_app(hub, web, ask_matcher, token=token)
    server.start(app, on_exit=node.loop.stop)
    if token:
        log.warning(CLEARTEXT_WARNING)
    address = run.path / "web.json"

    def tell_address() -> None:
        if not address.exists():
            with suppress(OSError):  # a full disk: tried again
                write_atomically(address, canonical_json({"url": server.url}))

    tell_address()
    node.loop.every(1.0, tell_address)
    node.set_state("running", server.url)
    listening: frozenset[str] = frozenset()
    try:
        while not node.loop.stopping:
            watched = hub.watched
            for camera in watched ^ listening:
                previews[camera].listen(camera in watched)
            listening = watched
            node.loop.turn()
    finally:
        address.unlink(missing_ok=True)
        server.stop(hub.close)


if __name__ == "__main__":
    sys.exit(run_service(lambda _settings: WEB.name, _work))

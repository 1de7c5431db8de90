"""web: a page of who is there now, and the health of every process."""

import logging
from contextlib import suppress
from functools import partial
from pathlib import Path

from twinface.box.health_board import HealthBoard
from twinface.box.pictures_client import PicturesProcess
from twinface.box.service import run_directory, run_service
from twinface.bus.control import ask
from twinface.bus.node import Node
from twinface.config_file import config_in_use
from twinface.corrections.audit_file import note
from twinface.errors import SettingsError
from twinface.files import canonical_json, write_atomically
from twinface.messages.schema import Message
from twinface.messages.topics import CONTROL, HEALTH, LOOKS, MATCHES, PREVIEW
from twinface.processes import CAMERA, MATCHER, WEB, camera_names, heard_names, process_names
from twinface.settings import Settings
from twinface.web.access import required_token, warn_of_access
from twinface.web.api.application import create_api
from twinface.web.api.context import Context, People
from twinface.web.app import create_app
from twinface.web.authentication import Authentication
from twinface.web.certificate import certificate_of
from twinface.web.hub import Hub
from twinface.web.recent_pictures import RecentPictures
from twinface.web.server import PageServer

log = logging.getLogger(__name__)

_TICK_S, _TIDY_S, _RENEWAL_S = 1.0, 20.0, 10.0
_LOADED_S = 10.0  # all processes of a box have started by then
_UNFOLLOWED_S = 0.5  # so long what is published may wait while there is nobody to pass it on to


def _note_login(gallery: Path, what: str, said: str, client: str) -> None:
    note(gallery, what, said, who=f"web {client}")


class _Web:
    def __init__(self, node: Node, settings: Settings) -> None:
        run, web, names = run_directory(settings), settings.web, process_names(settings)
        cameras = [camera.name for camera in settings.camera]
        token = required_token(web.host)
        access = Authentication(token, partial(_note_login, settings.gallery)) if token else None
        self._node = node
        self._address = run.path / "web.json"
        self._hub = Hub(HealthBoard(names), cameras, on_watched=node.loop.wake)
        self._certificate = certificate_of(web)
        self._server = PageServer(web.host, web.port, web.connections_per_client, self._certificate)
        node.subscriber(HEALTH, heard_names(settings), self._pass_on)
        node.subscriber(MATCHES, [MATCHER.name], self._pass_on)
        self._previews = {
            camera: node.subscriber(PREVIEW, [f"{CAMERA.name}.{camera}"], self._pass_on, listening=False)
            for camera in cameras
        }
        looks = RecentPictures(settings.events_path)
        node.subscriber(LOOKS, camera_names(settings), looks.take, listening=settings.events.kept_looks > 0)
        node.loop.every(_TIDY_S, looks.tidy)
        node.loop.every(_TICK_S, partial(self._server.post, self._hub.tick))
        people, pictures = People(settings), PicturesProcess(run)
        node.loop.every(_LOADED_S, people.read_ahead)
        said = (self._hub.health.report, pictures, partial(ask, run.endpoint(CONTROL, MATCHER.name)), access)
        box = Context(settings, config_in_use(), people, *said, run, self._server.url, self._hub.history, looks)
        self._server.start(create_app(self._hub, box, create_api(box)), on_exit=node.loop.stop)
        for warning in warn_of_access(web):
            log.warning(warning)
        node.loop.every(_RENEWAL_S, self._renew)
        self._address.unlink(missing_ok=True)  # of one that was killed
        self._tell_address()
        node.loop.every(_TICK_S, self._tell_address)
        node.set_state("running", self._server.url)

    def run(self) -> None:
        """Pass on what is published until the process is to stop; previews only while somebody watches them."""
        listening: frozenset[str] = frozenset()
        while not self._node.loop.stopping:
            watched = self._hub.watched
            for camera in watched ^ listening:
                self._previews[camera].listen(camera in watched)
            listening = watched
            if not self._hub.is_followed:
                self._node.loop.doze(_UNFOLLOWED_S)
            self._node.loop.turn()

    def close(self) -> None:
        """Take the address back and end every connection."""
        self._address.unlink(missing_ok=True)
        self._server.stop(self._hub.close)

    def _pass_on(self, message: Message) -> None:
        self._node.meters.count(message.body.kind)
        self._server.post(self._hub.take, message)

    def _renew(self) -> None:
        try:
            if self._certificate and self._certificate.renew():
                log.info("certificate renewed")
        except SettingsError as error:
            log.warning("certificate not renewed", extra={"error": str(error)})

    def _tell_address(self) -> None:
        if not self._address.exists():
            with suppress(OSError):  # a full disk: tried again
                write_atomically(self._address, canonical_json({"url": self._server.url}))


def _work(node: Node, settings: Settings) -> None:
    web = _Web(node, settings)
    try:
        web.run()
    finally:
        web.close()


if __name__ == "__main__":
    run_service(lambda _settings: WEB.name, _work)

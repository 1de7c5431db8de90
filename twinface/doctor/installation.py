"""What is installed and configured: models, gallery and head, the database of events, permissions, the page."""

import os
import stat
import statistics
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from twinface import assets
from twinface.box.configuration_checks import check_gallery as warn_of_gallery
from twinface.box.configuration_checks import check_head as warn_of_head
from twinface.box.configuration_checks import check_page as try_address
from twinface.box.configuration_checks import warn_of_passwords
from twinface.doctor.finding import Finding, Mark, Subject, nearest_folder
from twinface.events.event_queries import newest_number
from twinface.gallery.keys import key_path
from twinface.mqtt.trial import try_broker
from twinface.networks.registry import find_recipe, load_network
from twinface.recognition.embedding import open_detector
from twinface.web.access import warn_of_access
from twinface.web.tokens import token_path

_TIMES = 5
_SFACE = "sface"


def check_models(subject: Subject) -> Iterator[Finding]:
    """The files of the network by their checksums, and what a face takes here. Nothing is downloaded."""
    name = subject.settings.network
    if name == _SFACE and not assets.is_here(_SFACE):
        says = "sface is not here, or not whole; `twinface assets` fetches it, as `twinface up` does"
        yield Finding("models", Mark.WARN, says)
        return
    open_detector()
    network = load_network(name)
    side_px = network.recipe.input_size_px
    crop = np.zeros((1, side_px, side_px, 3), np.uint8)
    taken_ms = []
    for _ in range(_TIMES):
        started_s = time.perf_counter()
        network.embed(crop)
        taken_ms.append(1000.0 * (time.perf_counter() - started_s))
    says = f"{network.recipe.name}: its checksum is right, and a face takes {statistics.median(taken_ms):.0f} ms here"
    yield Finding("models", Mark.OK, says)


def check_gallery(subject: Subject) -> Iterator[Finding]:
    """Who is known, and the head that compares."""
    if subject.settings.network == _SFACE and not assets.is_here(_SFACE):
        return
    recipe = find_recipe(subject.settings.network)
    yield from _warnings("gallery", warn_of_gallery(subject.settings, recipe), f"readable: {subject.settings.gallery}")
    yield from _warnings("head", warn_of_head(subject.settings, recipe), "readable, and of this network")


def check_database(subject: Subject) -> Iterator[Finding]:
    """The events."""
    path = subject.settings.events_path
    newest = newest_number(path)
    yield Finding("database", Mark.OK, f"{path}: {f'readable, newest event {newest}' if newest else 'no event yet'}")


def check_page(subject: Subject) -> Iterator[Finding]:
    """The page's address and what keeps it safe; who runs already has the port."""
    web = subject.settings.web
    if not subject.is_running:
        try_address(subject.settings)
    says = f"{web.host} port {web.port}: {'in use by this box' if subject.is_running else 'free'}"
    yield from _warnings("page", warn_of_access(web), says)


def check_broker(subject: Subject) -> Iterator[Finding]:
    """The broker of `[mqtt]`, if one is configured: connected to, and left again; nothing is published."""
    if subject.settings.mqtt.host:
        yield Finding("broker", Mark.OK, try_broker(subject.settings.mqtt))


def check_permissions(subject: Subject) -> Iterator[Finding]:
    """Who may read what, and whether this user may write where it has to."""
    settings = subject.settings
    private = (key_path(), token_path(), settings.gallery, settings.events_path)
    is_open = [path for path in private if path.exists() and path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)]
    found = [f"{path}: others can read it; run `chmod -R go= {path}`" for path in is_open]
    passwords = warn_of_passwords(subject.config, settings)
    yield from _warnings("permissions", [*passwords, *found], "keys, gallery and events are for this user only")
    for folder in {nearest_folder(path) for path in (settings.gallery.parent, settings.events_path.parent)}:
        if not os.access(folder, os.W_OK):
            yield Finding("permissions", Mark.FAIL, f"{folder}: {_user()} may not write there; {_mend(folder)}")


def _warnings(check: str, warnings: Iterable[str], well: str) -> Iterator[Finding]:
    """A finding for each warning; where there is none, that it is well."""
    found = [Finding(check, Mark.WARN, warning) for warning in warnings]
    yield from found or [Finding(check, Mark.OK, well)]


def _user() -> str:
    return f"this user (uid {os.geteuid()})"


def _mend(folder: Path) -> str:
    return f"run `chown {os.geteuid()} {folder}`, or name another folder in the configuration"

"""What can be found wrong with a configuration before a process is started: all of it at once."""

import os
import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from twinface.box.listening import listen
from twinface.delivery.configured import check_targets
from twinface.errors import ArtefactError, InputError, SettingsError, SourceError, UserError
from twinface.faces.sources.captures import find_webcam
from twinface.faces.sources.open_source import SourceSpec, find_kind, open_source
from twinface.faces.sources.source import SourceKind
from twinface.gallery.gallery import Gallery
from twinface.gallery.gallery_folder import has_people
from twinface.matching.open_head import open_head_in_use
from twinface.networks.recipe import NetworkRecipe
from twinface.networks.registry import find_recipe
from twinface.placeholders import open_to_others
from twinface.settings import CameraSettings, Settings, TrackingSettings
from twinface.text import PLACEHOLDER, mask_address

_FILES = {SourceKind.VIDEO, SourceKind.PICTURES}


@dataclass(slots=True)
class Preflight:
    """What would make a process fail at once, and what somebody may want to know; each one line with its mend."""

    problems: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def check(self, check: Callable[[], Iterable[str]]) -> None:
        """Note the warnings that a check gives, and what it raises."""
        try:
            self.warnings.extend(check())
        except UserError as error:
            self.problems.append(str(error))


def check_before_start(settings: Settings, *, exit_when_done: bool) -> Preflight:
    """Fetch the assets and check sources, network, head, gallery and the page's port.

    A webcam that is not there, and a gallery that is missing or empty, are only warned of: either may come while
    everything runs.
    """
    found = Preflight()
    if not settings.camera:
        found.problems.append("no [[camera]] in the configuration; add one with `name` and `source`")
    for camera in settings.camera:
        found.check(partial(_check_camera, camera, settings.tracking, exit_when_done=exit_when_done))
    found.check(partial(_check_page, settings))
    found.check(partial(check_targets, settings))
    try:
        recipe = find_recipe(settings.network)
    except UserError as error:
        found.problems.append(str(error))
    else:
        found.check(partial(_check_gallery, settings, recipe))
        found.check(partial(_check_head, settings, recipe))
    return found


def warn_of_passwords(config: Path, settings: Settings) -> Iterator[str]:
    """Whose password others can read, in a configuration or in a file. Raises OSError.

    A file of the system's, as in /etc, may be read by a group: how else would a service's own user.
    """
    status = config.stat()
    others = stat.S_IROTH | (stat.S_IRGRP if status.st_uid == os.geteuid() else 0)
    texts = [(f"camera {one.name!r}", one.source, mask_address(one.source)) for one in settings.camera]
    for hook in settings.webhook:
        texts += [(f"webhook {hook.name!r}", hook.url, mask_address(hook.url))]
        texts += [(f"webhook {hook.name!r}", hook.secret, hook.secret if PLACEHOLDER.search(hook.secret) else "")]
    # The address of a service is most often all that it takes to send by it.
    texts += [
        (f"notify {one.name!r}", one.url, one.url if PLACEHOLDER.search(one.url) else "") for one in settings.notify
    ]
    named = dict.fromkeys(whose for whose, text, shown in texts if text != shown)
    if named and status.st_mode & others:
        yield f"{config}: others can read the password of {', '.join(named)}; run `chmod 600 {config}`"
    for whose, text, _ in texts:
        for path in open_to_others(text):
            yield f"{whose}: others can read {path}; run `chmod 600 {path}`"


def _check_camera(camera: CameraSettings, tracking: TrackingSettings, *, exit_when_done: bool) -> Iterator[str]:
    kind = _open_file(camera)
    if exit_when_done and (camera.loop or kind not in _FILES):
        raise SettingsError(f"camera {camera.name!r} never ends; leave out --exit-when-done, or `loop` in its table")
    if camera.lossless and kind not in _FILES:
        yield f"camera {camera.name!r}: `lossless` has no meaning for a live source, which never waits"
    if kind is SourceKind.WEBCAM:
        try:
            find_webcam(camera.source)
        except SourceError as error:
            yield f"camera {camera.name!r}: {error}; it is waited for"
    if kind is SourceKind.URL and 1000.0 / camera.snapshot_fps > tracking.lost_ms:
        yield f"camera {camera.name!r}: with `snapshot_fps` so low every picture begins new tracks; raise `lost_ms`"


def _open_file(camera: CameraSettings) -> SourceKind:
    """The kind of the source, which was opened once where it is a file. Raises InputError, with the camera's name."""
    try:
        kind = find_kind(camera.source)
        if kind in _FILES:
            open_source(SourceSpec(camera.source)).close()
    except InputError as error:
        raise InputError(f"camera {camera.name!r}: {error}") from error
    return kind


def _check_page(settings: Settings) -> Iterable[str]:
    listen(settings.web.host, settings.web.port).close()
    return ()


def _check_head(settings: Settings, recipe: NetworkRecipe) -> Iterator[str]:
    opened = open_head_in_use(settings.head, settings.gallery, recipe.fingerprint, settings.matching, recipe.name)
    if opened.warning:
        yield opened.warning


def _check_gallery(settings: Settings, recipe: NetworkRecipe) -> Iterator[str]:
    try:
        gallery = Gallery.open(settings.gallery, network=recipe.fingerprint)
    except ArtefactError as error:
        if has_people(settings.gallery):
            raise
        yield f"{error}; until then everybody is unknown"
        return
    if not gallery.people:
        yield "the gallery is empty: everybody is unknown; add people with `twinface gallery add NAME PICTURE`"

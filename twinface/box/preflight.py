"""What can be found wrong with a configuration before a process is started: all of it at once."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial

from twinface.box.configuration_checks import check_broker, check_gallery, check_head, check_page
from twinface.box.peers import check_peers
from twinface.delivery.configured import check_targets
from twinface.errors import InputError, SettingsError, SourceError, UserError
from twinface.faces.sources.captures import find_webcam
from twinface.faces.sources.open_source import SourceSpec, find_kind, open_source
from twinface.faces.sources.source import SourceKind
from twinface.networks.registry import find_recipe
from twinface.settings import CameraSettings, Settings, TrackingSettings

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
    if not settings.camera and settings.relay.matcher:
        found.problems.append("no [[camera]] in the configuration; add one with `name` and `source`")
    for camera in settings.camera:
        found.check(partial(_check_camera, camera, settings.tracking, exit_when_done=exit_when_done))
    found.check(partial(check_peers, settings))
    if settings.relay.matcher:
        found.check(partial(check_page, settings))
    found.check(partial(check_targets, settings))
    found.check(partial(check_broker, settings))
    try:
        recipe = find_recipe(settings.network)
    except UserError as error:
        found.problems.append(str(error))
        return found
    if settings.relay.matcher:
        found.check(partial(check_gallery, settings, recipe))
        found.check(partial(check_head, settings, recipe))
    return found


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

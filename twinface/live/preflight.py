"""What can be found wrong with a configuration before a process is started."""

from collections.abc import Iterator

from twinface import assets
from twinface.errors import ArtefactError, SettingsError
from twinface.faces.sources import SourceKind, SourceSpec, find_kind, open_source
from twinface.gallery import Gallery
from twinface.matching import head_in_use, load_head
from twinface.networks import find_recipe
from twinface.recognition.naming import uncalibrated
from twinface.settings import Settings

_FILES = {SourceKind.VIDEO, SourceKind.PICTURES}


def check_before_start(settings: Settings, *, exit_when_done: bool) -> list[str]:
    """Fetch the assets and check sources, network, gallery and head; returns warnings.

    Raises UserError for what would make a process fail at once. A gallery that is missing or empty is only warned of:
    it may be filled while everything runs.
    """
    if not settings.camera:
        raise SettingsError("no [[camera]] in the configuration; add one with `name` and `source`")
    assets.fetch("yunet")
    recipe = find_recipe(settings.network)
    head = head_in_use(settings.head, settings.gallery, recipe.fingerprint)
    load_head(head, recipe.fingerprint)
    warning = uncalibrated(head, recipe)
    return [
        *([warning] if warning else []),
        *_check_sources(settings, exit_when_done=exit_when_done),
        *_check_gallery(settings, recipe.fingerprint),
    ]


def _check_sources(settings: Settings, *, exit_when_done: bool) -> Iterator[str]:
    for camera in settings.camera:
        is_file = find_kind(camera.source) in _FILES
        if is_file:
            open_source(SourceSpec(camera.source)).close()
        if exit_when_done and (camera.loop or not is_file):
            raise SettingsError(
                f"camera {camera.name!r} never ends; leave out --exit-when-done, or `loop` in its table"
            )
        if camera.lossless and not is_file:
            yield f"camera {camera.name!r}: `lossless` has no meaning for a live source, which never waits"


def _check_gallery(settings: Settings, network: str) -> Iterator[str]:
    try:
        gallery = Gallery.open(settings.gallery, network=network)
    except ArtefactError as error:
        if (settings.gallery / "gallery.json").exists():
            raise
        yield f"{error}; until then everybody is unknown"
        return
    if not gallery.people:
        yield "the gallery is empty: everybody is unknown; add people with `twinface gallery add NAME PICTURE`"

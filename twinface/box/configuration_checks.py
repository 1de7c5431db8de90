"""What a configuration names beside its cameras, looked at: who can read passwords, page, head and gallery."""

import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from twinface.box.listening import listen
from twinface.errors import ArtefactError
from twinface.gallery.gallery import Gallery
from twinface.gallery.gallery_folder import has_people
from twinface.matching.open_head import open_head_in_use
from twinface.networks.recipe import NetworkRecipe
from twinface.placeholders import fill_in, open_to_others
from twinface.settings import Settings
from twinface.text import PLACEHOLDER, mask_address


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
    texts += [("database", settings.database.url, mask_address(settings.database.url))]
    texts += [("mqtt", settings.mqtt.password, settings.mqtt.password)]
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


def check_page(settings: Settings) -> Iterable[str]:
    """Raise SettingsError where the page cannot listen on its address."""
    listen(settings.web.host, settings.web.port).close()
    return ()


def check_broker(settings: Settings) -> Iterator[str]:
    """That a password travels in clear. Raises InputError where the broker's is not there."""
    mqtt = settings.mqtt
    if fill_in(mqtt.password) and not mqtt.tls and mqtt.host not in {"127.0.0.1", "::1", "localhost"}:
        yield f"mqtt: the password goes to {mqtt.host} in clear; set `tls = true` where the broker can"


def check_head(settings: Settings, recipe: NetworkRecipe) -> Iterator[str]:
    """What should be known of the head in use. Raises ArtefactError and its kin."""
    opened = open_head_in_use(settings.head, settings.gallery, recipe.fingerprint, settings.matching, recipe.name)
    if opened.warning:
        yield opened.warning


def check_gallery(settings: Settings, recipe: NetworkRecipe) -> Iterator[str]:
    """That nobody is known yet. Raises ArtefactError and its kin for a gallery that cannot be read."""
    try:
        gallery = Gallery.open(settings.gallery, network=recipe.fingerprint)
    except ArtefactError as error:
        if has_people(settings.gallery):
            raise
        yield f"{error}; until then everybody is unknown"
        return
    if not gallery.people:
        yield "the gallery is empty: everybody is unknown; add people with `twinface gallery add NAME PICTURE`"

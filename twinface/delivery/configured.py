"""The targets that a configuration names."""

from collections.abc import Iterable, Iterator

from twinface.delivery.notification import NotifyTarget
from twinface.delivery.overview import choose_targets
from twinface.delivery.target import Outcome, Target
from twinface.delivery.webhook import WebhookTarget
from twinface.settings import NotifySettings, Settings, TargetSettings


def open_targets(settings: Settings) -> list[Target]:
    """All of them. Raises SettingsError for the first that cannot be used, MissingExtraError without apprise."""
    return [*_open_webhooks(settings), *_open_notifications(settings)]


def try_targets(settings: Settings, kind: str, name: str | None) -> dict[str, Outcome]:
    """What comes of a test of all targets of a kind, "webhook" or "notify", or of one, by their names.

    Raises as `open_targets` does, and NotThereError where there is none.
    """
    chosen = choose_targets(settings, kind, name)
    opened = _open_webhooks(settings) if kind == "webhook" else _open_notifications(settings)
    return {target.name: target.test() for target in opened if target.name in chosen}


def _open_webhooks(settings: Settings) -> list[Target]:
    return [WebhookTarget(one, settings.box_name) for one in settings.webhook]


def _open_notifications(settings: Settings) -> list[Target]:
    return [NotifyTarget(one, settings.events_path) for one in settings.notify]


def check_targets(settings: Settings) -> Iterator[str]:
    """What should be known before they are used, one line each. Raises as `open_targets` does."""
    open_targets(settings)
    yield from warn_of_targets(settings, [*settings.webhook, *settings.notify])


def warn_of_targets(settings: Settings, targets: Iterable[TargetSettings]) -> Iterator[str]:
    """What will not come of targets, one line each."""
    cameras = {camera.name for camera in settings.camera}
    for target in targets:
        kind = "notify" if isinstance(target, NotifySettings) else "webhook"
        if unknown := sorted(set(target.cameras) - cameras):
            yield f"{kind} {target.name!r}: there is no camera {', '.join(unknown)}"
        if isinstance(target, NotifySettings) and target.picture and not settings.review.keep_pictures_days:
            yield f"{kind} {target.name!r}: no picture goes along, none is kept; set [review] keep_pictures_days"

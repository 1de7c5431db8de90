"""The targets that a configuration names."""

from collections.abc import Iterable

from twinface.delivery.target import Target
from twinface.delivery.webhook import WebhookTarget
from twinface.settings import Settings


def open_targets(settings: Settings) -> list[Target]:
    """All of them. Raises SettingsError for the first that cannot be used."""
    return [WebhookTarget(one) for one in settings.webhook]


def check_targets(settings: Settings) -> Iterable[str]:
    """Raise as `open_targets` does; there is nothing that is only warned of."""
    open_targets(settings)
    return ()

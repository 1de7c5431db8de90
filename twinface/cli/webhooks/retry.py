"""`twinface webhooks retry`: what was given up is tried again."""

from typing import Annotated

import typer

from twinface.cli.configuration import chosen_settings
from twinface.cli.console import note, say, say_json
from twinface.cli.shared_options import EventOption, JsonOption
from twinface.text import plural


def retry(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="Of this webhook; without it, of all.")] = None,
    event: EventOption = None,
    as_json: JsonOption = False,
) -> None:
    """Have what was given up tried again from the beginning, also by a webhook that wanted no more."""
    from twinface.delivery.overview import choose_targets
    from twinface.events.deliveries import retry_deliveries

    settings = chosen_settings()
    targets = choose_targets(settings, "webhook", name)
    count = sum(retry_deliveries(settings.events_path, target, event) for target in targets)
    if as_json:
        say_json("webhooks retry", {"events": count})
    elif count:
        say(f"{plural(count, 'event')} will be tried again, as soon as the box runs")
    else:
        note("nothing was given up")

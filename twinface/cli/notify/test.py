"""`twinface notify test`: something is sent at once, to see whether it comes."""

from typing import Annotated

import typer

from twinface.cli.configuration import chosen_settings
from twinface.cli.console import say_json, warn
from twinface.cli.outcomes_shown import fail_where_one_did, plain, show_outcomes
from twinface.cli.shared_options import JsonOption


def try_out(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="By this table; without it, by each.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Send a test notification, by one service or each that is configured, and say in its words why it failed."""
    from twinface.delivery.configured import try_targets, warn_of_targets

    settings = chosen_settings()
    for warning in warn_of_targets(settings, [one for one in settings.notify if name in {None, one.name}]):
        warn(warning)
    outcomes = try_targets(settings, "notify", name)
    if as_json:
        say_json("notify test", plain(outcomes))
    else:
        show_outcomes(outcomes, "sent")
    fail_where_one_did(outcomes)

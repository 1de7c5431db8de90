"""`twinface webhooks test`: something is posted at once, to see whether it comes."""

from typing import Annotated

import typer

from twinface.cli.configuration import chosen_settings
from twinface.cli.console import say_json, warn
from twinface.cli.outcomes_shown import fail_where_one_did, plain, show_outcomes
from twinface.cli.shared_options import JsonOption


def try_out(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="This webhook; without it, each.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Post a test event, of the type twinface.test, to a webhook or each of them, and say what it answered."""
    from twinface.delivery.configured import try_targets, warn_of_targets

    settings = chosen_settings()
    for warning in warn_of_targets(settings, [one for one in settings.webhook if name in {None, one.name}]):
        warn(warning)
    outcomes = try_targets(settings, "webhook", name)
    if as_json:
        say_json("webhooks test", plain(outcomes))
    else:
        show_outcomes(outcomes, "taken")
    fail_where_one_did(outcomes)

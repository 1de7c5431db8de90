"""`twinface webhooks test`: something is posted at once, to see whether it comes."""

from typing import Annotated

import typer

from twinface.cli.configuration import chosen_settings
from twinface.cli.console import note, say, say_json
from twinface.cli.shared_options import JsonOption
from twinface.errors import TwinfaceError


def try_out(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="This webhook; without it, each.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Post a test event, of the type twinface.test, to a webhook or each of them, and say what it answered."""
    from twinface.delivery.overview import choose_targets
    from twinface.delivery.webhook import WebhookTarget

    settings = chosen_settings()
    chosen = choose_targets(settings, "webhook", name)
    targets = [one for one in map(WebhookTarget, settings.webhook) if one.name in chosen]
    outcomes = {target.name: target.test() for target in targets}
    if as_json:
        answers = [{"name": name, "problem": one.problem or None} for name, one in outcomes.items()]
        say_json("webhooks test", {"targets": answers})
    else:
        for target, outcome in outcomes.items():
            (note if outcome.problem else say)(f"{target}: {outcome.problem or 'taken'}")
    if any(one.problem for one in outcomes.values()):
        raise typer.Exit(TwinfaceError.exit_code)

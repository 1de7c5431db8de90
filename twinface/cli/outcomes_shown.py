"""What came of tests of webhooks and notifications, as it is shown."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import typer

from twinface.cli.console import note, say
from twinface.errors import TwinfaceError

if TYPE_CHECKING:
    from twinface.delivery.target import Outcome


def plain(outcomes: "Mapping[str, Outcome]") -> dict[str, Any]:
    """The same for JSON."""
    return {"targets": [{"name": name, "problem": one.problem or None} for name, one in outcomes.items()]}


def show_outcomes(outcomes: "Mapping[str, Outcome]", done: str) -> None:
    """A line for each target: `done`, or what went wrong."""
    for target, one in outcomes.items():
        (note if one.problem else say)(f"{target}: {one.problem or done}")


def fail_where_one_did(outcomes: "Mapping[str, Outcome]") -> None:
    """Raise typer.Exit where something went wrong."""
    if any(one.problem for one in outcomes.values()):
        raise typer.Exit(TwinfaceError.exit_code)

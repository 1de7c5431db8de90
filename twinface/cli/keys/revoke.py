"""`twinface keys revoke`: lets another box in no more."""

from typing import Annotated

import typer

from twinface.cli.configuration import chosen_settings
from twinface.cli.console import note


def revoke(
    name: Annotated[str, typer.Argument(metavar="NAME", help="As `twinface keys list` shows it.")],
) -> None:
    """Let a box in no more. A relay that runs cuts it off within two seconds; what it had goes to other extractors."""
    from twinface.bus.peer_keys import KeyFolder

    KeyFolder(chosen_settings().keys_path).revoke(name)
    note(f"{name} is allowed no more")

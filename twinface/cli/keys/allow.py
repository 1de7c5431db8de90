"""`twinface keys allow`: lets another box in."""

from typing import Annotated

import typer

from twinface.cli.configuration import chosen_settings
from twinface.cli.console import note


def allow(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What the box is called here, and in its table peer.")],
    key: Annotated[str, typer.Argument(metavar="KEY", help="What `twinface keys show` prints there.")],
) -> None:
    """Let another box in by its key: it may read the crops of all cameras, and vectors that were made for it.

    A relay that runs lets it in within a second.
    """
    from twinface.bus.peer_keys import KeyFolder

    KeyFolder(chosen_settings().keys_path).allow(name, key)
    note(f"{name} is allowed")

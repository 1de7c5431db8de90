"""`twinface keys new`: the key by which other boxes know this one."""

from typing import Annotated

import typer

from twinface.cli.configuration import chosen_settings
from twinface.cli.console import note, say, say_json
from twinface.cli.shared_options import JsonOption


def new(
    replace: Annotated[
        bool, typer.Option("--replace", help="Make another one; other boxes have to allow it before they work again.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Make this box's key, and print its public half, which other boxes `twinface keys allow`."""
    from twinface.bus.peer_keys import KeyFolder

    keys = KeyFolder(chosen_settings().keys_path)
    public = keys.make(replace=replace).public.hex()
    if as_json:
        say_json("keys new", {"key": public})
        return
    note(f"the secret half stays in {keys.folder}")
    say(public)

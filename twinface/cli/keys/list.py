"""`twinface keys list`: the boxes that are let in."""

from twinface.cli.configuration import chosen_settings
from twinface.cli.console import note, say, say_json
from twinface.cli.shared_options import JsonOption


def list_keys(as_json: JsonOption = False) -> None:
    """List the boxes that are let in, each with its public key."""
    from twinface.bus.peer_keys import KeyFolder

    allowed = KeyFolder(chosen_settings().keys_path).allowed()
    if as_json:
        say_json("keys list", {"boxes": [{"name": name, "key": key.hex()} for name, key in allowed.items()]})
        return
    for name, key in allowed.items():
        say(f"{name}  {key.hex()}")
    if not allowed:
        note("no box is let in; `twinface keys allow NAME KEY` lets one")

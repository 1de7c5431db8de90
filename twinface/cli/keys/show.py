"""`twinface keys show`: the public half of this box's key."""

from twinface.cli.configuration import chosen_settings
from twinface.cli.console import say, say_json
from twinface.cli.shared_options import JsonOption


def show(as_json: JsonOption = False) -> None:
    """Print the public half of this box's key, which other boxes `twinface keys allow`."""
    from twinface.bus.peer_keys import KeyFolder

    public = KeyFolder(chosen_settings().keys_path).own().public.hex()
    if as_json:
        say_json("keys show", {"key": public})
        return
    say(public)

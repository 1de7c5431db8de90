"""`twinface down`: the live pipeline is stopped."""

from twinface.cli.configuration import chosen_run_directory, chosen_settings
from twinface.cli.console import say


def down() -> None:
    """Stop everything that `twinface up` started, and wait until it is gone."""
    from twinface.box.stopping import stop_box

    stop_box(chosen_run_directory(chosen_settings()))
    say("stopped")

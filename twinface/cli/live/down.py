"""`twinface down`: the live pipeline is stopped."""

from pathlib import Path

from twinface.cli.configuration import chosen_config, chosen_run_directory, chosen_settings
from twinface.cli.console import say
from twinface.errors import SettingsError


def down() -> None:
    """Stop everything that `twinface up` started, and wait until it is gone."""
    from twinface.box.running import find_running
    from twinface.box.supervision import stop_box
    from twinface.bus.rundir import RunDirectory

    try:
        run = chosen_run_directory(chosen_settings())
    except SettingsError:
        box = find_running(chosen_config().path)
        if box is None:
            raise
        run = RunDirectory(Path(box.run_directory))  # a mistake made since the start keeps nobody from stopping it
    stop_box(run)
    say("stopped")

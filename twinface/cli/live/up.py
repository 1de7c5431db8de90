"""`twinface up`: the live pipeline as a whole."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from twinface.cli.configuration import chosen_config, chosen_run_directory
from twinface.cli.console import note, warn
from twinface.errors import UserError

if TYPE_CHECKING:
    from twinface.settings import Settings


def up(
    exit_when_done: Annotated[
        bool, typer.Option("--exit-when-done", help="Stop when every file source has ended and is worked off.")
    ] = False,
) -> None:
    """Start every process under supervisord and stay in the foreground; Ctrl-C stops them all."""
    from twinface.box.foreground import run_in_foreground
    from twinface.box.supervision import UP_LOCK
    from twinface.settings_file import load_settings

    config = chosen_config()
    settings = load_settings(config.path)
    run = chosen_run_directory(settings)
    lock = run.lock(UP_LOCK)
    note(f"configuration: {config.path} ({config.found})")
    _check(config.path, settings, exit_when_done=exit_when_done)
    run_in_foreground(config.path, settings, run, lock, exit_when_done=exit_when_done, say=note, warn=warn)


def _check(config: Path, settings: "Settings", *, exit_when_done: bool) -> None:
    """Say all that is wrong before anything starts; typer.Exit where it cannot start so."""
    from twinface.box.configuration_checks import warn_of_passwords
    from twinface.box.preflight import check_before_start
    from twinface.web.access import warn_of_access

    found = check_before_start(settings, exit_when_done=exit_when_done)
    found.check(partial(warn_of_access, settings.web))
    found.check(partial(warn_of_passwords, config, settings))
    for warning in found.warnings:
        warn(warning)
    for problem in found.problems:
        note(f"twinface: {problem}")
    if found.problems:
        raise typer.Exit(UserError.exit_code)

"""`twinface rollback`: the head before the last one is back."""

from pathlib import Path
from typing import Annotated

import typer

from twinface.cli.configuration import chosen_settings
from twinface.cli.console import say, say_json
from twinface.cli.shared_options import JsonOption


def rollback(
    *,
    head: Annotated[
        Path | None, typer.Option("--head", help="Folder of a head; default: the one that `retrain` publishes to.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Bring back the head that was there before the last `retrain`; once more, and the newer one is back."""
    from twinface.training.retraining.previous_head import roll_back_published

    folder = roll_back_published(chosen_settings(), head)
    if as_json:
        say_json("rollback", {"head": str(folder)}, on_a_line=True)
    else:
        say(f"the head before the last one is back in {folder}; `twinface rollback` again undoes this")

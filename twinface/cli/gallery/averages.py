"""`twinface averages`: what the average of each source rests on."""

import dataclasses
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from twinface.cli.configuration import chosen_settings
from twinface.cli.console import Terminal, ask_or_refuse, note, say, say_json
from twinface.cli.shared_options import JsonOption, YesOption

if TYPE_CHECKING:
    from twinface.recognition.averaging import SourceAverage
    from twinface.settings import Settings


_FOR_GOOD = "It cannot be undone, and is learnt again from who passes by, in days."


def averages(
    *,
    reset: Annotated[
        str | None,
        typer.Option(
            "--reset",
            metavar="SOURCE",
            help="Forget for good what this camera has taught, or `all` of them; `undo` does not bring it back.",
        ),
    ] = None,
    yes: YesOption = False,
    as_json: JsonOption = False,
) -> None:
    """Show what the average vector of each source rests on, a camera or photos.

    It is taken off all vectors of the source, because these look alike to a network. It counts different people: those
    who passed by a camera lately, each once, and those of the gallery. Where there are too few it is the bundled one.
    """
    settings = chosen_settings()
    if reset is not None:
        _reset(settings, reset, yes=yes, as_json=as_json)
        return
    from twinface.averages import FEWEST
    from twinface.recognition.averaging import list_averages

    found = list_averages(settings)
    if as_json:
        about = {"file": str(settings.averages_path), "learn": settings.averages.learn, "fewest": FEWEST}
        say_json("averages", {**about, "sources": [dataclasses.asdict(one) for one in found]})
        return
    if not found:
        note("nothing yet: no camera has taught anything, and nobody is in the gallery")
        return
    Terminal().print(_table(found, FEWEST))
    if not settings.averages.learn:
        note("cameras teach nothing new: learn = false in [averages]")


def _table(found: list["SourceAverage"], fewest: int) -> Table:
    table = Table("source", box=None, pad_edge=False)
    for heading in ("people", "tracks", "shift"):
        table.add_column(heading, justify="right")
    table.add_column("in use", overflow="fold")
    for one in found:
        which = f"the bundled average, until there are {fewest} people" if one.is_frozen else "its own average"
        numbers = (f"{one.people:,}", f"{one.tracks:,}", f"{one.shift:.2f}")
        table.add_row(*map(Text, (one.source, *numbers, which)))
    return table


def _reset(settings: "Settings", source: str, *, yes: bool, as_json: bool) -> None:
    from twinface.recognition.averaging import ALL
    from twinface.recognition.averaging import reset as reset_source

    what = "all cameras have" if source == ALL else f"{source} has"
    if not yes:
        ask_or_refuse(f"Forget what {what} taught? {_FOR_GOOD}", f"{source} is not reset")
    reset_source(settings, source)
    if as_json:
        say_json("averages --reset", {"file": str(settings.averages_path), "reset": source})
    else:
        say(f"what {what} taught is forgotten: {settings.averages_path}")

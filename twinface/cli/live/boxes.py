"""`twinface boxes`: every box that shares a database with this one, and how it is."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from twinface.cli.configuration import chosen_settings
from twinface.cli.console import Terminal, escape, say, say_json, warn
from twinface.cli.shared_options import JsonOption
from twinface.errors import NotThereError, SettingsError

if TYPE_CHECKING:
    from twinface.sharing.all_boxes import SeenBox


def boxes(
    *,
    remove: Annotated[
        str, typer.Option("--remove", metavar="ID", help="Forget a box that is gone for good, by the begin of its id.")
    ] = "",
    as_json: JsonOption = False,
) -> None:
    """List every box that shares its database with this one: version, gallery, what waits, how it is, and its page.

    A box that was not heard of for 15 seconds is shown as such, with since when. Two boxes of one name, a box that was
    copied with its id, and a clock that is a minute wrong are warnings.
    """
    settings = chosen_settings()
    if not settings.database.url:
        raise SettingsError("this box shares nothing: set [database] url to a PostgreSQL that others have, too")
    from twinface.sharing.all_boxes import forget_box, read_boxes

    if remove and not forget_box(settings, remove):
        raise NotThereError(f"no box that is gone has an id that begins with {remove}; `twinface boxes` lists them")
    found = read_boxes(settings)
    if as_json:
        say_json("boxes", {"boxes": [box.plain for box in found]})
        return
    if not found:
        say("no box has been heard of yet; it is listed once `twinface up` runs there")
        return
    Terminal().print(_table(found))
    for box in found:
        for warning in box.warnings:
            warn(f"{box.name} ({box.id[:8]}): {warning}")


def _table(found: "list[SeenBox]") -> Table:
    table = Table(box=None, pad_edge=False)
    for column in ("box", "id", "version", "gallery", "waiting", "how it is", "page"):
        table.add_column(column, no_wrap=column != "how it is")
    for one in found:
        behind = f" ({one.gallery_behind} behind)" if one.gallery_behind else ""
        cells = (one.name, one.id[:8], one.version, f"{one.gallery_version}{behind}", str(one.events_waiting))
        table.add_row(*map(escape, (*cells, _how(one), one.page)))
    return table


def _how(box: "SeenBox") -> str:
    """Since when it is silent, or what it says."""
    if box.is_here:
        return box.health
    since = datetime.fromtimestamp(box.seen_at_s).astimezone().isoformat(" ", "seconds")
    return f"not heard of since {since}; before that: {box.health}"

"""`twinface corrections`: what people said and changed."""

import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from twinface.cli.configuration import chosen_settings
from twinface.cli.console import note, say, say_json
from twinface.cli.shared_options import GalleryOption, JsonOption

if TYPE_CHECKING:
    from twinface.settings import Settings

_MOST = 100
"""Of all boxes together, the newest."""


def corrections(
    *,
    gallery: GalleryOption = None,
    all_boxes: Annotated[
        bool, typer.Option("--all-boxes", help="Of every box that shares the database, with logins, in nobody's name.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Show what was said and changed by hand, the oldest first: number, time, who, and what; the last hundred.

    A step is taken back at the box that made it.
    """
    from twinface.corrections.steps import list_steps, step_to_plain, taken_back_by

    settings = chosen_settings(gallery=gallery and gallery.absolute())
    if all_boxes:
        _show_all_boxes(settings, as_json=as_json)
        return
    steps = list_steps(settings.gallery)
    by = taken_back_by(steps)
    if as_json:
        say_json("corrections", {"steps": [step_to_plain(step, by) for step in steps]})
        return
    for step in steps:
        at = _moment(step.at_ns)
        end = f"; taken back by step {by[step.number]}" if step.number in by else ""
        say(f"{step.number:5}  {at}  {step.who}  {step.kind}: {step.said}{end}")
    if not steps:
        note("nothing was corrected or changed by hand yet")


def _show_all_boxes(settings: "Settings", *, as_json: bool) -> None:
    from twinface.sharing.opened import shared_database
    from twinface.sharing.shared_audit import read_all_audits

    with shared_database(settings) as connection:
        found = read_all_audits(connection, _MOST)[::-1]
    if as_json:
        say_json("corrections --all-boxes", {"entries": [one.plain for one in found]})
        return
    for one in found:
        step = "" if one.step is None else f" step {one.step}"
        end = "" if one.undone_by is None else f"; taken back by step {one.undone_by}"
        say(f"{_moment(one.at_ns)}  {one.box}{step}  {one.who}  {one.what}{one.said and f': {one.said}'}{end}")
    if not found:
        note("no box has sent a change yet")


def _moment(at_ns: int) -> str:
    return datetime.datetime.fromtimestamp(at_ns / 1e9).astimezone().strftime("%Y-%m-%d %H:%M")

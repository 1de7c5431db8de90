"""`twinface unknowns`: who was seen and is not known."""

import dataclasses
import datetime
from typing import TYPE_CHECKING

from twinface.cli.configuration import chosen_settings
from twinface.cli.console import note, say, say_json
from twinface.cli.shared_options import JsonOption

if TYPE_CHECKING:
    from twinface.unknowns import Unknown


def unknowns(as_json: JsonOption = False) -> None:
    """Show who is not known but was seen, how often and when; the ones seen last come last."""
    from twinface.unknowns import list_unknowns

    settings = chosen_settings()
    found = list_unknowns(settings.events_path, settings.events.cool_down_s)
    found.sort(key=lambda one: one.until_ns)
    if as_json:
        say_json("unknowns", {"unknowns": [_as_plain(one) for one in found]})
        return
    for one in found:
        times = "once" if one.visits == 1 else f"{one.visits} times"
        first = "" if one.visits == 1 else f" since {_day(one.since_ns)}, last"
        was = "" if one.was is None else f", unknown-{one.was} here before"
        say(f"{one}  seen {times}{first} {_day(one.until_ns)} at {one.camera}{was}")
    if not found:
        note("nobody unknown is remembered")


def _as_plain(visitor: "Unknown") -> dict[str, object]:
    return {"id": str(visitor), **dataclasses.asdict(visitor), "tracks": [str(key) for key in visitor.tracks]}


def _day(at_ns: int) -> str:
    """Local time with its day: of the week where that says enough, else the date."""
    at, now = datetime.datetime.fromtimestamp(at_ns / 1e9).astimezone(), datetime.datetime.now().astimezone()
    return at.strftime("%a %H:%M" if abs(now - at) < datetime.timedelta(days=6) else "%Y-%m-%d %H:%M")

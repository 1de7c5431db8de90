"""`twinface enrol` and `twinface unknowns`: who was unknown gets a name."""

import dataclasses
import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from twinface.cli.configuration import chosen_settings
from twinface.cli.console import note, say, say_json
from twinface.cli.gallery.gate import ForceOption, refusals_told, tell_enrolled
from twinface.cli.options import JsonOption, TrackOption

if TYPE_CHECKING:
    from twinface.enrolment.from_looks import Enrolled
    from twinface.unknowns import Unknown


def enrol(
    *,
    name: Annotated[str, typer.Option("--name", help="The person's name, any letters.")],
    track: TrackOption = None,
    unknown: Annotated[
        str | None, typer.Option("--unknown", help="Somebody whom `twinface unknowns` lists: unknown-7.")
    ] = None,
    merge: Annotated[bool, typer.Option("--merge", help="The person is in the gallery already.")] = False,
    force: ForceOption = False,
    as_json: JsonOption = False,
) -> None:
    """Give a face that the box has seen a name: its good looks become pictures of the person.

    They pass the gate that pictures pass in `gallery add`. Who was remembered as unknown is so no more.
    """
    from twinface.review.correct import enrol as enrol_face

    settings = chosen_settings()

    def tell(enrolled: "Enrolled") -> None:
        tell_enrolled(enrolled, {"from": enrolled.what, "gallery": str(settings.gallery)}, as_json=as_json)

    with refusals_told(tell):
        tell(enrol_face(settings, name, track=track, unknown=unknown, merge=merge, force=force))


def unknowns(as_json: JsonOption = False) -> None:
    """Show who is not known but was seen, how often and when; the ones seen last come last."""
    from twinface.unknowns import list_unknowns

    settings = chosen_settings()
    found = list_unknowns(settings.events_path, settings.events.cool_down_s)
    found.sort(key=lambda one: one.until_ns)
    if as_json:
        say_json([_as_plain(one) for one in found])
        return
    for one in found:
        times = "once" if one.visits == 1 else f"{one.visits} times"
        first = "" if one.visits == 1 else f" since {_day(one.since_ns)}, last"
        say(f"{one}  seen {times}{first} {_day(one.until_ns)} at {one.camera}")
    if not found:
        note("nobody unknown is remembered")


def _as_plain(visitor: "Unknown") -> dict[str, object]:
    return {"id": str(visitor), **dataclasses.asdict(visitor), "tracks": [str(key) for key in visitor.tracks]}


def _day(at_ns: int) -> str:
    """Local time with its day: of the week where that says enough, else the date."""
    at, now = datetime.datetime.fromtimestamp(at_ns / 1e9).astimezone(), datetime.datetime.now().astimezone()
    return at.strftime("%a %H:%M" if abs(now - at) < datetime.timedelta(days=6) else "%Y-%m-%d %H:%M")

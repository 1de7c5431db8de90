"""`twinface enrol` and `twinface unknowns`: who was unknown gets a name."""

import dataclasses
import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from twinface.cli.configuration import chosen_settings
from twinface.cli.console import note, say, say_json
from twinface.cli.enrolment import ForceOption, open_gate, tell_enrolled
from twinface.cli.options import JsonOption, TrackOption
from twinface.errors import InputError
from twinface.settings import Settings

if TYPE_CHECKING:
    from twinface.events import LookRecord
    from twinface.strangers import Stranger


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
    from twinface.gallery import Gallery, checked_name
    from twinface.networks import find_recipe
    from twinface.recognition.enrolling import enrol_looks, refuse_empty
    from twinface.strangers import remove_strangers

    name, settings = checked_name(name), chosen_settings()
    what, looks = _choose(settings, track, unknown)
    recipe = find_recipe(settings.network)
    gallery = Gallery.open(settings.gallery, network=recipe.fingerprint, network_name=recipe.name, create=True)
    if gallery.knows(name) and not merge:
        raise InputError(
            f"{name} is in the gallery already; use --merge where this is the same person, or choose another name"
        )
    gate = None if force else open_gate(gallery, recipe, settings)
    enrolled = enrol_looks(name, looks, gallery, gate, settings, force=force)
    removed = sorted({look.stranger for look in looks if look.stranger is not None})
    if enrolled.added or enrolled.known:
        remove_strangers(settings.events_path, removed)
    about = {"from": what, "gallery": str(gallery.folder)}
    tell_enrolled(enrolled, about, as_json=as_json)
    refuse_empty(enrolled, what, "wait for a better look, or use --force where they are right all the same")


def _choose(settings: Settings, track: str | None, unknown: str | None) -> tuple[str, list["LookRecord"]]:
    """What is to be enrolled, in words, and its looks."""
    from twinface.recognition.evidence import find_evidence, require_looks
    from twinface.strangers import find_stranger, stranger_looks

    if (track is None) == (unknown is None):
        raise InputError("name either a track with --track, or somebody unknown with --unknown")
    if unknown is not None:
        stranger = find_stranger(settings.events_path, unknown)
        return str(stranger), stranger_looks(settings.events_path, stranger.number)
    evidence = find_evidence(settings.events_path, None, track)
    return evidence.what, require_looks(evidence, evidence.last_looks)


def unknowns(as_json: JsonOption = False) -> None:
    """Show who is not known but was seen, how often and when; the ones seen last come last."""
    from twinface.strangers import list_strangers

    settings = chosen_settings()
    found = list_strangers(settings.events_path, settings.events.cool_down_s)
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


def _as_plain(stranger: "Stranger") -> dict[str, object]:
    return {"id": str(stranger), **dataclasses.asdict(stranger), "tracks": [str(key) for key in stranger.tracks]}


def _day(at_ns: int) -> str:
    """Local time with its day: of the week where that says enough, else the date."""
    at, now = datetime.datetime.fromtimestamp(at_ns / 1e9).astimezone(), datetime.datetime.now().astimezone()
    return at.strftime("%a %H:%M" if abs(now - at) < datetime.timedelta(days=6) else "%Y-%m-%d %H:%M")

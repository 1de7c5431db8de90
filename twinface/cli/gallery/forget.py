"""`twinface forget`: a person is erased wherever they are known."""

import dataclasses
import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from twinface.cli.configuration import chosen_run_directory, chosen_settings
from twinface.cli.console import ask_or_refuse, note, say, say_json, warn
from twinface.cli.shared_options import GalleryOption, JsonOption, YesOption
from twinface.errors import InputError

if TYPE_CHECKING:
    from twinface.events.event import NameSpan
    from twinface.review.forget import Erased
    from twinface.settings import Settings
    from twinface.sharing.erasing import Receipt

_NOT_ERASED = "Not erased: pictures of yours that were enrolled, features and heads made of them, and backups."


def forget(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The person's name.")],
    *,
    gallery: GalleryOption = None,
    receipt: Annotated[
        bool, typer.Option("--receipt", help="Erase nothing; show which boxes have done it since they were forgotten.")
    ] = False,
    yes: YesOption = False,
    as_json: JsonOption = False,
) -> None:
    """Erase a person for good, and print what was erased: vectors, crops, copies that were set aside, corrections,
    events with their looks, and unknown visitors and faces that cameras have learnt from who look like them.

    What there is of them is shown first, and asked about. The name has to be exact: alike ones are offered, not taken.
    What was kept under names that they had before goes too; somebody else who has such a name now stays.

    Boxes that share a database erase them too, each when it is there; a receipt says which have.
    """
    from twinface.review.forget import find_traces, names_of
    from twinface.review.forget import forget as forget_everywhere
    from twinface.review.former_names import read_present_name

    settings = chosen_settings(gallery=gallery)
    if receipt:
        _show_receipt(name, settings, as_json=as_json)
        return
    found, names = find_traces(name, settings), names_of(name, settings)
    for had in names:
        _tell_name(name, had)
    if (present := read_present_name(name, settings)) != name:
        note(f"{name} is called {present} now, who stays; `twinface forget` of that name forgets both")
    if not yes:
        _ask(name, found)
    erased = forget_everywhere(name, settings)
    if as_json:
        called = list(dict.fromkeys(one.name for one in names))
        fields = {"name": name, "names": called, "erased": [dataclasses.asdict(one) for one in erased]}
        say_json("forget", {**fields, "boxes": [dataclasses.asdict(one) for one in _receipts(name, settings)]})
    if chosen_run_directory(settings).is_locked("matcher"):
        warn(
            f"a visit of {name} that goes on is written down when it ends; forget them again "
            f"{settings.events.cool_down_s:g} s after they were last seen"
        )
    if not as_json:
        for one in erased:
            say(_line(one))
        for line in _receipt_lines(_receipts(name, settings)):
            say(line)
        note(_NOT_ERASED)


def _show_receipt(name: str, settings: "Settings", *, as_json: bool) -> None:
    """Say how far the boxes are. Raises InputError where nobody of this name was forgotten, or nothing is shared."""
    from twinface.sharing.erasing import read_receipts
    from twinface.sharing.opened import shared_events

    with shared_events(settings) as connection:
        found = read_receipts(connection, name)
    if not found:
        raise InputError(f"nobody called {name!r} was forgotten at all boxes; `twinface forget` does it")
    if as_json:
        say_json("forget --receipt", {"name": name, "boxes": [dataclasses.asdict(one) for one in found]})
        return
    for line in _receipt_lines(found):
        say(line)


def _receipts(name: str, settings: "Settings") -> "list[Receipt]":
    from twinface.sharing.erasing import read_receipts
    from twinface.sharing.opened import shared_events, shares_events

    if not shares_events(settings):
        return []
    with shared_events(settings) as connection:
        return read_receipts(connection, name)


def _receipt_lines(receipts: "list[Receipt]") -> list[str]:
    return [
        f"pending: {one.box_name}, last seen {_minute(int(one.seen_at_s * 1e9))}"
        if one.erased_at_s is None
        else f" erased: {one.box_name}, {_minute(int(one.erased_at_s * 1e9))}"
        for one in receipts
    ]


def _line(one: "Erased") -> str:
    return f"{one.count:6}  {one.what}: {one.where}"


def _tell_name(name: str, one: "NameSpan") -> None:
    """Say what goes that is kept under a former name, and what stays that is somebody else's."""
    former = f"{name} was called {one.name} before, and what was kept under that name goes too"
    if one.has_end:
        note(f"{former}, but for what came after {_minute(one.until_ns)}, when it became somebody else's")
    elif one.has_beginning:
        note(f"{one.name} was somebody else's name until {_minute(one.since_ns)}; what was kept of them stays")
    elif one.name != name:
        note(former)


def _minute(at_ns: int) -> str:
    return datetime.datetime.fromtimestamp(at_ns / 1e9).astimezone().strftime("%Y-%m-%d %H:%M")


def _ask(name: str, found: list["Erased"]) -> None:
    """Show what is known of somebody, and have it confirmed."""
    for one in found:
        note(_line(one))
    question = f"Erase all of this, which is what is known of {name}? It cannot be undone."
    ask_or_refuse(question, f"{name} is not forgotten")

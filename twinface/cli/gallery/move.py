"""`twinface gallery move`: into the database that several boxes share, or out of it."""

from dataclasses import asdict
from typing import Annotated

import typer

from twinface.cli.configuration import chosen_settings
from twinface.cli.console import ask_or_refuse, say, say_json, warn
from twinface.cli.shared_options import JsonOption
from twinface.errors import InputError
from twinface.text import plural


def move(
    to: Annotated[str, typer.Option("--to", metavar="postgres|files", help="Where it is to be.")],
    *,
    people: Annotated[
        str | None,
        typer.Option(
            "--people", metavar="here|there", help="Whose people count where this box and the database have some."
        ),
    ] = None,
    unverified: Annotated[
        bool, typer.Option("--unverified", help="With --to files: also where the database cannot be asked.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Share this box's gallery with every box of the database, or have it on this box alone again."""
    from twinface.sharing.moving import Moved, Whose, look_at_both, move_to_database, move_to_files, where_it_is

    settings = chosen_settings()
    if to not in {"postgres", "files"} or people not in {None, *Whose}:
        raise InputError("write --to postgres or --to files, and --people here or --people there")
    whose = None if people is None else Whose(people)

    def moved() -> Moved:
        if to == "files":
            return move_to_files(settings, unverified=unverified)
        sides = look_at_both(settings)
        if not yes:
            question = f"{plural(sides.here, 'person')} here, {sides.there or 0} in the database; go on?"
            ask_or_refuse(question, "nothing was moved", "use --yes")
        return move_to_database(settings, whose)

    try:
        done = moved()
    except KeyboardInterrupt:
        warn(where_it_is(settings))
        raise
    if as_json:
        say_json("gallery move", asdict(done))
        return
    where = "shared by the database" if to == "postgres" else "this box's own; set [database] gallery = false"
    say(f"{plural(done.people, 'person')}, {plural(done.vectors, 'vector')}, SHA-256 {done.checksum[:16]}: {where}")

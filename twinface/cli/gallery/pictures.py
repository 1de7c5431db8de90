"""`twinface gallery pictures`: what a person is known by, and pictures that are somebody else's."""

import dataclasses
from typing import Annotated

import typer

from twinface.cli.configuration import chosen_settings
from twinface.cli.console import say, say_json
from twinface.cli.shared_options import GalleryOption, JsonOption, NameArgument, open_gallery
from twinface.errors import InputError
from twinface.text import plural


def pictures(
    name: NameArgument,
    *,
    remove: Annotated[
        list[str] | None, typer.Option("--remove", help="Remove this picture, by its number or name; may be repeated.")
    ] = None,
    move: Annotated[
        list[str] | None, typer.Option("--move", help="Give this picture to somebody else; may be repeated.")
    ] = None,
    to: Annotated[str | None, typer.Option("--to", help="With --move: whose the pictures are.")] = None,
    merge: Annotated[bool, typer.Option("--merge", help="With --move: they are in the gallery already.")] = False,
    gallery: GalleryOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the pictures of a person, remove some, or give some to whom they are of; `twinface undo` takes it back."""
    from twinface.review.person_pictures import list_pictures, remove_pictures, split

    if bool(move) != (to is not None) or (remove and move) or (merge and not move):
        raise InputError("use either --remove, or --move with --to (and --merge where they are in the gallery already)")
    settings = chosen_settings(gallery=gallery)
    step = None
    if remove:
        step = remove_pictures(settings, name, remove)
    elif move and to is not None:
        step = split(settings, name, move, to, merge=merge).step
    found = list_pictures(open_gallery(settings.gallery), name)
    if as_json:
        rows = [dataclasses.asdict(one) for one in found]
        say_json("gallery pictures", {"name": name, "step": step, "pictures": rows})
        return
    if step is not None:
        count = len(remove or move or ())
        say(f"{plural(count, 'picture')} of {name} {'removed' if remove else f'given to {to}'}; {len(found)} left")
        return
    for one in found:
        say(f"{one.file}  {one.quality:.2f}  {one.source}  {one.name}")

"""`twinface gallery rename`: a person gets another name, or two are one."""

from typing import Annotated

import typer

from twinface.cli.configuration import chosen_settings
from twinface.cli.console import say, warn
from twinface.cli.shared_options import GalleryOption, open_gallery


def rename(
    old: Annotated[str, typer.Argument(metavar="OLD", help="The name until now.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="The name from now on.")],
    *,
    merge: Annotated[bool, typer.Option("--merge", help="NEW is there already, and the same person.")] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Merge also two who do not look like one person, or cannot be compared.")
    ] = False,
    gallery: GalleryOption = None,
) -> None:
    """Give a person another name, or with --merge put two together who are one, if they look like one."""
    from twinface.review.rename import rename as rename_person

    settings = chosen_settings(gallery=gallery)
    open_gallery(settings.gallery)
    renamed = rename_person(settings, old, new, merge=merge, force=force)
    if renamed.unchecked:
        warn(f"not checked whether {renamed.old} and {renamed.new} look like one person: {renamed.unchecked}")
    say(f"{renamed.old} is {renamed.new} now: {settings.gallery}")

"""`twinface gallery restore`: a gallery as it was when it was backed up."""

import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from twinface.cli.configuration import chosen_settings
from twinface.cli.console import ask_or_refuse, note, progress_bar, say, say_json, warn
from twinface.cli.gallery.backup_shown import FileArgument, count, to_plain
from twinface.cli.shared_options import GalleryOption, JsonOption, YesOption

if TYPE_CHECKING:
    from twinface.gallery.backup import Backup
    from twinface.settings import Settings


def restore(
    file: FileArgument,
    gallery: GalleryOption = None,
    *,
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace everybody who is in the gallery, for good.")
    ] = False,
    yes: YesOption = False,
    as_json: JsonOption = False,
) -> None:
    """Bring back a gallery from a backup: all of it, or nothing. What is there stays until everybody is restored.

    A backup that another box signed is shown and asked about first, then signed again with this box's key.
    """
    from twinface.corrections.audit_file import note as write_down
    from twinface.gallery.backup import read_for_restoring, restore_into

    settings = chosen_settings(gallery=gallery)
    found = read_for_restoring(file, settings.gallery, replace=replace)
    _show(found)
    if not found.signed_here and not yes:
        question = "This box cannot tell whether it was changed on the way. Is it the one you made?"
        mend = "signed by another box; use --yes when you know that it comes from there"
        ask_or_refuse(question, f"{file}: not restored", mend)
    with progress_bar("restoring", found.contents.people) as bar:
        restore_into(settings.gallery, found, bar.advance)
    write_down(settings.gallery, "restore", f"the gallery is the one of {found.contents.made_at}")
    _warn_of_forgotten(found, settings)
    if as_json:
        say_json("gallery restore", to_plain(found, settings.gallery))
    else:
        say(f"{count(found)} restored: {settings.gallery}")
    if found.contents.network_name not in {"", Path(settings.network).name}:
        warn(f"they are of the network {found.contents.network_name}; configured is {settings.network}")


def _warn_of_forgotten(found: "Backup", settings: "Settings") -> None:
    """Name who was forgotten at all boxes since the backup was made."""
    from twinface.gallery.gallery import Gallery
    from twinface.sharing.erasing import erased_since
    from twinface.sharing.opened import shared_events, shares_events

    if shares_events(settings):
        made_at_s = datetime.datetime.fromisoformat(found.contents.made_at).timestamp()
        with shared_events(settings) as connection:
            for name in erased_since(connection, Gallery.open(settings.gallery).people, made_at_s):
                warn(f"{name} was forgotten after the backup was made; `twinface forget` erases them again")


def _show(found: "Backup") -> None:
    contents = found.contents
    signer = "this box's" if found.signed_here else "another box's"
    for what, value in (
        ("made", f"{contents.made_at} on {contents.host}"),
        ("holds", f"{count(found)}, of the network {contents.network_name or contents.network[:12]}"),
        ("key", f"{contents.key}, {signer}"),
        ("sha256", found.sha256),
    ):
        note(f"{what:7} {value}")

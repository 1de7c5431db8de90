"""`twinface gallery restore`: a gallery as it was when it was backed up."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from twinface.cli.configuration import chosen_settings
from twinface.cli.console import ask_or_refuse, note, progress_bar, say, say_json, warn
from twinface.cli.gallery.backup_shown import FileArgument, count, to_plain
from twinface.cli.options import GalleryOption, JsonOption, YesOption
from twinface.errors import InputError
from twinface.outputs import is_within

if TYPE_CHECKING:
    from twinface.gallery import Gallery
    from twinface.gallery.backup import Backup, Contents


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
    from twinface.gallery import Gallery
    from twinface.gallery.backup import read_backup, restore_backup
    from twinface.gallery.features_folder import require_gallery
    from twinface.gallery.manifest import MANIFEST_FILE, PEOPLE_FOLDER

    settings = chosen_settings(gallery=gallery)
    folder = settings.gallery
    require_gallery(folder)
    if any(is_within(file, path) for path in folder.glob(f"{PEOPLE_FOLDER}*")):
        raise InputError(f"{file}: among the people that it would replace; move it out of {folder} first")
    found = read_backup(file)
    there = Gallery.open(folder) if (folder / MANIFEST_FILE).exists() else None
    if there and (there.people or there.damaged) and not replace:
        raise InputError(
            f"{folder}: {len(there.people)} people are there; use --replace to give them up for those of {file}, "
            "or name another folder with --gallery"
        )
    _show(found)
    if not found.signed_here and not yes:
        question = "This box cannot tell whether it was changed on the way. Is it the one you made?"
        mend = "signed by another box; use --yes when you know that it comes from there"
        ask_or_refuse(question, f"{file}: not restored", mend)
    opened = there or _make_gallery(folder, found.contents)
    with progress_bar("restoring", found.contents.people) as bar:
        restore_backup(opened, found, bar.advance)
    if as_json:
        say_json("gallery restore", to_plain(found, folder))
    else:
        say(f"{count(found)} restored: {folder}")
    if found.contents.network_name not in {"", Path(settings.network).name}:
        warn(f"they are of the network {found.contents.network_name}; configured is {settings.network}")


def _make_gallery(folder: Path, contents: "Contents") -> "Gallery":
    from twinface.gallery import Gallery

    return Gallery.open(folder, network=contents.network, network_name=contents.network_name, create=True)


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

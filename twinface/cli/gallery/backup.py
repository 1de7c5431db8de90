"""`twinface gallery backup` and `restore`: a gallery as one signed file, and back."""

import dataclasses
from pathlib import Path
from typing import Annotated

import typer

from twinface.cli.configuration import chosen_settings
from twinface.cli.console import can_ask, confirm, note, progress_bar, say, say_json, warn
from twinface.cli.options import GalleryOption, JsonOption, YesOption
from twinface.errors import InputError
from twinface.gallery import Gallery
from twinface.gallery.backup import Backup, Contents, read_backup, restore_backup, write_backup
from twinface.gallery.features_folder import require_gallery
from twinface.gallery.manifest import MANIFEST_FILE, PEOPLE_FOLDER
from twinface.outputs import is_within, refuse_inputs

FileArgument = Annotated[Path, typer.Argument(metavar="FILE", help="The backup.")]


def backup(
    file: FileArgument,
    gallery: GalleryOption = None,
    *,
    force: Annotated[
        bool, typer.Option("--force", help="Replace an older backup of this name, once the new one is whole.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Write the gallery to one signed file: everybody's vectors and, where they are kept, crops.

    A file that is there already is not overwritten; --force replaces an older backup, and nothing else. Note the
    SHA-256: another box, which cannot check the signature, shows it before anything is restored.
    """
    opened = Gallery.open(gallery or chosen_settings().gallery)
    refuse_inputs(file, [opened.folder], "name a file outside of the gallery")
    with progress_bar("writing", len(opened.people)) as bar:
        made = write_backup(opened, file, bar.advance, force=force)
    if as_json:
        say_json(_to_plain(made, opened.folder))
        return
    say(f"{_count(made)}: {file}")
    say(f"sha256 {made.sha256}")


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
    settings = chosen_settings()
    folder = gallery or settings.gallery
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
        _ask(found)
    opened = there or _make_gallery(folder, found.contents)
    with progress_bar("restoring", found.contents.people) as bar:
        restore_backup(opened, found, bar.advance)
    if as_json:
        say_json(_to_plain(found, folder))
    else:
        say(f"{_count(found)} restored: {folder}")
    if found.contents.network_name not in {"", Path(settings.network).name}:
        warn(f"they are of the network {found.contents.network_name}; configured is {settings.network}")


def _make_gallery(folder: Path, contents: Contents) -> Gallery:
    return Gallery.open(folder, network=contents.network, network_name=contents.network_name, create=True)


def _show(found: Backup) -> None:
    contents = found.contents
    signer = "this box's" if found.signed_here else "another box's"
    for what, value in (
        ("made", f"{contents.made_at} on {contents.host}"),
        ("holds", f"{_count(found)}, of the network {contents.network_name or contents.network[:12]}"),
        ("key", f"{contents.key}, {signer}"),
        ("sha256", found.sha256),
    ):
        note(f"{what:7} {value}")


def _ask(found: Backup) -> None:
    """Have it confirmed where a backup comes from. Raises InputError where nobody can be asked, or the answer is no."""
    if not can_ask():
        raise InputError(f"{found.path}: signed by another box; use --yes when you know that it comes from there")
    question = "This box cannot tell whether it was changed on the way. Is it the one you made?"
    if not confirm(question):
        raise InputError(f"{found.path}: not restored")


def _count(found: Backup) -> str:
    contents = found.contents
    return f"{contents.people} people, {contents.vectors} vectors, {contents.crops} crops"


def _to_plain(found: Backup, folder: Path) -> dict[str, object]:
    about = {"gallery": str(folder), "file": str(found.path), "sha256": found.sha256, "signed_here": found.signed_here}
    return {**about, **dataclasses.asdict(found.contents)}

"""`twinface gallery backup`: a gallery as one signed file."""

from typing import Annotated

import typer

from twinface.cli.configuration import chosen_settings
from twinface.cli.console import progress_bar, say, say_json
from twinface.cli.gallery.backup_shown import FileArgument, count, to_plain
from twinface.cli.shared_options import GalleryOption, JsonOption
from twinface.outputs import refuse_inputs


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
    from twinface.gallery import Gallery
    from twinface.gallery.backup import write_backup

    opened = Gallery.open(chosen_settings(gallery=gallery).gallery)
    refuse_inputs(file, [opened.folder], "name a file outside of the gallery")
    with progress_bar("writing", len(opened.people)) as bar:
        made = write_backup(opened, file, bar.advance, force=force)
    if as_json:
        say_json("gallery backup", to_plain(made, opened.folder))
        return
    say(f"{count(made)}: {file}")
    say(f"sha256 {made.sha256}")

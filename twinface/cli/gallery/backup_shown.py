"""What `twinface gallery backup` and `restore` say of a backup."""

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from twinface.text import plural

if TYPE_CHECKING:
    from twinface.gallery.backup import Backup

FileArgument = Annotated[Path, typer.Argument(metavar="FILE", help="The backup.")]


def count(found: "Backup") -> str:
    """How much is in it, in words."""
    contents = found.contents
    return (
        f"{plural(contents.people, 'person')}, {plural(contents.vectors, 'vector')}, {plural(contents.crops, 'crop')}"
    )


def to_plain(found: "Backup", folder: Path) -> dict[str, object]:
    """All about it, JSON-ready; `folder` is the gallery."""
    about = {"gallery": str(folder), "file": str(found.path), "sha256": found.sha256, "signed_here": found.signed_here}
    return {**about, **dataclasses.asdict(found.contents)}

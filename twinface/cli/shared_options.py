"""What several commands have: options, and how they open a gallery and describe it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from twinface.cli.console import warn

if TYPE_CHECKING:
    from twinface.gallery import Gallery

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="The person's name, any letters.")]
GalleryOption = Annotated[Path | None, typer.Option("--gallery", help="Folder of the gallery; default: as configured.")]
NetworkOption = Annotated[
    str | None, typer.Option("--network", help="Network: a name or a folder; default: as configured.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
EventOption = Annotated[int | None, typer.Option("--event", help="An event, by its number.")]
TrackOption = Annotated[
    str | None,
    typer.Option("--track", help="A track, as `twinface events` prints it; CAMERA:NUMBER is that camera's last one."),
]
GivenNameOption = Annotated[
    str | None, typer.Option("--name", help="Which of the names; needed where a track was given several.")
]
SourceOption = Annotated[
    str | None,
    typer.Option(
        "--source",
        metavar="NAME",
        help="Where the pictures come from, such as camera:door for pictures of that camera; default: photos.",
    ),
]
YesOption = Annotated[bool, typer.Option("--yes", help="Do not ask, for scripts.")]


def describe(gallery: "Gallery") -> dict[str, str | int]:
    """What every answer about a gallery begins with, for JSON; features do not say how their network is called."""
    from twinface.networks.registry import name_network

    return {
        "gallery": str(gallery.folder),
        "version": gallery.version,
        "network_name": gallery.network_name or name_network(gallery.network),
        "network": gallery.network,
    }


def open_gallery(folder: Path) -> "Gallery":
    """The gallery in a folder, with a warning for each person who cannot be read. Raises ArtefactError and its kin."""
    from twinface.gallery import Gallery

    opened = Gallery.open(folder)
    for error in opened.damaged.values():
        warn(error)
    return opened

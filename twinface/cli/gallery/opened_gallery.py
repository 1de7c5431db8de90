"""What commands on a gallery share: it is opened, and what is damaged in it is reported."""

from pathlib import Path
from typing import TYPE_CHECKING

from twinface.cli.console import warn

if TYPE_CHECKING:
    from twinface.gallery import Gallery


def open_gallery(folder: Path) -> "Gallery":
    """The gallery in a folder, with a warning for each person who cannot be read. Raises ArtefactError and its kin."""
    from twinface.gallery import Gallery

    opened = Gallery.open(folder)
    for error in opened.damaged.values():
        warn(error)
    return opened

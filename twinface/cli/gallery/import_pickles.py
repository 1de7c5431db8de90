"""`twinface gallery import-pickles`: what the original scripts left is taken over."""

from pathlib import Path
from typing import Annotated

import typer

from twinface.cli.configuration import chosen_settings
from twinface.cli.console import progress_bar, say, warn
from twinface.cli.shared_options import GalleryOption, NetworkOption
from twinface.text import plural


def import_pickles(
    pickles: Annotated[Path, typer.Argument(metavar="DIR", help="One pickled (n, d) float array for each person.")],
    gallery: GalleryOption = None,
    network: NetworkOption = None,
) -> None:
    """Take over features that the original scripts pickled; nothing in the pickles is run.

    --network is the one they were made with: pickles do not say.
    """
    from twinface.enrolment.from_pickles import import_pickles as import_into_gallery

    settings = chosen_settings(gallery=gallery, network=network)
    done = import_into_gallery(pickles, settings, warn=warn, show=progress_bar)
    say(f"{plural(len(done.imported), 'person')} imported, {len(done.skipped)} skipped: {done.gallery}")

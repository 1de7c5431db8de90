"""`twinface gallery rebuild`: new vectors when the network has changed."""

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from twinface.cli.configuration import chosen_settings
from twinface.cli.console import note, progress_bar, say, say_json, warn
from twinface.cli.shared_options import GalleryOption, JsonOption, NetworkOption, describe
from twinface.text import plural

if TYPE_CHECKING:
    from twinface.enrolment.kept_crops import Gap
    from twinface.settings import Settings

_MOST_NAMED = 10


def rebuild(
    network: NetworkOption = None,
    *,
    leave_out: Annotated[
        bool, typer.Option("--leave-out", help="Leave out the pictures whose crops were not kept, instead of refusing.")
    ] = False,
    gallery: GalleryOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make all vectors again by another network, from the crops that were kept (store_crops = true).

    The old gallery stays until the new one is whole. Where crops are missing it says of whom, and does nothing.
    """
    from twinface.enrolment.rebuild import MissingCropsError
    from twinface.enrolment.rebuild import rebuild as rebuild_gallery

    settings = chosen_settings(gallery=gallery)
    try:
        done = rebuild_gallery(settings, network, leave_out=leave_out, show=progress_bar)
    except MissingCropsError as error:
        _warn_of_gaps(error.gaps)
        raise
    _warn_of_gaps(done.left_out)
    if as_json:
        left_out = [dataclasses.asdict(gap) for gap in done.left_out]
        say_json("gallery rebuild", {**describe(done.gallery), "rebuilt": done.rebuilt, "left_out": left_out})
        return
    folder = done.gallery.folder
    if not done.rebuilt:
        say(f"nothing to do: {plural(done.vectors, 'vector')}, all of {done.network} already: {folder}")
        return
    made = f"{plural(done.rebuilt, 'vector')} of {plural(len(done.gallery.people), 'person')}"
    say(f"{made} made again by {done.network}: {folder}")
    if done.network != settings.network or settings.head is not None:
        note(_say_next(done.network, settings))


def _say_next(network: str, settings: "Settings") -> str:
    head = " and a head that was trained for it" if settings.head is not None else ""
    return f'set in the configuration: network = "{network}"{head}; then restart what runs'


def _warn_of_gaps(gaps: Sequence["Gap"]) -> None:
    """Say whose crops are missing."""
    for gap in gaps[:_MOST_NAMED]:
        warn(f"{gap.name}: no crops kept of {gap.missing} of {plural(gap.pictures, 'picture')}")
    if len(gaps) > _MOST_NAMED:
        warn(f"… and of {plural(len(gaps) - _MOST_NAMED, 'person')} more; --json with --leave-out names all")

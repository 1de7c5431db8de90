"""`twinface gallery verify` and `rebuild`: whether it is sound, and new vectors when the network has changed."""

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from twinface.cli.configuration import chosen_settings
from twinface.cli.console import note, progress_bar, say, say_json, warn
from twinface.cli.options import GalleryOption, JsonOption, NetworkOption, describe
from twinface.settings import Settings

if TYPE_CHECKING:
    from twinface.enrolment.kept_crops import Gap

_MOST_NAMED = 10


def verify(
    gallery: GalleryOption = None,
    *,
    files: Annotated[bool, typer.Option("--files", help="Check the files only: nobody is compared.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Check every file, and look for pictures and people that want a look; exit code 1 when there is anything.

    Files: signature, network, content. People: two_people (a person's pictures are of two, it seems), too_alike (two
    names of one person). Pictures: mislabelled (closer to somebody else than to their person's others),
    unlike_the_others (reaching the threshold with none of these), poor_quality.
    """
    from twinface.calibration.verify import verify as verify_gallery
    from twinface.recognition.identification import choose_settings

    settings = choose_settings(chosen_settings(), None, None, gallery)
    done = verify_gallery(settings, files_only=files, show=progress_bar)
    if done.not_compared:
        warn(f"nobody was compared: {done.not_compared}")
    people = len(done.gallery.people)
    if as_json:
        counts = {"people": people, "vectors": done.vectors, "sound": not done.problems, "problems": done.problems}
        found = None if done.findings is None else [dataclasses.asdict(one) for one in done.findings]
        say_json({**describe(done.gallery), **counts, "findings": found})
    else:
        for line in (*done.problems, *(done.findings or ())):
            warn(line)
        state = f"{len(done.problems)} damaged" if done.problems else "files sound"
        looks = f", {len(done.findings)} to look at" if done.findings else ""
        say(f"{people} people, {done.vectors} vectors, {state}{looks}: {done.gallery.folder}")
    if done.problems or done.findings:
        raise typer.Exit(1)


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
    from twinface.recognition.identification import choose_settings

    settings = choose_settings(chosen_settings(), None, None, gallery)
    try:
        done = rebuild_gallery(settings, network, leave_out=leave_out, show=progress_bar)
    except MissingCropsError as error:
        _warn_of_gaps(error.gaps)
        raise
    _warn_of_gaps(done.left_out)
    if as_json:
        left_out = [dataclasses.asdict(gap) for gap in done.left_out]
        say_json({**describe(done.gallery), "rebuilt": done.rebuilt, "left_out": left_out})
        return
    folder = done.gallery.folder
    if not done.rebuilt:
        say(f"nothing to do, all {done.vectors} vectors are of {done.network}: {folder}")
        return
    say(f"{done.rebuilt} vectors of {len(done.gallery.people)} people are of {done.network} now: {folder}")
    if done.network != settings.network or settings.head is not None:
        note(_say_next(done.network, settings))


def _say_next(network: str, settings: Settings) -> str:
    head = " and a head that was trained for it" if settings.head is not None else ""
    return f'set in the configuration: network = "{network}"{head}; then restart what runs'


def _warn_of_gaps(gaps: Sequence["Gap"]) -> None:
    """Say whose crops are missing."""
    for gap in gaps[:_MOST_NAMED]:
        warn(f"{gap.name}: no crops kept of {gap.missing} of {gap.pictures} pictures")
    if len(gaps) > _MOST_NAMED:
        warn(f"… and of {len(gaps) - _MOST_NAMED} more people; --json with --leave-out names all")

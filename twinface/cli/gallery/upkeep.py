"""`twinface gallery verify` and `rebuild`: whether it is sound, and new vectors when the network has changed."""

import dataclasses
from typing import TYPE_CHECKING, Annotated

import typer

from twinface.cli.configuration import chosen_settings
from twinface.cli.console import note, progress_bar, say, say_json, warn
from twinface.cli.options import GalleryOption, JsonOption, NetworkOption, describe
from twinface.errors import ArtefactError, InputError
from twinface.gallery import Gallery
from twinface.gallery.features_folder import require_gallery
from twinface.settings import Settings

if TYPE_CHECKING:
    from twinface.calibration.gallery_checks import Finding
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
    settings = chosen_settings()
    opened = Gallery.open(gallery or settings.gallery)
    problems = [str(error) for error in opened.verify().values()]
    findings = None if files else _look_through(opened, settings)
    vectors = sum(len(person.files) for person in opened.people.values())
    if as_json:
        counts = {"people": len(opened.people), "vectors": vectors, "sound": not problems, "problems": problems}
        found = None if findings is None else [dataclasses.asdict(one) for one in findings]
        say_json({**describe(opened), **counts, "findings": found})
    else:
        for line in (*problems, *(findings or ())):
            warn(line)
        state = f"{len(problems)} damaged" if problems else "files sound"
        looks = f", {len(findings)} to look at" if findings else ""
        say(f"{len(opened.people)} people, {vectors} vectors, {state}{looks}: {opened.folder}")
    if problems or findings:
        raise typer.Exit(1)


def _look_through(gallery: Gallery, settings: Settings) -> list["Finding"] | None:
    """What is found by comparing everybody; where that would mean nothing, a warning and None."""
    from twinface.calibration.gallery_checks import check_gallery
    from twinface.enrolment.from_pictures import open_head
    from twinface.recognition.averaging import averages_for

    try:
        head = open_head(gallery, settings)
    except ArtefactError as error:
        warn(f"nobody was compared: {error}")
        return None
    vectors = sum(len(person.files) for person in gallery.people.values())
    with progress_bar("comparing", vectors) as bar:
        averages = averages_for(head, settings, gallery)
        return check_gallery(gallery, head, settings.matching, averages=averages, advance=bar.advance)


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
    from twinface.enrolment.kept_crops import find_gaps
    from twinface.enrolment.kept_crops import rebuild as rebuild_gallery
    from twinface.networks import load_network
    from twinface.recognition.extraction import count_workers

    settings = chosen_settings()
    opened = Gallery.open(gallery or settings.gallery)
    require_gallery(opened.folder)
    loaded = load_network(network or settings.network, threads=count_workers())
    if not opened.people and not opened.damaged:
        raise InputError(f"{opened.folder}: nobody is in this gallery; add people with `twinface gallery add`")
    vectors, rebuilt = sum(len(person.files) for person in opened.people.values()), 0
    gaps: list[Gap] = []
    if opened.network != loaded.recipe.fingerprint:
        opened.require_sound()
        gaps = find_gaps(opened)
        _refuse_gaps(opened, gaps, leave_out=leave_out)
        with progress_bar("embedding again", vectors - sum(gap.missing for gap in gaps)) as bar:
            rebuilt = rebuild_gallery(opened, loaded, gaps, bar.advance)
    if as_json:
        left_out = [dataclasses.asdict(gap) for gap in gaps]
        about = {**describe(opened), "rebuilt": rebuilt, "left_out": left_out}
        say_json(about)
        return
    if not rebuilt:
        say(f"nothing to do, all {vectors} vectors are of {loaded.recipe.name}: {opened.folder}")
        return
    say(f"{rebuilt} vectors of {len(opened.people)} people are of {loaded.recipe.name} now: {opened.folder}")
    if loaded.recipe.name != settings.network or settings.head is not None:
        note(_say_next(loaded.recipe.name, settings))


def _say_next(network: str, settings: Settings) -> str:
    head = " and a head that was trained for it" if settings.head is not None else ""
    return f'set in the configuration: network = "{network}"{head}; then restart what runs'


def _refuse_gaps(gallery: Gallery, gaps: list["Gap"], *, leave_out: bool) -> None:
    """Say whose crops are missing, and whether that is an end of it."""
    from twinface.enrolment.kept_crops import ADD_AGAIN

    for gap in gaps[:_MOST_NAMED]:
        warn(f"{gap.name}: no crops kept of {gap.missing} of {gap.pictures} pictures")
    if len(gaps) > _MOST_NAMED:
        warn(f"… and of {len(gaps) - _MOST_NAMED} more people; --json with --leave-out names all")
    if gaps and not leave_out:
        missing = sum(gap.missing for gap in gaps)
        raise InputError(
            f"{gallery.folder}: no crops of {missing} pictures of {len(gaps)} people; {ADD_AGAIN}, "
            "or use --leave-out to go on without them"
        )

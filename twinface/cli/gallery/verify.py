"""`twinface gallery verify`: whether it is sound."""

import dataclasses
from typing import Annotated

import typer

from twinface.cli.configuration import chosen_settings
from twinface.cli.console import progress_bar, say, say_json, warn
from twinface.cli.shared_options import GalleryOption, JsonOption, describe
from twinface.text import plural


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
    from twinface.calibration.gallery_checks import verify as verify_gallery

    settings = chosen_settings(gallery=gallery)
    done = verify_gallery(settings, files_only=files, show=progress_bar)
    if done.not_compared:
        warn(f"nobody was compared: {done.not_compared}")
    people = len(done.gallery.people)
    if as_json:
        counts = {"people": people, "vectors": done.vectors, "sound": not done.problems, "problems": done.problems}
        found = done.findings
        shown = None if found is None else [dataclasses.asdict(one) | {"words": one.words} for one in found]
        say_json("gallery verify", {**describe(done.gallery), **counts, "findings": shown})
    else:
        for line in (*done.problems, *(done.findings or ())):
            warn(line)
        state = f"{len(done.problems)} damaged" if done.problems else "files sound"
        looks = f", {len(done.findings)} to look at" if done.findings else ""
        say(f"{plural(people, 'person')}, {plural(done.vectors, 'vector')}, {state}{looks}: {done.gallery.folder}")
    if done.problems or done.findings:
        raise typer.Exit(1)

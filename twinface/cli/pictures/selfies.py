"""`twinface selfies`: aligned crops from photos."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from twinface.cli.console import progress_bar, say, say_json, warn
from twinface.cli.gallery.enrolment_shown import ForceOption, warn_of
from twinface.cli.shared_options import JsonOption
from twinface.text import plural

if TYPE_CHECKING:
    from twinface.enrolment.selfies import Selfie


def selfies(
    photos: Annotated[Path, typer.Option("--selfies", help="Folder with one folder of photos for each person.")],
    faces: Annotated[Path, typer.Option("--faces", help="Folder for the crops, one folder for each person.")],
    force: ForceOption = False,
    as_json: JsonOption = False,
) -> None:
    """Cut the face out of every photo (the original selfies2face.py).

    Crops that are too small, blurred, badly lit or in profile go to set_aside in the person's folder, with the reasons
    in reasons.json; move back what is good all the same.
    """
    from twinface.enrolment.selfies import crop_photos
    from twinface.enrolment.set_aside import describe

    def warn_of_objection(selfie: "Selfie") -> None:
        if selfie.objection is not None:
            warn_of(selfie.picture, selfie.objection)

    cropped = crop_photos(photos, faces, force=force, show=progress_bar, on_left_out=warn, on_selfie=warn_of_objection)
    set_aside = [
        {"person": selfie.person, **describe(selfie.picture, selfie.objection)}
        for selfie in cropped.selfies
        if selfie.objection
    ]
    if as_json:
        say_json("selfies", {"faces": str(faces), "saved": cropped.saved, "set_aside": set_aside})
    cropped.require_any()
    for line in cropped.describe_without_any():
        warn(line)
    if not as_json:
        say(f"{plural(cropped.saved, 'face')} saved, {plural(len(set_aside), 'photo')} set aside: {faces}")

"""`twinface selfies`: aligned crops from photos."""

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from twinface.cli.console import progress_bar, say, say_json, warn
from twinface.cli.gallery.gate import ForceOption, warn_of
from twinface.cli.options import JsonOption
from twinface.errors import InputError


def selfies(
    photos: Annotated[Path, typer.Option("--selfies", help="Folder with one folder of photos for each person.")],
    faces: Annotated[Path, typer.Option("--faces", help="Folder for the crops, one folder for each person.")],
    force: ForceOption = False,
    as_json: JsonOption = False,
) -> None:
    """Cut the face out of every photo (the seed's selfies2face.py).

    Crops that are too small, blurred, badly lit or in profile go to set_aside in the person's folder, with the reasons
    in reasons.json; move back what is good all the same.
    """
    from twinface.enrolment.objections import force_helps
    from twinface.enrolment.selfies import crop_selfies
    from twinface.enrolment.set_aside import describe
    from twinface.recognition.embedding import open_detector
    from twinface.recognition.people import describe_left_out_of_people, list_people

    people = list_people(photos)
    for line in describe_left_out_of_people(photos):
        warn(line)
    total = sum(len(pictures) for pictures in people.values())
    saved: Counter[str] = Counter()
    entries = []
    forcible: set[str] = set()
    with progress_bar("cropping", total) as bar:
        for selfie in bar.follow(crop_selfies(people, faces, open_detector(), force=force)):
            if selfie.objection is None:
                saved[selfie.person] += 1
            else:
                warn_of(selfie.picture, selfie.objection)
                forcible |= {selfie.person} if force_helps(selfie.objection) else set()
                entries.append({"person": selfie.person, **describe(selfie.picture, selfie.objection)})
    if as_json:
        counts = {"faces": str(faces), "saved": saved.total()}
        say_json("selfies", {**counts, "set_aside": entries})
    if not saved:
        raise InputError(f"{photos}: none of the {total} photos could be used; see the warnings")
    for name in people:
        if not saved[name]:
            force_hint = ", or use --force" if name in forcible and not force else ""
            warn(f"{name}: none of {len(people[name])} photos could be used; give one clear face each{force_hint}")
    if not as_json:
        say(f"{saved.total()} faces saved, {len(entries)} photos set aside: {faces}")

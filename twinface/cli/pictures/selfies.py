"""`twinface selfies` and `twinface capture`: aligned crops from photos, webcam or video."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from twinface.cli.console import errors, escape, progress_bar, say, say_json, warn
from twinface.cli.gallery.gate import ForceOption, JsonOption, warn_of
from twinface.errors import InputError
from twinface.masking import mask_address

if TYPE_CHECKING:
    from twinface.enrolment.objections import Objection


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
        say_json({**counts, "set_aside": entries})
    if not saved:
        raise InputError(f"{photos}: none of the {total} photos could be used; see the warnings")
    for name in people:
        if not saved[name]:
            force_hint = ", or use --force" if name in forcible and not force else ""
            warn(f"{name}: none of {len(people[name])} photos could be used; give one clear face each{force_hint}")
    if not as_json:
        say(f"{saved.total()} faces saved, {len(entries)} photos set aside: {faces}")


def capture(
    *,
    output: Annotated[Path, typer.Option("--output", help="The person's folder; it is called as they are.")],
    video: Annotated[str | None, typer.Option("--video", help="Video file or URL instead of the webcam.")] = None,
    camera: Annotated[int, typer.Option("--camera", min=0, help="Number of the webcam.")] = 0,
    auto: Annotated[
        int | None, typer.Option("--auto", min=1, help="Save this many good, differing faces; needs no display.")
    ] = None,
    force: ForceOption = False,
    as_json: JsonOption = False,
) -> None:
    """Save somebody's face from a webcam or video: s saves, q quits (the seed's capture.py).

    While a face is too small, blurred, badly lit, in profile or not alone, the reason is shown and nothing is saved.
    """
    from twinface.enrolment.capture import CropFolder, capture_automatically, capture_by_hand, require_display
    from twinface.faces import SourceSpec, open_source
    from twinface.outputs import refuse_inputs
    from twinface.recognition.embedding import open_detector

    if auto is None:
        require_display()
    refuse_inputs(output, [video], "name another folder with --output")
    detector, folder = open_detector(second_look=False), CropFolder(output)
    source = open_source(SourceSpec(video or str(camera), paced=auto is None))
    saved: list[str] = []
    with errors.status(f"looking for {auto} good faces" if auto else "s saves, q quits") as status:
        frames = _Frames(status.update)
        try:
            paths = (
                capture_by_hand(source, detector, folder, force=force, on_frame=frames.saw)
                if auto is None
                else capture_automatically(source, detector, folder, auto, force=force, on_frame=frames.saw)
            )
            for path in paths:
                saved.append(str(path))
                if not as_json:
                    say(path)
        finally:
            source.close()
    if as_json:
        say_json({"saved": saved, "frames": frames.seen, "not_taken": frames.not_taken})
    if not saved:
        raise InputError(
            f"{mask_address(video) if video else f'webcam {camera}'}: no face saved ({frames.describe()}); "
            "sit nearer, facing it, alone and in good light"
        )
    if auto is not None and len(saved) < auto:
        warn(f"only {len(saved)} of {auto}: there were no more good faces that differ ({frames.describe()})")


class _Frames:
    """Counts the frames that were looked at and why they were not taken, and shows the reason of the moment."""

    def __init__(self, show: Callable[[str], None]) -> None:
        self.seen = 0
        self.not_taken: Counter[str] = Counter()
        self._show = show

    def saw(self, objection: "Objection | None") -> None:
        """One more frame."""
        self.seen += 1
        if objection is not None:
            self.not_taken[objection.reason.value] += 1
        self._show(escape(str(objection)) if objection else "good")

    def describe(self) -> str:
        """In words: 20 frames, not taken: 12 blurred, 3 no_face."""
        reasons = ", ".join(f"{count} {reason}" for reason, count in self.not_taken.most_common())
        return f"{self.seen} frames" + (f", not taken: {reasons}" if reasons else "")

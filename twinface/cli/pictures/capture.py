"""`twinface capture`: aligned crops from a webcam or a video."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from twinface.cli.console import say, say_json, shown_status, warn
from twinface.cli.gallery.gate import ForceOption
from twinface.cli.options import JsonOption
from twinface.errors import InputError
from twinface.masking import mask_address

if TYPE_CHECKING:
    from twinface.enrolment.objections import Objection


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
    from twinface.faces.sources.open_source import SourceSpec, open_source
    from twinface.outputs import refuse_inputs
    from twinface.recognition.embedding import open_detector

    if auto is None:
        require_display()
    refuse_inputs(output, [video], "name another folder with --output")
    detector, folder = open_detector(second_look=False), CropFolder(output)
    source = open_source(SourceSpec(video or str(camera), paced=auto is None))
    saved: list[str] = []
    with shown_status(f"looking for {auto} good faces" if auto else "s saves, q quits") as show:
        frames = _Frames(show)
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
        say_json("capture", {"saved": saved, "frames": frames.seen, "not_taken": frames.not_taken})
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
        self._show(str(objection) if objection else "good")

    def describe(self) -> str:
        """In words: 20 frames, not taken: 12 blurred, 3 no_face."""
        reasons = ", ".join(f"{count} {reason}" for reason, count in self.not_taken.most_common())
        return f"{self.seen} frames" + (f", not taken: {reasons}" if reasons else "")

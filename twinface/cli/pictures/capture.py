"""`twinface capture`: aligned crops from a webcam or a video."""

from pathlib import Path
from typing import Annotated

import typer

from twinface.cli.console import say, say_json, shown_status, warn
from twinface.cli.gallery.enrolment_shown import ForceOption
from twinface.cli.shared_options import JsonOption


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
    """Save somebody's face from a webcam or video: s saves, q quits (the original capture.py).

    While a face is too small, blurred, badly lit, in profile or not alone, the reason is shown and nothing is saved.
    """
    from twinface.enrolment.capture import capture_faces

    def show_saved(path: Path) -> None:
        if not as_json:
            say(path)

    with shown_status(f"looking for {auto} good faces" if auto else "s saves, q quits") as show:
        captured = capture_faces(
            output,
            video=video,
            camera=camera,
            count=auto,
            force=force,
            on_frame=lambda objection: show(str(objection or "good")),
            on_saved=show_saved,
        )
    if as_json:
        saved = [str(path) for path in captured.saved]
        say_json("capture", {"saved": saved, "frames": captured.frames, "not_taken": captured.not_taken})
    captured.require_any()
    if shortfall := captured.describe_shortfall():
        warn(shortfall)

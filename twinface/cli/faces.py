"""`twinface selfies` and `twinface capture`: aligned crops from photos, webcam or video."""

from pathlib import Path
from typing import Annotated

import typer

from twinface.cli.console import errors, progress_bar, warn
from twinface.errors import InputError


def selfies(
    photos: Annotated[Path, typer.Option("--selfies", help="Folder with one folder of photos for each person.")],
    faces: Annotated[Path, typer.Option("--faces", help="Folder for the crops, one folder for each person.")],
) -> None:
    """Cut the face out of every photo (the seed's selfies2face.py)."""
    from twinface.recognition.embedding import open_detector
    from twinface.recognition.people import list_people
    from twinface.recognition.selfies import crop_selfies

    people = list_people(photos)
    total = sum(len(pictures) for pictures in people.values())
    saved = 0
    with progress_bar("cropping", total) as bar:
        for _path, error in crop_selfies(people, faces, open_detector()):
            bar.advance()
            if error is None:
                saved += 1
            else:
                warn(error)
    if not saved:
        raise InputError(f"{photos}: none of the {total} photos could be used; see the warnings")
    typer.echo(f"{saved} faces saved, {total - saved} photos skipped: {faces}")


def capture(
    output: Annotated[Path, typer.Option("--output", help="The person's folder; it is called as they are.")],
    video: Annotated[str | None, typer.Option("--video", help="Video file or URL instead of the webcam.")] = None,
    camera: Annotated[int, typer.Option("--camera", min=0, help="Number of the webcam.")] = 0,
    auto: Annotated[
        int | None, typer.Option("--auto", min=1, help="Save this many good, differing faces; needs no display.")
    ] = None,
) -> None:
    """Save somebody's face from a webcam or video: s saves, q quits (the seed's capture.py)."""
    from twinface.faces import SourceSpec, open_source
    from twinface.recognition.capture import CropFolder, capture_automatically, capture_by_hand, require_display
    from twinface.recognition.embedding import open_detector

    if auto is None:
        require_display()
    detector, folder = open_detector(second_look=False), CropFolder(output)
    source = open_source(SourceSpec(video or str(camera), paced=auto is None))
    try:
        if auto is None:
            for path in capture_by_hand(source, detector, folder):
                typer.echo(path)
        else:
            with errors.status(f"looking for {auto} good faces"):
                for path in capture_automatically(source, detector, folder, auto):
                    typer.echo(path)
    finally:
        source.close()
    if not folder.saved:
        raise InputError(
            f"{video or f'webcam {camera}'}: no face saved; sit nearer, facing it, alone and in good light"
        )
    if auto is not None and folder.saved < auto:
        warn(f"only {folder.saved} of {auto}: there were no more good faces that differ")

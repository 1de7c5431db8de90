"""`twinface extract`: the vectors of every picture of a folder of people."""

from pathlib import Path
from typing import Annotated

import typer

from twinface.cli.configuration import chosen_settings
from twinface.cli.console import progress_bar, say, warn
from twinface.cli.shared_options import SourceOption
from twinface.errors import InputError
from twinface.text import plural


def extract(
    faces: Annotated[Path, typer.Option("--faces", help="Folder with one folder of pictures for each person.")],
    features: Annotated[Path, typer.Option("--features", help="Folder for the vectors, one signed file a person.")],
    network: Annotated[
        str | None, typer.Option("--network", help="Network: a name or a folder; default: as configured.")
    ] = None,
    aligned: Annotated[bool, typer.Option("--aligned", help="The pictures are aligned crops: no detection.")] = False,
    source: SourceOption = None,
) -> None:
    """Turn every picture into a vector, once (the original extract_features.py)."""
    from twinface.gallery import PHOTOS, checked_source
    from twinface.recognition.extraction import extract_folder
    from twinface.recognition.picture_folders import describe_empty_people, describe_left_out_of_people, list_people

    source = PHOTOS if source is None else checked_source(source)
    people = list_people(faces)
    total = sum(len(pictures) for pictures in people.values())
    for line in (*describe_left_out_of_people(faces), *describe_empty_people(faces, people)):
        warn(line)
    with progress_bar("extracting", total) as bar:

        def on_picture(_path: Path, error: InputError | None) -> None:
            bar.advance()
            if error is not None:
                warn(error)

        chosen = network or chosen_settings().network
        done = extract_folder(faces, features, chosen, aligned=aligned, source=source, on_picture=on_picture)
    made = f"{plural(done.people, 'person')}, {plural(done.pictures, 'vector')}"
    say(f"{made}, {plural(done.skipped, 'picture')} skipped: {features}")

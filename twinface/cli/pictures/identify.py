"""`twinface identify`: who is in these pictures."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from twinface.cli.configuration import chosen_settings
from twinface.cli.console import Terminal, escape, note, progress_bar, say_json, warn
from twinface.cli.shared_options import JsonOption
from twinface.errors import InputError

if TYPE_CHECKING:
    from twinface.matching.threshold import Threshold
    from twinface.recognition.identification import IdentifiedFile, NamedFace


def identify(
    images: Annotated[list[Path], typer.Argument(metavar="IMAGE...", help="Picture files.")],
    *,
    network: Annotated[
        str | None, typer.Option("--network", help="Network: a name or a folder; default: as configured.")
    ] = None,
    head: Annotated[Path | None, typer.Option("--head", help="Folder of a head; default: as configured.")] = None,
    gallery: Annotated[
        Path | None, typer.Option("--gallery", help="Folder of the gallery; default: as configured.")
    ] = None,
    threshold: Annotated[
        float | None,
        typer.Option("--threshold", min=0, max=1, help="Score that gives a name; default: the head's, as configured."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Name the faces of pictures (the original test.py, for single pictures); exit code 2 where one cannot be read."""
    from twinface.recognition.embedding import describe_turn
    from twinface.recognition.identification import Identifier, choose_settings

    identifier = Identifier(choose_settings(chosen_settings(), network, head, gallery, threshold))
    for problem in identifier.warnings:
        warn(problem)
    with progress_bar("identifying", len(images)) as bar:
        files = list(bar.follow(identifier.identify_files(images)))
    for file in files:
        if file.found and (sentence := describe_turn(file.found.turn_deg)):
            warn(f"{file.path}: {sentence}")
    if as_json:
        say_json("identify", {"pictures": [_to_json(file, identifier.threshold) for file in files]})
    else:
        _print_table(files)
        note(identifier.threshold)
    if not all(file.found for file in files):
        raise typer.Exit(InputError.exit_code)


def _to_json(file: "IdentifiedFile", threshold: "Threshold") -> dict[str, Any]:
    if file.found is None:
        return {"image": str(file.path), "error": file.problem}
    return {
        "image": str(file.path),
        "width": file.found.width_px,
        "height": file.found.height_px,
        "turn_deg": file.found.turn_deg,
        "threshold": threshold.value,
        "threshold_from": threshold.source,
        "faces": [_face_to_json(one) for one in file.found.faces],
    }


def _face_to_json(named: "NamedFace") -> dict[str, Any]:
    decision = named.decision
    return {
        "box_xyxy": [round(float(side), 1) for side in named.box_xyxy],
        "name": decision.name,
        "state": decision.state.value,
        "score": round(decision.score, 4),
        "candidates": [{"name": one.name, "score": round(one.score, 4)} for one in decision.candidates],
    }


def _print_table(files: "list[IdentifiedFile]") -> None:
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    table.add_column("picture", overflow="fold")
    table.add_column("who", overflow="fold")
    table.add_column("score", no_wrap=True)
    table.add_column("box", no_wrap=True)
    names = [file.path.name for file in files]
    for file in files:
        picture = escape(file.path.name if names.count(file.path.name) == 1 else str(file.path))
        if file.found is None:
            table.add_row(picture, f"[yellow]{escape(file.problem)}[/]", "", "")
        elif not file.found.faces:
            table.add_row(picture, "[dim]no face[/]", "", "")
        for face in file.found.faces if file.found else ():
            who = f"[bold green]{escape(face.name)}[/]" if face.name else f"[dim]{face.decision.state.value}[/]"
            box = " ".join(str(round(float(side))) for side in face.box_xyxy)
            table.add_row(picture, who, f"{face.score:.2f}", box)
            picture = ""
    Terminal(highlight=True).print(table)

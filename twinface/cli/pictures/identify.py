"""`twinface identify`: who is in these pictures."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from twinface.cli.configuration import chosen_settings
from twinface.cli.console import Terminal, escape, note, progress_bar, say_json, warn
from twinface.cli.options import JsonOption
from twinface.errors import InputError

if TYPE_CHECKING:
    from twinface.recognition.identification import Identifier


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
    """Name the faces of pictures (the seed's test.py, for single pictures)."""
    from twinface.recognition.identification import Identifier, choose_settings

    identifier = Identifier(choose_settings(chosen_settings(), network, head, gallery, threshold))
    for problem in identifier.warnings:
        warn(problem)
    entries: list[dict[str, Any]] = []
    with progress_bar("identifying", len(images)) as bar:
        for path in images:
            entries.append(_identify(identifier, path))
            bar.advance()
    if as_json:
        say_json("identify", {"pictures": entries})
    else:
        _print_table(entries)
        note(identifier.threshold)
    if all("error" in entry for entry in entries):
        raise typer.Exit(InputError.exit_code)


def _identify(identifier: "Identifier", path: Path) -> dict[str, Any]:
    from twinface.recognition.embedding import describe_turn

    try:
        found = identifier.identify(path)
    except InputError as error:
        return {"image": str(path), "error": str(error).removeprefix(f"{path}: ")}
    if sentence := describe_turn(found.turn_deg):
        warn(f"{path}: {sentence}")
    return {
        "image": str(path),
        "width": found.width_px,
        "height": found.height_px,
        "turn_deg": found.turn_deg,
        "threshold": identifier.threshold.value,
        "threshold_from": identifier.threshold.source,
        "faces": [_to_json(one) for one in found.faces],
    }


def _to_json(found: Any) -> dict[str, Any]:
    decision = found.decision
    return {
        "box_xyxy": [round(float(side), 1) for side in found.face.box_xyxy],
        "name": decision.name,
        "state": decision.state.value,
        "score": round(decision.score, 4),
        "candidates": [{"name": one.name, "score": round(one.score, 4)} for one in decision.candidates],
    }


def _print_table(entries: list[dict[str, Any]]) -> None:
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    table.add_column("picture", overflow="fold")
    table.add_column("who", overflow="fold")
    table.add_column("score", no_wrap=True)
    table.add_column("box", no_wrap=True)
    names = [Path(entry["image"]).name for entry in entries]
    for entry, name in zip(entries, names, strict=True):
        picture = escape(name if names.count(name) == 1 else entry["image"])
        if "error" in entry:
            table.add_row(picture, f"[yellow]{escape(entry['error'])}[/]", "", "")
        elif not entry["faces"]:
            table.add_row(picture, "[dim]no face[/]", "", "")
        for face in entry.get("faces", []):
            who = f"[bold green]{escape(face['name'])}[/]" if face["name"] else f"[dim]{face['state']}[/]"
            box = " ".join(str(round(side)) for side in face["box_xyxy"])
            table.add_row(picture, who, f"{face['score']:.2f}", box)
            picture = ""
    Terminal(highlight=True).print(table)

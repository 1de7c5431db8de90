"""`twinface search`: where a face was seen, at every box that shares the database."""

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from twinface.cli.configuration import chosen_settings
from twinface.cli.console import Terminal, escape, say_json, warn
from twinface.cli.moments import moment_ns
from twinface.cli.shared_options import JsonOption

if TYPE_CHECKING:
    from twinface.sharing.face_search import Sighting


def search(
    picture: Annotated[Path, typer.Argument(metavar="IMAGE", help="A picture of one face.")],
    *,
    since: Annotated[
        str | None, typer.Option("--since", help="From then on: 90s, 15m, 1h, 2d, 1w ago, or 2026-05-31[T08:30].")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=500, help="At most so many tracks.")] = 20,
    as_json: JsonOption = False,
) -> None:
    """Show where a face was seen by any box of the database: tracks, the most alike first, named or not.

    How alike is the cosine of the two vectors, and no name: 0.5 and more is often one person, less often two.
    """
    from twinface.faces.picture_files import read_image
    from twinface.networks.registry import load_network
    from twinface.recognition.embedding import embed_one_face, open_detector
    from twinface.sharing.face_search import search_face
    from twinface.sharing.opened import shared_events

    settings = chosen_settings()
    since_ns = moment_ns("--since", since) or 0
    network = load_network(settings.network)
    face, fingerprint = embed_one_face(read_image(picture), open_detector(), network), network.recipe.fingerprint
    with shared_events(settings) as connection:
        found = search_face(connection, face.vector[None], fingerprint, since_ns=since_ns, limit=limit)
    if as_json:
        say_json("search", {"image": str(picture), "found": [_to_json(one) for one in found]})
    elif found:
        _print_table(found)
    else:
        warn("no box has seen a face since then" if since else "no box has seen a face yet")


def _to_json(one: "Sighting") -> dict[str, object]:
    plain = {name: value for name, value in dataclasses.asdict(one).items() if name not in ("key", "cosine")}
    return {**plain, "camera": one.key.camera, "track_id": str(one.key), "cosine": round(one.cosine, 4)}


def _print_table(found: "list[Sighting]") -> None:
    from rich.table import Table

    from twinface.cli.review.events_table import clock

    table = Table(box=None, pad_edge=False)
    for column in ("alike", "when", "where"):
        table.add_column(column, no_wrap=True)
    table.add_column("who", overflow="fold")
    for one in found:
        who = f"[bold green]{escape(one.name)}[/]" if one.name else f"[dim]{one.state}[/]"
        table.add_row(f"{one.cosine:.2f}", clock(one.at_ns), escape(f"{one.box}/{one.key.camera}"), who)
    Terminal().print(table)

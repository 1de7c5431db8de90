"""`twinface assets`: fetch what does not come with the package."""

from typing import Annotated

import typer

from twinface import assets
from twinface.cli.console import say, say_json


def fetch_assets(
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object of names and paths.")] = False,
) -> None:
    """Fetch the model files and the demo's portraits, verify them, and say where they lie."""
    places = {name: str(assets.fetch(name)) for name in assets.ASSETS}
    if as_json:
        say_json(places)
        return
    for name, path in places.items():
        say(f"{name:10} {path}  ({assets.ASSETS[name].licence})")

"""`twinface assets`: fetch what does not come with the package."""

from typing import Annotated

import typer

from twinface.cli.console import say, say_json
from twinface.cli.shared_options import JsonOption


def fetch_assets(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME]...", help="sface, portraits; all of them where none is named.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Fetch the model files and the demo's portraits, verify them, and say where they lie."""
    from twinface import assets

    places = {name: str(assets.fetch(name)) for name in names or assets.ASSETS}
    if as_json:
        say_json("assets", {"assets": places})
        return
    for name, path in places.items():
        say(f"{name:10} {path}  ({assets.ASSETS[name].licence})")

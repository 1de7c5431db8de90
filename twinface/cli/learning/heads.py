"""`twinface heads`: which heads there are, and how good each was found to be."""

import dataclasses
import datetime

from twinface.cli.configuration import chosen_settings
from twinface.cli.console import say, say_json
from twinface.cli.shared_options import JsonOption


def heads(as_json: JsonOption = False) -> None:
    """Show the head in use, the one before it, and the bundled one, with the figures by which each took its place.

    `twinface rollback` brings the one before back.
    """
    from twinface.training.retraining.head_versions import list_heads

    found = list_heads(chosen_settings())
    if as_json:
        say_json("heads", {"heads": [dataclasses.asdict(one) for one in found]})
        return
    for one in found:
        made = "" if one.made_at_ns is None else _minute(one.made_at_ns)
        place = "in use" if one.in_use else "rollback" if one.comes_back else ""
        figures = "".join(f", {name} {value:.4g}" for name, value in one.figures.items() if name in {"eer", "auc"})
        say(f"{one.version}  {place:8}  {made:16}  {one.architecture}: {one.verdict}{figures}")


def _minute(at_ns: int) -> str:
    return datetime.datetime.fromtimestamp(at_ns / 1e9).isoformat(" ", "minutes")

"""`twinface explain`: why somebody was given a name, or none."""

from typing import Any

from rich.table import Table
from rich.text import Text

from twinface.cli.configuration import chosen_settings
from twinface.cli.console import Terminal, say_json
from twinface.cli.events_table import clock
from twinface.cli.options import EventOption, JsonOption, TrackOption
from twinface.cli.streams import printable


def explain(
    *,
    event: EventOption = None,
    track: TrackOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what a decision rests on: every look with its quality and its three best candidates, the rule that decided,
    and what was missed, by how much.
    """
    from twinface.recognition.evidence import find_evidence
    from twinface.recognition.explaining import explain as explain_evidence

    report = explain_evidence(find_evidence(chosen_settings().events_path, event, track))
    if as_json:
        say_json(report)
        return
    console = Terminal(highlight=False)
    for one in report["tracks"]:
        console.print(Text(_headline(one)), style="bold")
        if one["looks"]:
            console.print(_looks_table(one["looks"]))
        for line in _decision(one):
            console.print(Text(printable(line)))


def _headline(track: dict[str, Any]) -> str:
    who = track["name"] or track["stranger"] or track["state"] or "nothing is told of it"
    return printable(f"{track['track']}: {who}")


def _looks_table(looks: list[dict[str, Any]]) -> Table:
    table = Table(box=None, pad_edge=False)
    for column in ("crop", "time", "quality", "width", "sharp", "turned"):
        table.add_column(column, no_wrap=True, justify="right")
    for column in ("this look alone", "all looks then", "said then"):
        table.add_column(column, overflow="fold")
    for look in looks:
        measures = look["measures"]
        cells = [
            look["look"].rpartition("#")[2],
            clock(look["at_ns"]),
            f"{look['quality']:.2f}",
            f"{measures['face_px']:.0f} px" if measures else "",
            f"{measures['sharpness']:.2f}" if measures else "",
            f"{max(abs(measures['yaw_deg']), abs(measures['pitch_deg'])):.0f}°" if measures else "",
            _candidates(look["candidates"]),
            _candidates(look["together"]),
            look["name"] or look["state"],
        ]
        if look["objection"]:
            cells[-1] += f" ({look['objection']})"
        table.add_row(*(Text(printable(cell)) for cell in cells))
    return table


def _candidates(candidates: list[dict[str, Any]]) -> str:
    return ", ".join(f"{one['name']} {one['score']:.3f}" for one in candidates)


def _decision(track: dict[str, Any]) -> list[str]:
    """What decided, in sentences."""
    decision, last = track["decision"], track["history"][-1] if track["history"] else {}
    if decision is None:
        return ["no looks are kept of it: it was not recognised, [events] keep_days are over, or kept_looks is 0"]
    bounds = decision["bounds"]
    lines = []
    if bounds:
        lines.append(
            f"rule {bounds['rule']}: a score of {bounds['threshold']:.3f} is needed ({bounds['threshold_source']}), "
            f"a lead of {bounds['margin']:.3f}, and {bounds['agreeing_looks']} looks that agree"
        )
    lines.append(
        decision["reason"] or f"{decision['name'] or decision['state']}, with a score of {decision['score']:.3f}"
    )
    if last and (last["state"], last["name"]) != (decision["state"], decision["name"]):
        lines.append(f"{last['name'] or last['state']} since {clock(last['at_ns'])}, decided anew by the same looks")
    return lines

"""`twinface explain`: why somebody was given a name, or none."""

from typing import Any

from rich.table import Table
from rich.text import Text

from twinface.cli.configuration import chosen_settings
from twinface.cli.console import Terminal, say_json
from twinface.cli.shared_options import EventOption, JsonOption, TrackOption
from twinface.text import plural, printable


def explain(
    *,
    event: EventOption = None,
    track: TrackOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what a decision rests on: every look with its quality and its three best candidates, the rule that decided,
    and what was missed, by how much.
    """
    from twinface.review.evidence import find_evidence
    from twinface.review.explain import explain as explain_evidence

    report = explain_evidence(find_evidence(chosen_settings().events_path, event, track))
    if as_json:
        say_json("explain", report)
        return
    console = Terminal(highlight=False)
    for one in report["tracks"]:
        console.print(Text(_headline(one)), style="bold")
        if one["looks"]:
            console.print(_looks_table(one["looks"]))
        for line in _decision(one):
            console.print(Text(printable(line)))


def _headline(track: dict[str, Any]) -> str:
    who = track["name"] or track["unknown"] or track["state"] or "nothing is known of it"
    return printable(f"{track['track']}: {who}")


def _looks_table(looks: list[dict[str, Any]]) -> Table:
    """A look is three lines, so that names have room and a terminal of 80 columns shows them."""
    from twinface.cli.review.events_table import clock

    table = Table(box=None, pad_edge=False)
    table.add_column("crop", no_wrap=True, justify="right")
    table.add_column("what was seen, and who it was said to be", overflow="fold")
    for look in looks:
        lines = [f"{clock(look['at_ns'])}  {_measures(look)}: {_said(look)}"]
        lines += [f"  this look alone: {_candidates(look['candidates'])}"] if look["candidates"] else []
        lines += [f"  all looks then:  {_candidates(look['together'])}"] if look["together"] else []
        table.add_row(look["look"].rpartition("#")[2], Text("\n".join(map(printable, lines))))
    return table


def _measures(look: dict[str, Any]) -> str:
    parts, measures = [f"quality {look['quality']:.2f}"], look["measures"]
    if measures:
        turned_deg = max(abs(measures["yaw_deg"]), abs(measures["pitch_deg"]))
        parts += [f"{measures['face_px']:.0f} px", f"sharp {measures['sharpness']:.2f}", f"turned {turned_deg:.0f}°"]
    return ", ".join(parts)


def _said(look: dict[str, Any]) -> str:
    who = str(look["name"] or look["state"])
    return f"{who} ({look['objection']})" if look["objection"] else who


def _candidates(candidates: list[dict[str, Any]]) -> str:
    return ", ".join(f"{one['name']} {one['score']:.3f}" for one in candidates)


def _decision(track: dict[str, Any]) -> list[str]:
    """What decided, in sentences."""
    from twinface.cli.review.events_table import clock

    decision, last = track["decision"], track["history"][-1] if track["history"] else {}
    if decision is None:
        return ["no looks are kept of it: it was not recognised, [events] keep_days are over, or kept_looks is 0"]
    bounds = decision["bounds"]
    lines = []
    if bounds:
        lines.append(
            f"rule {bounds['rule']}: a score of {bounds['threshold']:.3f} is needed ({bounds['threshold_source']}), "
            f"a lead of {bounds['margin']:.3f}, and {plural(bounds['agreeing_looks'], 'agreeing look')}"
        )
    lines.append(
        decision["reason"] or f"{decision['name'] or decision['state']}, with a score of {decision['score']:.3f}"
    )
    if last and (last["state"], last["name"]) != (decision["state"], decision["name"]):
        lines.append(f"{last['name'] or last['state']} since {clock(last['at_ns'])}, decided again by the same looks")
    return lines

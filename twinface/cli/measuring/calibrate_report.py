"""What `twinface calibrate` found, for people to read."""

from pathlib import Path
from typing import TYPE_CHECKING

from rich.table import Table

from twinface.cli.console import Terminal, escape, say
from twinface.text import plural

if TYPE_CHECKING:
    from twinface.calibration.by_people import CalibrationReport, Shortfall
    from twinface.evaluation.figures.intervals import Share
    from twinface.matching import Threshold
    from twinface.settings import MatchingSettings

NOTE = "These figures describe this gallery and what it was calibrated with; they are no accuracy on other people."
_LEGEND = """
FAR: share of comparisons of a picture with another person that reach the threshold. Accepts: how many
do. At most: the FAR's upper bound. Not named: pictures of the gallery's people, by their other
pictures. Strangers named: pictures that get somebody's name when their own person is not in the
gallery. Bounds and ranges hold 95 % of draws of people; so few as in (2 people) carry none.
"""
_MOST_SUSPECTS = 20
_MANY_STRANGERS = 0.01


def print_report(report: "CalibrationReport", gallery: Path, matching: "MatchingSettings") -> None:
    """Print it as a table and lines."""
    evidence, console = report.evidence, Terminal(highlight=False, soft_wrap=True)
    rule = f"best-k ({matching.best_k})" if matching.rule == "best-k" else matching.rule
    strangers = (
        f", {plural(evidence.strangers, 'stranger')} with {evidence.strangers_pictures:,}" if evidence.strangers else ""
    )
    console.print(
        f"{gallery}: {plural(evidence.people, 'person')} with {plural(evidence.pictures, 'picture')}{strangers};"
        f" rule {rule}\n"
        f"{evidence.comparisons:,.0f} impostor comparisons of {evidence.pairs:,.0f} pairs of people\n",
        markup=False,
    )
    console.print(_table(report))
    for rate in report.not_carried:
        too_few = f"too few people; the lowest reported is {evidence.lowest_rate:.2g}"
        reason = "more comparisons reach the highest score there is" if evidence.carries(rate) else too_few
        console.print(f"{rate:g}: not reported, {reason}")
    console.print(_LEGEND)
    named = report.chosen.strangers_named.share
    if named > _MANY_STRANGERS:
        console.print(
            f"a look at a stranger meets all {plural(evidence.people, 'person')}: {named:.1%} of looks get a name; "
            f"--far {_MANY_STRANGERS / evidence.people:.1g} would keep it near {_MANY_STRANGERS:.0%}"
        )
    for two, what in ((report.alike, "most alike"), (report.stranger_alike, "most alike stranger")):
        if two is not None:
            console.print(
                f"{what}: [bold]{escape(two.first)}[/] and [bold]{escape(two.second)}[/], "
                f"score {two.score:.3f}, {two.highest:.3f} at most"
            )
    _print_suspects(report, console)
    console.print(NOTE)


def print_shortfall(shortfall: "Shortfall", in_force: "Threshold", meaning: str) -> None:
    """Print what happens where people are too few: what they can show, and which threshold stays."""
    if shortfall.lowest_rate is not None:
        say(f"the lowest false-accept rate that these people can show is {shortfall.lowest_rate:.2g}")
    say(f"nothing is stored; the {in_force} stays in force: {meaning}")


def _table(report: "CalibrationReport") -> Table:
    table = Table("FAR", "threshold", "accepts", "at most", "not named", "strangers named", box=None)
    for point in report.points:
        style = "bold" if point is report.chosen else None
        accepted = point.accepted
        table.add_row(
            f"{point.rate:g}",
            f"{point.threshold:.4g}",
            f"{accepted.hits:,}",
            f"{accepted.interval.high:.2g}" if accepted.interval else _carriers(accepted),
            _describe(point.not_named),
            _describe(point.strangers_named),
            style=style,
        )
    return table


def _print_suspects(report: "CalibrationReport", console: Terminal) -> None:
    for reason, title in (
        ("mislabelled", "that may be mislabelled"),
        ("poor", "like no other picture of their person"),
    ):
        suspects = [one for one in report.suspects if one.reason == reason]
        if suspects:
            console.print(f"{plural(len(suspects), 'picture')} {title}:")
        for one in suspects[:_MOST_SUSPECTS]:
            other = f", {one.other_score:.3f} with {escape(one.other)}" if one.other else ""
            name = escape(Path(one.picture).name)
            console.print(f"  {escape(one.person)}: {name}, score {one.own:.3f} with their others{other}")
        if len(suspects) > _MOST_SUSPECTS:
            console.print(f"  and {len(suspects) - _MOST_SUSPECTS} more; --json lists all")


def _describe(share: "Share") -> str:
    if share.interval is None:
        return f"{share.hits:,}/{share.of:,} {_carriers(share)}"
    low, high = 100 * share.interval.low, 100 * share.interval.high
    return f"{share.hits:,}/{share.of:,} {low:.2g}-{high:.2g} %"


def _carriers(share: "Share") -> str:
    return f"({plural(share.people, 'person')})"

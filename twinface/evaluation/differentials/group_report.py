"""What the page about errors between groups shows: key figures, and the tables of each grouping."""

from collections.abc import Sequence
from dataclasses import dataclass

from twinface.evaluation.differentials.group_figures import (
    FEWEST_IN_GROUP,
    Differential,
    GroupFigures,
    GroupsEvaluation,
)
from twinface.evaluation.differentials.group_plots import plots_of
from twinface.evaluation.differentials.group_wording import (
    NO_RATE,
    TOO_FEW,
    describe_false_accepts,
    describe_false_rejects,
    describe_left_out,
    describe_people,
)
from twinface.evaluation.figures.intervals import ROUNDS, Share
from twinface.evaluation.report.page_parts import Cell, DrawnPlot, Key
from twinface.evaluation.report.wording import small_percent, small_range
from twinface.text import plural, printable


@dataclass(frozen=True, slots=True)
class GroupingSection:
    """A grouping: sentences about it, a row for each group, its plots, and a row for each two groups."""

    title: str
    lead: str
    columns: list[str]
    groups: list[list[Cell]]
    plots: list[DrawnPlot]
    between: list[list[Cell]]


def group_values(done: GroupsEvaluation, drawn: Sequence[DrawnPlot]) -> dict[str, object]:
    """The values of groups.html; `drawn` are the plots of all groupings."""
    sections = []
    for number, one in enumerate(done.differentials, start=1):
        names = {plot.name for plot in plots_of(done, one, number)}
        sections.append(_section(one, [plot for plot in drawn if plot.name in names]))
    return {
        "about": printable(". ".join([describe_people(done), *describe_left_out(done)]) + "."),
        "key_figures": _keys(done),
        "groupings": sections,
        "rounds": ROUNDS,
        "fewest_in_group": FEWEST_IN_GROUP,
    }


def _section(one: Differential, plots: list[DrawnPlot]) -> GroupingSection:
    has_rejects = any(group.genuine_people for group in one.groups)
    columns = [printable(one.grouping.title), "people", "FAR inside, %", "false accepts"]
    if has_rejects:
        columns += ["people with two pictures", "FRR, %", "false rejects"]
    names = [printable(group.name) for group in one.groups]
    ranked = sorted(one.between.items(), key=lambda item: -item[1].share if item[1] else 1.0)
    return GroupingSection(
        printable(one.grouping.title),
        printable(_lead(one)),
        columns,
        [_group(group, has_rejects=has_rejects) for group in one.groups],
        plots,
        [[f"{names[first]} · {names[second]}", *_share(share)] for (first, second), share in ranked],
    )


def _lead(one: Differential) -> str:
    sentences = [describe_false_accepts(one), describe_false_rejects(one)]
    if one.unlabelled:
        sentences.append(f"{plural(one.unlabelled, 'picture')} without a label here")
    return " ".join(f"{text[0].upper()}{text[1:]}." for text in sentences if text)


def _keys(done: GroupsEvaluation) -> list[Key]:
    keys = [
        (f"{kind}, everybody", f"{small_percent(share.share)} %", small_range(share.interval))
        for kind, share in (
            ("False accepts (FAR)", done.everybody.false_accepts),
            ("False rejects (FRR)", done.everybody.false_rejects),
        )
        if share is not None and share.interval is not None
    ]
    for one in done.differentials:
        ratio = one.false_accept_ratio
        if ratio is not None:
            words = f"{'at least ' if ratio.at_least else ''}{ratio.value:.1f} times"
            title = f"FAR, highest to lowest by {printable(one.grouping.title)}"
            keys.append((title, words, printable(f"{ratio.worst} to {ratio.least}")))
    return keys


def _group(group: GroupFigures, *, has_rejects: bool) -> list[Cell]:
    cells = [printable(group.name), f"{group.people:,}", *_share(group.false_accepts)]
    return [*cells, f"{group.genuine_people:,}", *_share(group.false_rejects)] if has_rejects else cells


def _share(share: Share | None) -> list[Cell]:
    """The rate with its interval, and the counts."""
    if share is None:
        return [TOO_FEW, NO_RATE]
    rate = small_percent(share.share)
    return [
        (rate, small_range(share.interval)) if share.interval else rate,
        f"{share.hits:,} of {share.of:,}",
    ]

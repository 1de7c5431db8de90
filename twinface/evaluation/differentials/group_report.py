"""The parts of the page that show how errors differ between groups."""

from collections.abc import Mapping, Sequence
from html import escape

from twinface.evaluation.differentials.group_figures import FEWEST_IN_GROUP, Differential, GroupFigures
from twinface.evaluation.differentials.group_plots import plots_of
from twinface.evaluation.differentials.group_results import GroupsEvaluation
from twinface.evaluation.differentials.group_wording import (
    NO_RATE,
    TOO_FEW,
    describe_false_accepts,
    describe_false_rejects,
    describe_left_out,
    describe_people,
)
from twinface.evaluation.figures.calibration import Share
from twinface.evaluation.figures.intervals import ROUNDS
from twinface.evaluation.report.frame import figures, header
from twinface.evaluation.report.parts import Note, notes, table
from twinface.evaluation.report.plots import Plot
from twinface.evaluation.report.wording import describe_subject, small_percent, small_range
from twinface.text import printable


def group_sections(done: GroupsEvaluation, plots: Sequence[Plot], files: Mapping[str, bytes]) -> list[str]:
    """The whole page: everybody's figures, then each grouping; `plots` are drawn in `files` already."""
    about = printable(". ".join([describe_people(done), *describe_left_out(done)]) + ".")
    sections = [header(f"{describe_subject(done.subject)}: between groups", about), _keys(done)]
    for number, one in enumerate(done.differentials, start=1):
        names = {plot.name for plot in plots_of(done, one, number)}
        sections += [
            f"<h2>By {escape(printable(one.grouping.title))}</h2>",
            f'<p class="lead">{escape(printable(_lead(one)))}</p>',
            f'<div class="card">{_groups(one)}</div>',
            figures([plot for plot in plots if plot.name in names], files),
            _between(one),
        ]
    return [*sections, "<h2>How these figures are made</h2>", notes(_notes(done))]


def _lead(one: Differential) -> str:
    sentences = [describe_false_accepts(one), describe_false_rejects(one)]
    if one.unlabelled:
        sentences.append(f"{one.unlabelled:,} pictures have no label here")
    return " ".join(f"{text[0].upper()}{text[1:]}." for text in sentences if text)


def _keys(done: GroupsEvaluation) -> str:
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
            keys.append((title, words, escape(printable(f"{ratio.worst} to {ratio.least}"))))
    cells = "".join(f"<div><dt>{escape(a)}</dt><dd>{b}<small>{c}</small></dd></div>" for a, b, c in keys)
    return f'<dl class="keys">{cells}</dl>'


def _groups(one: Differential) -> str:
    has_rejects = any(group.genuine_people for group in one.groups)
    columns = [printable(one.grouping.title), "people", "FAR inside, %", "false accepts"]
    if has_rejects:
        columns += ["people with two pictures", "FRR, %", "false rejects"]
    return table(columns, [_group(group, has_rejects=has_rejects) for group in one.groups])


def _group(group: GroupFigures, *, has_rejects: bool) -> list[str]:
    cells = [escape(printable(group.name)), f"{group.people:,}", *_share(group.false_accepts)]
    return [*cells, f"{group.genuine_people:,}", *_share(group.false_rejects)] if has_rejects else cells


def _between(one: Differential) -> str:
    if not one.between:
        return ""
    names = [escape(printable(group.name)) for group in one.groups]
    ranked = sorted(one.between.items(), key=lambda item: -item[1].share if item[1] else 1.0)
    rows = [[f"{names[first]} · {names[second]}", *_share(share)] for (first, second), share in ranked]
    columns = ["groups", "FAR between, %", "false accepts"]
    return (
        f'<details class="card"><summary>Each two groups, the highest first</summary>{table(columns, rows)}</details>'
    )


def _share(share: Share | None) -> list[str]:
    """The rate with its interval, and the counts."""
    if share is None:
        return [TOO_FEW, NO_RATE]
    within = f"<small>{small_range(share.interval)}</small>" if share.interval else ""
    return [f"{small_percent(share.share)}{within}", f"{share.hits:,} of {share.of:,}"]


def _notes(done: GroupsEvaluation) -> list[Note]:
    lines = [
        ("FAR", "The share of pairs of two people that reach the threshold: inside a group, or between two."),
        ("FRR", "The share of pairs of pictures of one person that do not."),
        (
            "Threshold",
            f"The same for everybody: {done.point.source}. It stays as it is in every round of the bootstrap.",
        ),
        (
            "Intervals",
            f"95 %: {ROUNDS:,} rounds in which people, not pairs, are drawn with replacement; nobody is an impostor to"
            " their own copy. Where nothing was accepted they end where the rule of three does.",
        ),
        (
            "Ratio",
            "Of the highest rate inside a group to the lowest; the interval is of these two. Of several groups one is"
            " highest by chance alone, so that a ratio somewhat above 1 says little.",
        ),
        ("Too few", f"Fewer than {FEWEST_IN_GROUP} people, or people with two pictures, carry no rate."),
    ]
    if done.same_person_above is not None:
        lines.append(
            (
                "Left out",
                f"Pairs of two people with a cosine above {done.same_person_above:g} are perhaps of one person.",
            )
        )
    return lines

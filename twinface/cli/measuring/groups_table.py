"""The errors of groups in the terminal, in 80 columns."""

from rich.table import Table

from twinface.cli.console import Terminal, escape
from twinface.evaluation.differentials.group_figures import FEWEST_IN_GROUP, Differential, GroupFigures
from twinface.evaluation.differentials.group_results import GroupsEvaluation
from twinface.evaluation.differentials.group_wording import (
    NO_RATE,
    TOO_FEW,
    describe_false_accepts,
    describe_false_rejects,
    describe_left_out,
    describe_people,
)
from twinface.evaluation.figures.working_point import Share
from twinface.evaluation.report.wording import describe_subject, small_percent, small_range
from twinface.text import plural

_WIDEST_MATRIX = 8
_CELL_LETTERS = 7
_PADDING = 2
_COLUMNS = 80
_HIGHEST_PAIRS = 10


def print_groups(done: GroupsEvaluation) -> None:
    """Everybody, then each grouping: its groups, what lies between them, and the ratios."""
    console = Terminal(highlight=False)
    console.print(f"[bold]{escape(describe_subject(done.subject))}[/]")
    for line in (describe_people(done), *describe_left_out(done)):
        console.print(escape(line))
    has_rejects = done.everybody.genuine_people > 0
    for one in done.differentials:
        console.print(f"\n[bold]by {escape(one.grouping.title)}[/]")
        if one.unlabelled:
            console.print(f"{plural(one.unlabelled, 'picture')} without a label here")
        _print_groups(console, done, one, has_rejects=has_rejects)
        if len(one.groups) > 1:
            _print_between(console, one)
        for line in (describe_false_accepts(one), describe_false_rejects(one)):
            if line:
                console.print(escape(line))
    if not has_rejects:
        console.print("\nfalse rejects: not measured, nobody has two pictures")
    console.print(
        f"[dim]below each rate its 95 % interval, by drawing people; too few: fewer than {FEWEST_IN_GROUP} people;"
        f" {done.seconds:.1f} s[/]"
    )


def _print_groups(console: Terminal, done: GroupsEvaluation, one: Differential, *, has_rejects: bool) -> None:
    table = Table(box=None, pad_edge=False, padding=(0, _PADDING, 0, 0))
    table.add_column("\n[dim]people[/]", overflow="fold")
    columns = ["FAR inside\n%", "false accepts\nof pairs"]
    for column in (*columns, *(("FRR\n%", "false rejects\nof pairs") if has_rejects else ())):
        table.add_column(column, justify="right", no_wrap=True)
    names = [f"{number} {group.name}" for number, group in enumerate(one.groups, start=1)]
    for name, group in zip((*names, done.everybody.name), (*one.groups, done.everybody), strict=True):
        table.add_row(*_row(name, group, has_rejects=has_rejects))
    console.print(table)


def _row(name: str, group: GroupFigures, *, has_rejects: bool) -> list[str]:
    cells = [f"{escape(name)}\n[dim]{group.people:,}[/]", *_cells(group.false_accepts)]
    return [*cells, *_cells(group.false_rejects)] if has_rejects else cells


def _cells(share: Share | None) -> list[str]:
    if share is None:
        return [f"[dim]{TOO_FEW}[/]", ""]
    within = f"\n[dim]{small_range(share.interval)}[/]" if share.interval else ""
    return [f"{small_percent(share.share)}{within}", f"{share.hits:,}\n[dim]{share.of:,}[/]"]


def _print_between(console: Terminal, one: Differential) -> None:
    """The whole matrix, below the diagonal, where it fits; else the groups that are accepted for each other most."""
    names = [escape(group.name) for group in one.groups]
    if len(names) > _WIDEST_MATRIX:
        ranked = sorted(
            ((share.share, share, places) for places, share in one.between.items() if share), key=lambda item: -item[0]
        )
        console.print(f"FAR between groups, %, the {min(_HIGHEST_PAIRS, len(ranked))} highest of {len(one.between)}")
        for rate, share, (first, second) in ranked[:_HIGHEST_PAIRS]:
            within = f"[dim]{small_range(share.interval)}[/]" if share.interval else ""
            console.print(f"  {small_percent(rate)}  {names[first]} [dim]and[/] {names[second]}  {within}")
        return
    width = _COLUMNS - len(names) * (_CELL_LETTERS + _PADDING)
    table = Table(box=None, pad_edge=False, padding=(0, _PADDING, 0, 0))
    table.add_column("FAR, %", no_wrap=True, overflow="ellipsis", max_width=width)
    for number in range(1, len(names) + 1):
        table.add_column(str(number), justify="right", no_wrap=True)
    for row, name in enumerate(names):
        shares = [one.between[column, row] for column in range(row)] + [one.groups[row].false_accepts]
        table.add_row(
            f"{row + 1} {name}", *(small_percent(one.share, 2) if one else f"[dim]{NO_RATE}[/]" for one in shares)
        )
    console.print(table)

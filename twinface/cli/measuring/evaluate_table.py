"""The figures of an evaluation in the terminal, those of groups in 80 columns."""

from collections.abc import Sequence

from rich.table import Table

from twinface.cli.console import Terminal, escape
from twinface.evaluation.differentials.group_figures import (
    FEWEST_IN_GROUP,
    Differential,
    GroupFigures,
    GroupsEvaluation,
)
from twinface.evaluation.differentials.group_wording import (
    NO_RATE,
    TOO_FEW,
    describe_false_accepts,
    describe_false_rejects,
    describe_left_out,
    describe_people,
)
from twinface.evaluation.figures.intervals import FEWEST_PEOPLE, Share
from twinface.evaluation.figures.results import FeaturesEvaluation, Identification, PairsEvaluation, Verification
from twinface.evaluation.report.wording import (
    no_interval,
    percent,
    percent_range,
    score_text,
    share_range,
    small_percent,
    small_range,
)
from twinface.text import plural

_WORST = 5

_WIDEST_MATRIX = 8
_CELL_LETTERS = 7
_PADDING = 2
_COLUMNS = 80
_HIGHEST_PAIRS = 10


def print_evaluation(done: PairsEvaluation | FeaturesEvaluation) -> None:
    """A compact table; intervals of 95 % stand below each figure."""
    console = Terminal(highlight=False)
    console.print(f"[bold]{escape(str(done.subject))}[/]")
    if isinstance(done, PairsEvaluation):
        _print_accuracy(console, done)
        _print_verifications(console, [done.verification])
    else:
        counts = f"{plural(len(done.people), 'person')}, {plural(len(done.files), 'picture')}"
        console.print(f"{counts} ({escape(done.chosen)})")
        if done.left_out:
            console.print(f"{plural(done.left_out, 'person')} left out: the head was trained on them")
        _print_verifications(console, done.verifications)
        if done.identification:
            _print_identification(console, done.identification, done)
        else:
            console.print("identification: not measured, it needs four people, two of them with four pictures")
    console.print(
        f"[dim]below each figure its 95 % interval, by redrawing people, where {FEWEST_PEOPLE} carry it;"
        f" {done.seconds:.1f} s[/]"
    )


def _print_accuracy(console: Terminal, done: PairsEvaluation) -> None:
    accuracies = done.folded.accuracies
    console.print(
        f"accuracy [bold]{percent(accuracies.mean())}[/] ± {percent(accuracies.std())} over {len(accuracies)} folds"
        f"  [dim]{percent_range(done.accuracy_interval, done.verification.carriers)}[/],"
        f" threshold {score_text(done.folded.thresholds.mean())}"
    )
    if done.undetected:
        console.print(
            f"{plural(done.undetected, 'pair')} decided different: no face in"
            f" {plural(done.undetected_pictures, 'picture')}"
        )
    if done.left_out:
        console.print(f"{plural(done.left_out, 'pair')} left out: the head was trained on somebody in them")


def _print_verifications(console: Terminal, verifications: Sequence[Verification]) -> None:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    rates = list(verifications[0].figures.accepted_at)
    table.add_column("\n[dim]genuine+impostor[/]", overflow="fold")
    for column in ("EER\n%", "AUC\n", *(f"TAR % at\nFAR {float(rate):g}" for rate in rates)):
        table.add_column(column, justify="right", no_wrap=True)
    for one in verifications:
        table.add_row(*_row(one, rates))
    console.print(table)


def _row(one: Verification, rates: Sequence[str]) -> list[str]:
    figures, intervals = one.figures, one.intervals
    counts = f"{figures.genuine_pairs:,}+{figures.impostor_pairs:,}"
    eer, auc = (intervals[name] for name in ("eer", "auc"))
    if eer is None:
        counts += f"\n{no_interval(one.carriers)}"
    cells = [
        f"{escape(one.title)}\n[dim]{counts}[/]",
        f"{100 * figures.eer:.2f}" + (_below(percent_range(eer, one.carriers)) if eer else ""),
        f"{figures.auc:.4f}" + (_below(share_range(auc, one.carriers)) if auc else ""),
    ]
    for rate in rates:
        if rate in figures.accepted_at:
            interval = intervals[f"tar_at_far_{rate}"]
            below = _below(percent_range(interval, one.carriers, digits=1)) if interval else ""
            cells.append(f"{100 * figures.accepted_at[rate]:.2f}{below}")
        else:
            cells.append("[dim]too few[/]")
    return cells


def _below(text: str) -> str:
    return f"\n[dim]{text}[/]"


def _print_identification(console: Terminal, found: Identification, done: FeaturesEvaluation) -> None:
    figures = found.figures
    console.print(
        f"identification ({found.rule}): {figures.genuine_pairs:,} searches for known people,"
        f" {figures.impostor_pairs:,} for strangers"
    )
    console.print(
        f"  rank 1 [bold]{percent(found.rank1)}[/]  [dim]{percent_range(found.rank1_interval, found.carriers)}[/]"
    )
    for rate, accepted in figures.accepted_at.items():
        interval = found.intervals[f"tar_at_far_{rate}"]
        console.print(
            f"  FNIR [bold]{percent(1 - accepted)}[/] at FPIR {percent(float(rate))}"
            f"  [dim]{percent_range(interval and interval.of_the_rest, found.carriers)}[/],"
            f" threshold {score_text(figures.thresholds[rate])}"
        )
    for one in found.confusions[:_WORST]:
        name = done.people[found.searches.person[one.probe]]
        console.print(
            f"  {escape(name)}/{escape(done.files[one.probe])} [dim]taken for[/] {escape(done.people[one.taken_for])}"
            f" [dim]{one.times} of {one.searches} times, {score_text(one.score)}[/]"
        )


def print_groups(done: GroupsEvaluation) -> None:
    """Everybody, then each grouping: its groups, what lies between them, and the ratios."""
    console = Terminal(highlight=False)
    console.print(f"[bold]{escape(str(done.subject))}[/]")
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
        table.add_row(*_group_row(name, group, has_rejects=has_rejects))
    console.print(table)


def _group_row(name: str, group: GroupFigures, *, has_rejects: bool) -> list[str]:
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

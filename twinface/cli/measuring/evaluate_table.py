"""The figures of an evaluation in the terminal."""

from collections.abc import Sequence

from rich.table import Table

from twinface.cli.console import Terminal, escape
from twinface.evaluation.figures.intervals import FEWEST_PEOPLE
from twinface.evaluation.figures.results import FeaturesEvaluation, Identification, PairsEvaluation, Verification
from twinface.evaluation.report.wording import (
    describe_subject,
    no_interval,
    percent,
    percent_range,
    score_text,
    share_range,
)
from twinface.text import plural

_WORST = 5


def print_evaluation(done: PairsEvaluation | FeaturesEvaluation) -> None:
    """A compact table; intervals of 95 % stand below each figure."""
    console = Terminal(highlight=False)
    console.print(f"[bold]{escape(describe_subject(done.subject))}[/]")
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

"""What `distill` and `finetune` share: a run learns here and shows it, or the trainer of the running box does it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from twinface.cli.configuration import chosen_run_directory, chosen_settings
from twinface.cli.console import errors, note, say, shown_status, warn

if TYPE_CHECKING:
    from twinface.distillation.checkpoints import Progress as State
    from twinface.distillation.order import Order
    from twinface.distillation.period import Figures
    from twinface.distillation.run import Settings
    from twinface.errors import InputError

BackgroundOption = Annotated[
    bool,
    typer.Option(
        "--background", help="The trainer of the running box does it, at low priority; `twinface status` shows it."
    ),
]
StopOption = Annotated[bool, typer.Option("--stop", help="Stop the trainer's work on this run; --resume goes on.")]


def learn(
    output: Path,
    settings: "Settings",
    period: "State",
    *,
    resume: bool,
    background: bool,
    stop: bool,
) -> None:
    """Learn for a period, or go on, here or in the background, or stop what goes on there.

    Raises InputError when it is not said for how long.
    """

    from twinface.distillation.order import make_order

    if stop:
        _stop(output)
        return
    order = make_order(output, settings, period, resume=resume)
    if background:
        _hand_over(order)
    else:
        _learn_shown(order)


def _learn_shown(order: "Order") -> None:
    from twinface.distillation.order import carry_out, summary
    from twinface.distillation.run import Listener

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, console=errors, transient=True, disable=not errors.is_terminal) as bar:
        task = bar.add_task("preparing", total=None)

        def on_picture(_path: Path, error: "InputError | None") -> None:
            bar.advance(task)
            if error is not None:
                warn(error)

        def on_step(state: "State", done: float) -> None:
            bar.update(task, total=1.0, completed=done, description=f"learning, {state.samples:,} samples")

        def on_figures(figures: "Figures") -> None:
            note(describe(figures))

        def on_resumed(state: "State") -> None:
            note(f"going on from the last checkpoint, {state.samples:,} samples")

        reached = carry_out(order, Listener(on_picture, on_step, on_figures, on_resumed))
    say(summary(order, reached))


def _hand_over(order: "Order") -> None:
    from twinface.box.trainer import begin_teaching

    settings = chosen_settings()
    with shown_status("starting the trainer") as show:
        begun = begin_teaching(settings, chosen_run_directory(settings), order, say=show)
    say(f"{begun.detail}; `twinface status` shows how far it is, the same command with --stop ends it")


def _stop(output: Path) -> None:
    from twinface.box.trainer import stop_teaching

    settings = chosen_settings()
    with shown_status("stopping", before="stopping: ") as show:
        ended = stop_teaching(settings, chosen_run_directory(settings), output, say=show)
    say(ended.detail)


def describe(figures: "Figures") -> str:
    """The figures on a line."""
    text = (
        f"{figures.minutes:.1f} min {figures.samples} samples: loss {figures.loss:.4f}"
        f" agreement {figures.agreement:.4f} hints {figures.hint_error:.3f} rate {figures.learning_rate:.2e}"
    )
    if figures.held_out_agreement is None:
        return text
    return (
        f"{text} | held out: agreement {figures.held_out_agreement:.4f} EER {figures.held_out_eer:.2%}"
        f" projected {figures.held_out_projected_eer:.2%}"
    )

"""What `distill` and `finetune` share: a run learns here and shows it, or the trainer of the running box does it."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from twinface.cli.configuration import chosen_run_directory, chosen_settings
from twinface.cli.console import errors, note, say, shown_status, warn

if TYPE_CHECKING:
    from twinface.distillation.checkpoints import Progress as State
    from twinface.distillation.run_order import Order, Settings
    from twinface.distillation.training_period import Figures
    from twinface.errors import InputError


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """The folder of a run, for how long it learns, and how."""

    output: Annotated[Path, typer.Option("--output", help="Folder of the run: crops, answers, checkpoints, log.")]
    people: Annotated[
        Path | None, typer.Option("--people", help="A folder a person; every fifth is held out and measured on.")
    ] = None
    minutes: Annotated[float | None, typer.Option("--minutes", min=0.01, help="Learn for so long.")] = None
    steps: Annotated[int | None, typer.Option("--steps", min=1, help="Learn for so many batches.")] = None
    resume: Annotated[
        bool, typer.Option("--resume", help="Resume from the last checkpoint; with --minutes or --steps: a new period.")
    ] = False
    measure_minutes: Annotated[
        float, typer.Option("--measure-minutes", min=0.0, help="Between two looks at the held-out people.")
    ] = 5.0
    seed: Annotated[int, typer.Option("--seed", help="The same for the same number of steps.")] = 0
    threads: Annotated[int, typer.Option("--threads", min=1, help="Processor threads.")] = 2
    background: Annotated[
        bool,
        typer.Option(
            "--background", help="The trainer of the running box does it, at low priority; `twinface status` shows it."
        ),
    ] = False
    stop: Annotated[bool, typer.Option("--stop", help="Stop the trainer's work on this run; --resume goes on.")] = False


def learn(options: RunOptions, settings: "Settings", period: "State") -> None:
    """Learn for a period, or go on, here or in the background, or stop what goes on there.

    Raises InputError when it is not said for how long.
    """
    from twinface.distillation.run_order import make_order

    if options.stop:
        _stop(options.output)
        return
    order = make_order(options.output, settings, period, resume=options.resume)
    if options.background:
        _hand_over(order)
    else:
        _learn_shown(order)


def _learn_shown(order: "Order") -> None:
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    from twinface.distillation.run_order import summary
    from twinface.distillation.training_run import Listener, carry_out

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
    from twinface.box.trainer_client import begin_teaching

    settings = chosen_settings()
    with shown_status("starting the trainer") as show:
        begun = begin_teaching(settings, chosen_run_directory(settings), order, say=show)
    say(f"{begun.detail}; `twinface status` shows how far it is, the same command with --stop ends it")


def _stop(output: Path) -> None:
    from twinface.box.trainer_client import stop_teaching

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

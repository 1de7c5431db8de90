"""What `distill` and `finetune` share: a run learns here and shows it, or the trainer of the running box does it."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from twinface.cli.configuration import chosen_run_directory, chosen_settings
from twinface.cli.console import errors, escape, note, say, warn
from twinface.cli.learning.trainer import POLL_S, ask_trainer, start_trainer, trainer_runs
from twinface.errors import InputError, TwinfaceError

if TYPE_CHECKING:
    from twinface.distillation.checkpoints import Progress as State
    from twinface.distillation.order import Order
    from twinface.distillation.period import Figures
    from twinface.distillation.run import Settings

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
    from twinface.distillation.order import Order

    if stop:
        _stop(output)
        return
    if period.period_minutes is not None and period.period_steps is not None:
        raise InputError("--minutes and --steps exclude each other; give one")
    new = period.period_minutes is not None or period.period_steps is not None
    if not new and not resume:
        raise InputError("how long? give --minutes or --steps")
    order = Order(output, settings, period if new else None, resume)
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

        def on_picture(_path: Path, error: InputError | None) -> None:
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
    """Returns when the trainer has begun to learn, so that what is wrong with the order is said here."""
    from twinface.box.training_work import LEARNING
    from twinface.distillation.order import in_full, to_plain

    settings = chosen_settings()
    with errors.status("starting the trainer") as shown:
        run = start_trainer(settings)
        answer = ask_trainer(run, "teach", to_plain(in_full(order)))
        while answer["state"] == "running" and not answer["detail"].startswith(LEARNING):
            shown.update(escape(answer["detail"]))
            time.sleep(POLL_S)
            answer = ask_trainer(run, "progress")
    if answer["state"] == "failed":
        raise TwinfaceError(answer["detail"])
    say(f"{answer['detail']}; `twinface status` shows how far it is, the same command with --stop ends it")


def _stop(output: Path) -> None:
    settings = chosen_settings()
    run = chosen_run_directory(settings)
    if not trainer_runs(run, settings):
        raise InputError("nothing is being trained")
    with errors.status("stopping") as shown:
        answer = ask_trainer(run, "stop", {"run": str(output.absolute())})
        while answer["state"] == "running":
            shown.update(f"stopping: {answer['detail']}")
            time.sleep(POLL_S)
            answer = ask_trainer(run, "progress")
    say(answer["detail"])


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

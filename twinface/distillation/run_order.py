"""What a run is asked to learn, as a value that can be handed to another process."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from twinface.distillation.checkpoints import Progress
from twinface.distillation.packing import Sources
from twinface.errors import InputError


@dataclass(frozen=True, slots=True)
class Settings:
    """A run's own settings, fixed when it starts. `views`: in how many ways the teacher is shown each crop, and
    its answers kept; 0: endless ones, drawn and answered on the device as they are trained on. `begin_with`: a run
    or a network whose weights are taken over. `people_weight`: how much it counts to tell the folders' people apart,
    beside the teacher. `last_stages`: of the network's five, so many learn. `kept_share`: of the weights taken over, in
    those that a finished period ends with.
    """

    sources: Sources
    teacher: str = "sface"
    seed: int = 0
    views: int = 8
    threads: int = 2
    measure_minutes: float = 5.0
    begin_with: Path | None = None
    people_weight: float = 0.0
    last_stages: int = 5
    kept_share: float = 0.0


@dataclass(frozen=True, slots=True)
class Order:
    """Learn in the folder `run` for a `period`; `resume`: continue from its last checkpoint, without a period with the
    one that was stopped.
    """

    run: Path
    settings: Settings
    period: Progress | None
    resume: bool = False


def make_order(run: Path, settings: Settings, period: Progress, *, resume: bool = False) -> Order:
    """An order for a period of so many minutes or steps, as `period` says; with `resume` it may leave both open.

    Raises InputError where it says neither or both.
    """
    if period.period_minutes is not None and period.period_steps is not None:
        raise InputError("--minutes and --steps exclude each other; give one")
    is_new = period.period_minutes is not None or period.period_steps is not None
    if not is_new and not resume:
        raise InputError("how long? give --minutes or --steps")
    return Order(run, settings, period if is_new else None, resume)


def to_plain(order: Order) -> dict[str, Any]:
    """An order, JSON-ready."""
    plain: dict[str, Any] = TypeAdapter(Order).dump_python(order, mode="json")
    return plain


def from_plain(plain: Mapping[str, Any]) -> Order:
    """What `to_plain` gave. Raises pydantic.ValidationError, a ValueError."""
    return TypeAdapter(Order).validate_python(plain)


def in_full(order: Order) -> Order:
    """The same order for a process that is started elsewhere: with absolute paths."""
    settings = order.settings
    sources = Sources(
        tuple(path.absolute() for path in settings.sources.crops),
        tuple(path.absolute() for path in settings.sources.faces),
        settings.sources.people and settings.sources.people.absolute(),
    )
    teacher, begin_with = Path(settings.teacher), settings.begin_with
    settings = replace(
        settings,
        sources=sources,
        teacher=str(teacher.absolute()) if teacher.is_dir() else settings.teacher,
        begin_with=begin_with.absolute() if begin_with and begin_with.is_dir() else begin_with,
    )
    return replace(order, run=order.run.absolute(), settings=settings)


def summary(order: Order, reached: Progress) -> str:
    """What came of an order, on a line."""
    ending = "finished" if reached.finished else "stopped; --resume goes on"
    return f"{reached.samples} samples, period {ending}: {order.run}"

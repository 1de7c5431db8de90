"""Where each target stands, by what the store says; the process need not run."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from twinface.errors import NotThereError
from twinface.events.deliveries import Delivery, DeliveryState, read_deliveries
from twinface.events.outbox import Backlog, read_backlogs
from twinface.settings import Settings
from twinface.text import mask_target


@dataclass(frozen=True, slots=True)
class TargetState:
    """A target: `waiting` events have not been tried yet, `retried` are tried again, `dead` were given up.

    `passed_over` were erased before they were sent; `is_gone` where the target wants no more. `name` is as the store
    has it, such as "webhook:house"; `url` as it may be shown.
    """

    name: str
    url: str
    waiting: int
    retried: int
    dead: int
    passed_over: int
    is_gone: bool


@dataclass(frozen=True, slots=True)
class Overview:
    """All targets of a configuration, and what they did not take."""

    targets: tuple[TargetState, ...]
    deliveries: tuple[Delivery, ...]


def read_overview(settings: Settings) -> Overview:
    """Raises ArtefactError where the store cannot be read."""
    urls = target_urls(settings)
    deliveries = [one for one in read_deliveries(settings.events_path) if one.target in urls]
    backlogs = read_backlogs(settings.events_path)
    states = (
        _state(name, url, backlogs.get(name, Backlog(0, 0)), [one.state for one in deliveries if one.target == name])
        for name, url in urls.items()
    )
    return Overview(tuple(states), tuple(deliveries))


def target_urls(settings: Settings) -> dict[str, str]:
    """The URL of each target as it stands in the configuration, by the name under which the store knows it."""
    urls = {f"webhook:{one.name}": one.url for one in settings.webhook}
    return urls | {f"notify:{one.name}": one.url for one in settings.notify}


def choose_targets(settings: Settings, kind: str, name: str | None) -> Sequence[str]:
    """The names of all targets of a kind, "webhook" or "notify", or that of one. Raises NotThereError without any."""
    there = [one.removeprefix(f"{kind}:") for one in target_urls(settings) if one.startswith(f"{kind}:")]
    if not there:
        raise NotThereError(f"no [[{kind}]] in the configuration; add one with `name` and `url`")
    if name is not None and name not in there:
        raise NotThereError(f"no [[{kind}]] is called {name!r}; there is {', '.join(there)}")
    return [f"{kind}:{one}" for one in there if name in {None, one}]


def _state(name: str, url: str, backlog: Backlog, states: Sequence[DeliveryState]) -> TargetState:
    count = Counter(states)
    return TargetState(
        name,
        mask_target(url),
        backlog.waiting,
        count[DeliveryState.WAITING],
        count[DeliveryState.DEAD] + count[DeliveryState.GONE],
        backlog.passed_over,
        count[DeliveryState.GONE] > 0,
    )

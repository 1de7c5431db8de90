"""What a box does in a second: the difference between two readings of its health and its books."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from twinface.box.accounts import LinkBooks
from twinface.box.box_status import BoxStatus
from twinface.messages.schema import Heartbeat


@dataclass(frozen=True, slots=True)
class ProcessRates:
    """`cpu_cores` are cores kept busy, `per_second` how fast each counter grew, `latency_ms` p50 and p95 of each stage.

    Of a process that was not heard twice, or started between, the rates are those since its start.
    """

    name: str
    condition: str
    cpu_cores: float
    memory_mb: float
    per_second: Mapping[str, float]
    latency_ms: Mapping[str, tuple[float, float]]


@dataclass(frozen=True, slots=True)
class LinkRates:
    """Messages a second of one sender's link, and how many wait or are on their way now."""

    topic: str
    sender: str
    sent: float
    received: float
    dropped: float
    lost: float
    waiting: int
    in_flight: int


@dataclass(frozen=True, slots=True)
class BoxRates:
    """Of `seconds` between two readings."""

    seconds: float
    processes: tuple[ProcessRates, ...]
    links: tuple[LinkRates, ...]

    @property
    def plain(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self)


def rates_between(before: BoxStatus, after: BoxStatus, seconds: float) -> BoxRates:
    """What happened in `seconds` between two readings; a process or link that has gone meanwhile is left out."""
    healths = {health.name: str(health.condition) for health in after.healths}
    processes = [
        _process(healths[name], before.beats.get(name), after.beats[name]) for name in healths if name in after.beats
    ]
    return BoxRates(seconds, tuple(processes), tuple(_links(before, after, seconds)))


def _process(condition: str, before: Heartbeat | None, after: Heartbeat) -> ProcessRates:
    """By the uptimes of both heartbeats, since these come when they come."""
    earlier = (
        before if before is not None and (before.pid, before.uptime_s < after.uptime_s) == (after.pid, True) else None
    )
    seconds = after.uptime_s - (earlier.uptime_s if earlier else 0.0)
    counted = earlier.counters if earlier else {}
    return ProcessRates(
        name=after.process,
        condition=condition,
        cpu_cores=(after.cpu_s - (earlier.cpu_s if earlier else 0.0)) / max(seconds, 1e-3),
        memory_mb=after.memory_mb,
        per_second={
            name: (count - counted.get(name, 0)) / max(seconds, 1e-3) for name, count in after.counters.items()
        },
        latency_ms=after.latency_ms,
    )


def _links(before: BoxStatus, after: BoxStatus, seconds: float) -> Iterator[LinkRates]:
    known = {(link.topic, link.sender, link.epoch): link for link in before.links}
    for link in after.links:
        if not link.alive:
            continue
        earlier = known.get((link.topic, link.sender, link.epoch))
        grown = [now - then for now, then in zip(_totals(link), _totals(earlier), strict=True)]
        sent, received, dropped, lost = (max(0.0, number / seconds) for number in grown)
        yield LinkRates(link.topic, link.sender, sent, received, dropped, lost, link.waiting, link.in_flight)


def _totals(link: LinkBooks | None) -> tuple[int, int, int, int]:
    if link is None:
        return 0, 0, 0, 0
    return link.sent, link.received, sum(link.dropped.values()), sum(link.lost.values())

"""The box as a whole: its cameras, disk and books, what is wrong and how to mend it, and the last hours."""

import platform
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from importlib.metadata import version
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel

from twinface.box.accounts import LinkBooks, read_links
from twinface.box.health import Condition
from twinface.box.last_heard import log_path
from twinface.processes import CAMERA, MATCHER
from twinface.web.api.context import Context
from twinface.web.box_history import STEP_S, Values

_MENDS = {
    Condition.STARTING: None,
    Condition.RESTARTING: "it is started again by itself; where that goes on, its log has the reason: {log}",
    Condition.WAITING: "it tries again by itself; what it waits for has to be put right",
    Condition.DEGRADED: "it goes on with its work; what it says has to be put right",
    Condition.HUNG: "it is ended and started again by itself; where that goes on, its log has the reason: {log}",
    Condition.FAILED: "its log has the reason: {log}; `twinface down` and `twinface up` start it again",
}


class CameraShown(BaseModel):
    """A camera: `state` as in the health of its process, `fps` the frames a second that it takes now."""

    camera: str
    state: str
    ok: bool
    detail: str
    fps: float | None


class Disk(BaseModel):
    """Where events are stored, in 10⁶ bytes; `max_mb` is what they may take. Null while the matcher does not say."""

    free_mb: float | None
    events_mb: float | None
    max_mb: float
    growth_mb_hour: float | None


class BooksShown(BaseModel):
    """Whether every message is accounted for, and a line for each link."""

    balance: bool
    lines: list[str]


class Trouble(BaseModel):
    """What is wrong with a process, and what mends it; null where nothing has to be done."""

    process: str
    words: str
    mend: str | None


class Box(BaseModel):
    """All of it; `url` is what to type, `tls` whether it is encrypted."""

    name: str
    version: str
    url: str
    tls: bool
    cameras: list[CameraShown]
    disk: Disk
    books: BooksShown
    problems: list[Trouble]


class Taken(BaseModel):
    """What a process took: `cpu` in cores, `memory_mb` in 10⁶ bytes."""

    cpu: Values
    memory_mb: Values


class PastHours(BaseModel):
    """A value for each step of `step_s` seconds, which began at `at_ns`; null where nothing is known.

    `latency_ms` is from the capture of a look to its match.
    """

    step_s: float
    at_ns: list[int]
    processes: dict[str, Taken]
    latency_ms: dict[str, Values]


def box_overview_routes(context: Context) -> APIRouter:
    """`/box`, `/box/history`."""
    router = APIRouter(prefix="/box", tags=["box"])

    @router.get("")
    def show_box() -> Box:
        """How everything is, in words."""
        report = context.health()
        processes: Any = report["processes"]
        by_name = {one["process"]: one for one in processes}
        links = read_links(context.run)
        return Box(
            name=platform.node(),
            version=version("twinface"),
            url=context.url,
            tls=context.url.startswith("https:"),
            cameras=[*_cameras(context, by_name)],
            disk=_disk(context, by_name.get(MATCHER.name, {}).get("gauges", {})),
            books=BooksShown(balance=all(one.balanced for one in links), lines=[_line(one) for one in links]),
            problems=[*_problems(context, processes)],
        )

    @router.get("/history")
    def show_history(hours: Annotated[float, Query(gt=0.0, le=6.0)] = 6.0) -> PastHours:
        """CPU, memory and latency over the last hours; nothing of before the page's process began."""
        past = context.history.read(hours, time.monotonic(), time.time_ns())
        unknown: Values = [None] * len(past.at_ns)
        processes = {
            name: Taken(cpu=past.cpu.get(name, unknown), memory_mb=memory) for name, memory in past.memory_mb.items()
        }
        return PastHours(step_s=STEP_S, at_ns=past.at_ns, processes=processes, latency_ms=past.latency_ms)

    return router


def _cameras(context: Context, by_name: Mapping[str, Mapping[str, Any]]) -> Iterator[CameraShown]:
    for camera in context.settings.camera:
        process = f"{CAMERA.name}.{camera.name}"
        found = by_name[process]
        state, ok, detail = found["state"], found["ok"], found["detail"]
        fps = context.history.fps(process, time.monotonic()) if found["alive"] else None
        yield CameraShown(camera=camera.name, state=state, ok=ok, detail=detail, fps=fps)


def _disk(context: Context, gauges: Mapping[str, float]) -> Disk:
    settings, free_mb = context.settings, None
    with suppress(OSError, StopIteration):
        folder = next(one for one in settings.events_path.parents if one.is_dir())  # it is made with the first event
        free_mb = round(shutil.disk_usage(folder).free / 1e6, 1)
    return Disk(
        free_mb=free_mb,
        events_mb=gauges.get("events_mb"),
        max_mb=settings.events.max_mb,
        growth_mb_hour=gauges.get("events_mb_per_hour"),
    )


def _line(link: LinkBooks) -> str:
    counts = {
        "sent": link.sent,
        "received": link.received,
        "dropped": sum(link.dropped.values()),
        "lost": sum(link.lost.values()),
        "waiting": link.waiting,
        "in flight": link.in_flight,
    }
    said = ", ".join(f"{count:,} {what}" for what, count in counts.items())
    return f"{link.topic} of {link.sender}: {said}{'' if link.balanced else '; they do not balance'}"


def _problems(context: Context, processes: list[Mapping[str, Any]]) -> Iterator[Trouble]:
    for one in processes:
        if not one["ok"]:
            condition = Condition(one["condition"])
            words = ", ".join(filter(None, (str(condition).lower(), one["reason"])))
            mend = _MENDS.get(condition)
            log = log_path(context.run, one["process"], context.settings)
            yield Trouble(process=one["process"], words=words, mend=mend.format(log=log) if mend else None)

"""What Prometheus reads of a box: the counts of every process, by process, camera and link, and by nobody's name."""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from importlib.metadata import version
from itertools import accumulate
from typing import TypeVar

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from twinface.box.accounts import LinkBooks, read_links
from twinface.box.health import STALE_AFTER_S
from twinface.box.health_board import Reading
from twinface.bus.rundir import RunDirectory
from twinface.messages.schema import DURATION_BOUNDS_MS, Heartbeat
from twinface.processes import CAMERA, MATCHER, SENTINEL, SYNC
from twinface.settings import Settings
from twinface.types import State

METRICS_PATH = "/metrics"

_VERSION = version("twinface")

_Key = TypeVar("_Key", bound=tuple[str, ...])

_CAMERA_COUNTERS = {
    "frames": "Frames taken, those that rest included.",
    "detections": "Frames in which faces were looked for.",
    "boxes": "Faces shown by the frames.",
    "crops": "Crops offered for recognition.",
}
_BOUNDS_S = [*(str(bound / 1e3) for bound in DURATION_BOUNDS_MS), "+Inf"]


class _BoxMetrics(Collector):
    """The metrics of one reading of the box."""

    def __init__(self, readings: Sequence[Reading], links: Sequence[LinkBooks], settings: Settings) -> None:
        self._readings = readings
        self._beats = {one.health.name: one.beat for one in readings if one.beat is not None}
        self._links = {(link.topic, link.sender): link for link in links}  # of each sender its latest start
        self._settings = settings

    def collect(self) -> Iterator[Metric]:
        """See Collector."""
        yield _gauge("twinface_build_info", "The version, as a label.", ["version"], {(_VERSION,): 1})
        yield from self._processes()
        yield from self._cameras()
        yield self._durations()
        yield from self._link_books()
        if MATCHER.name in self._beats:
            yield from self._matcher(self._beats[MATCHER.name])
        if SENTINEL.name in self._beats:
            hangs = self._beats[SENTINEL.name].counters.get("hangs", 0)
            yield _counter("twinface_hangs", "Processes that were silent and were killed.", [], {(): hangs})
        if SYNC.name in self._beats:
            refused = self._beats[SYNC.name].gauges.get("changes_refused", 0)
            said = "Changes of the gallery that were refused because its database could not be had."
            yield _counter("twinface_changes_refused", said, [], {(): refused})
        yield from self._disk()

    def _processes(self) -> Iterator[Metric]:
        label, beats = ["process"], self._beats
        well = {(one.health.name,): float(one.health.ok) for one in self._readings}
        up = {(one.health.name,): float(one.beat is not None and one.age_s <= STALE_AFTER_S) for one in self._readings}
        yield _gauge("twinface_process_ok", "1 where nothing has to be done about it.", label, well)
        yield _gauge("twinface_process_up", f"1 where its heart beat within {STALE_AFTER_S:.0f} s.", label, up)
        restarts = {(one.health.name,): one.restarts for one in self._readings}
        yield _counter("twinface_process_restarts", "Its starts after the first that was seen.", label, restarts)
        ages = {(one.health.name,): one.age_s for one in self._readings if one.beat is not None}
        yield _gauge("twinface_heartbeat_age_seconds", "How long ago its last heartbeat came.", label, ages)
        cpu = {(name,): beat.cpu_s for name, beat in beats.items()}
        yield _counter("twinface_process_cpu_seconds", "Processor time, of its latest start.", label, cpu)
        memory = {(name,): beat.memory_mb * 1e6 for name, beat in beats.items()}
        yield _gauge("twinface_process_resident_memory_bytes", "Resident memory.", label, memory)
        uptime = {(name,): beat.uptime_s for name, beat in beats.items()}
        yield _gauge("twinface_process_uptime_seconds", "How long it has run.", label, uptime)
        refused = {(name,): beat.counters.get("refused_messages", 0) for name, beat in beats.items()}
        yield _counter("twinface_refused_messages", "What came on the bus and was no message.", label, refused)

    def _cameras(self) -> Iterator[Metric]:
        start = f"{CAMERA.name}."
        beats = {(name.removeprefix(start),): beat for name, beat in self._beats.items() if name.startswith(start)}
        for name, said in _CAMERA_COUNTERS.items():
            counts = {key: beat.counters.get(name, 0) for key, beat in beats.items()}
            yield _counter(f"twinface_camera_{name}", said, ["camera"], counts)
        skipped = {key: beat.gauges.get("frames_skipped", 0.0) for key, beat in beats.items()}
        said = "Frames that came too late, or that nobody took."
        yield _counter("twinface_camera_frames_skipped", said, ["camera"], skipped)

    def _durations(self) -> Metric:
        said = "How long a stage took: a frame in the camera, a crop in the extractor, from the capture to the match."
        family = HistogramMetricFamily("twinface_stage_duration_seconds", said, labels=["stage", "process"])
        for process, beat in self._beats.items():
            for stage, found in beat.durations.items():
                buckets = [*zip(_BOUNDS_S, accumulate(map(float, found.counts)), strict=True)]
                family.add_metric([stage, process], buckets, found.total_ms / 1e3)
        return family

    def _link_books(self) -> Iterator[Metric]:
        counts: dict[tuple[str, ...], float] = {}
        waiting: dict[tuple[str, ...], float] = {}
        for key, link in self._links.items():
            ends = {f"{end}_{why}": n for end in ("dropped", "lost") for why, n in getattr(link, end).items()}
            done = {"sent": link.sent, "received": link.received, "redelivered": link.redelivered}
            counts |= {(*key, outcome): float(n) for outcome, n in {**done, **ends}.items()}
            waiting |= {(*key, "waiting"): link.waiting, (*key, "in_flight"): link.in_flight}
        labels, said = ["topic", "sender"], "Messages of a link by what became of them, since its sender began."
        yield _counter("twinface_link_messages", said, [*labels, "outcome"], counts)
        yield _gauge("twinface_link_queue", "Messages that wait, or are being worked on.", [*labels, "place"], waiting)

    def _matcher(self, beat: Heartbeat) -> Iterator[Metric]:
        for name, kind, said in (
            ("twinface_matches", "match", "Looks that were decided, by what the track is then."),
            ("twinface_tracks", "exit", "Tracks that ended, by what they were in the end."),
        ):
            counts = {(str(state),): beat.counters.get(f"{kind} {state}", 0) for state in State}
            yield _counter(name, said, ["state"], counts)
        for name, gauge, said in (
            ("twinface_gallery_people", "people", "People who are known."),
            ("twinface_gallery_vectors", "known_vectors", "Vectors that people are known by."),
            ("twinface_gallery_version", "gallery_version", "Another number whenever the gallery is another one."),
            ("twinface_events_waiting", "events_waiting", "Events that are not stored yet."),
        ):
            yield _gauge(name, said, [], {(): beat.gauges[gauge]} if gauge in beat.gauges else {})
        for name, gauge, said in (
            ("twinface_events_stored", "events_stored", "Events stored since the matcher began."),
            ("twinface_events_lost", "events_lost", "Events that could not be stored."),
            ("twinface_events_failures", "event_failures", "Times that storing failed."),
        ):
            yield _counter(name, said, [], {(): beat.gauges[gauge]} if gauge in beat.gauges else {})

    def _disk(self) -> Iterator[Metric]:
        events = self._settings.events_path
        free: Mapping[tuple[str, ...], float] = {}
        with suppress(OSError, StopIteration):
            free = {(): shutil.disk_usage(next(one for one in events.parents if one.is_dir())).free}
        yield _gauge("twinface_disk_free_bytes", "Free where events are stored.", [], free)
        taken = self._beats[MATCHER.name].gauges.get("events_mb") if MATCHER.name in self._beats else None
        used = {} if taken is None else {(): taken * 1e6}
        yield _gauge("twinface_events_bytes", "What stored events take.", [], used)
        limit = {(): self._settings.events.max_mb * 1e6}
        yield _gauge("twinface_events_max_bytes", "What they may take.", [], limit)


def expose(readings: Sequence[Reading], run: RunDirectory, settings: Settings, accept: str) -> tuple[bytes, str]:
    """The metrics of a box as Prometheus reads them, and their media type, by the header Accept."""
    encode, media_type = choose_encoder(accept)
    return encode(_BoxMetrics(readings, read_links(run, readings=1), settings)), media_type


def _gauge(name: str, said: str, labels: list[str], values: Mapping[_Key, float]) -> Metric:
    return _filled(GaugeMetricFamily(name, said, labels=labels), values)


def _counter(name: str, said: str, labels: list[str], values: Mapping[_Key, float]) -> Metric:
    return _filled(CounterMetricFamily(name, said, labels=labels), values)


def _filled(
    family: GaugeMetricFamily | CounterMetricFamily, values: Mapping[_Key, float]
) -> GaugeMetricFamily | CounterMetricFamily:
    for key, value in values.items():
        family.add_metric([*key], value)
    return family

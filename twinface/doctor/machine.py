"""The machine: its Python, processor, clock, and room on its disks."""

import ctypes
import importlib.metadata
import os
import platform
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from twinface.doctor.finding import Finding, Mark, Subject, nearest_folder
from twinface.networks.registry import describe_network

_FEWEST_CORES = 2
_CPU_INFO = Path("/proc/cpuinfo")
_VNNI = {"avx512_vnni", "avx_vnni", "asimddp"}
"""With one of these, the products of int8 that LiteRT computes take one instruction (on ARM it is called dotprod)."""
_VECTORS = {"avx2", "asimd"}
_UNSYNCHRONISED = 5
"""TIME_ERROR of adjtimex(2)."""
_TIMEX_BYTES = 512

_FAIL_BELOW_MB, _WARN_BELOW_MB = 100.0, 500.0


def check_python(_subject: Subject) -> Iterator[Finding]:
    """Which Python, on what."""
    says = f"Python {platform.python_version()} on {platform.system()} {platform.machine()}"
    if sys.maxsize < 2**32:
        yield Finding("python", Mark.FAIL, f"{says}, of 32 bits; install a system of 64 bits")
    else:
        yield Finding("python", Mark.OK, f"{says}, twinface {importlib.metadata.version('twinface')}")


def check_processor(subject: Subject) -> Iterator[Finding]:
    """Cores, what the processor has for int8, and whether the network that is configured suits that."""
    cores = len(os.sched_getaffinity(0))
    if cores < _FEWEST_CORES:
        yield Finding("processor", Mark.WARN, f"{cores} core; one camera and few faces at a time, or give it two")
    features = cpu_features(_CPU_INFO.read_text(encoding="utf-8"))
    known = ", ".join(sorted(features & (_VNNI | _VECTORS))) or "none of AVX2, VNNI, dotprod"
    recipe = describe_network(subject.settings.network)
    if not features & _VECTORS:
        yield Finding("processor", Mark.WARN, f"{known}: a face takes a second or more; use a newer processor")
    elif recipe.runtime != "opencv" and recipe.quantization == "int8" and not features & _VNNI:
        says = f'{known}: {recipe.name!r} in LiteRT is slow without VNNI or dotprod; set network = "sface"'
        yield Finding("processor", Mark.WARN, says)
    else:
        suits = "networks of LiteRT and OpenCV" if features & _VNNI else "networks of OpenCV, such as sface,"
        yield Finding("processor", Mark.OK, f"{cores} cores, {known}: {suits} suit it")


def cpu_features(info: str) -> set[str]:
    """The words behind `flags` or `Features` in the text of /proc/cpuinfo; none where it has neither."""
    lines = (line.partition(":") for line in info.splitlines())
    return next((set(rest.split()) for name, _, rest in lines if name.strip() in {"flags", "Features"}), set())


def check_clock(_subject: Subject) -> Iterator[Finding]:
    """Whether the time can be right: later than this installation, and kept by a time server."""
    installed_s = Path(__file__).stat().st_mtime
    if time.time() < installed_s:
        says = "the time is earlier than that of the installation; set it, for example `timedatectl set-ntp true`"
        yield Finding("clock", Mark.FAIL, says)
    elif _is_unsynchronised():
        says = "no time server keeps it, and events carry its times; `timedatectl set-ntp true`"
        yield Finding("clock", Mark.WARN, says)
    else:
        yield Finding("clock", Mark.OK, time.strftime("%Y-%m-%d %H:%M:%S %Z"))


def _is_unsynchronised() -> bool:
    """What the kernel says (adjtimex(2), which changes nothing where it is given zeros); false where it may not."""
    adjtimex = getattr(ctypes.CDLL(None), "adjtimex", None)
    return adjtimex is not None and adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES)) == _UNSYNCHRONISED


def check_disk(subject: Subject) -> Iterator[Finding]:
    """Room where the gallery, the events and the run directory are."""
    events_path = subject.settings.events_path
    stored_mb = events_path.stat().st_size / 1e6 if events_path.exists() else 0.0
    grows_mb = max(0.0, subject.settings.events.max_mb - stored_mb)
    places = {"gallery": subject.settings.gallery, "events": events_path.parent, "run": subject.run.path}
    for name, path in places.items():
        folder = nearest_folder(path)
        free_mb = psutil.disk_usage(str(folder)).free / 1e6
        says = f"{name}: {free_mb:,.0f} MB free at {folder}"
        if free_mb < _FAIL_BELOW_MB:
            yield Finding("disk", Mark.FAIL, f"{says}; free some")
        elif name == "events" and free_mb < grows_mb + _WARN_BELOW_MB:
            yield Finding("disk", Mark.WARN, f"{says}, and events may take {grows_mb:,.0f} more; lower [events] max_mb")
        elif free_mb < _WARN_BELOW_MB:
            yield Finding("disk", Mark.WARN, f"{says}; free some")
        else:
            yield Finding("disk", Mark.OK, says)

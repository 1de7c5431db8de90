"""Whether there is memory enough to learn, asked beforehand: the system ends what takes too much without a word."""

import math
import resource
from pathlib import Path

import psutil

from twinface.distillation.checkpoints import Progress
from twinface.distillation.student import BLOCKS
from twinface.errors import InputError

_BASE_BYTES = 1_200_000_000
"""TensorFlow, the weights and what the optimiser keeps of them: 1.5 GB measured, less some caution."""

_BYTES_PER_NUMBER = 9.5
"""What a step keeps for each number that a convolution puts out, measured with batches of 8, 32 and 64 pictures."""

_ONLY_RESERVED_BYTES = 400_000_000
"""Addresses of stacks and arenas that a limit of addresses counts, though nothing lies there."""

_CONTROL_GROUPS = Path("/sys/fs/cgroup")
_VERSIONS = {"": ("", "memory.max", "anon"), "memory": ("memory", "memory.limit_in_bytes", "total_rss")}
"""By the controllers that a line of /proc/self/cgroup names, of version 2 and 1: the folder of all groups, the file
of a group's limit, and what its memory.stat calls that which it has taken and cannot give back.
"""


def check_memory(period: Progress, last_stages: int, free_bytes: float) -> None:
    """Raise InputError when a step of this period, in which the `last_stages` learn, needs more than there is."""
    outputs = sum(_count_outputs(period.size_px)[-last_stages:])
    needed = _BASE_BYTES + period.batch * _BYTES_PER_NUMBER * outputs
    if needed > free_bytes:
        raise InputError(
            f"too little memory: learning takes {needed / 1e9:.1f} GB, {free_bytes / 1e9:.1f} GB are free;"
            " give a smaller --batch or --input-size"
        )


def read_free_bytes() -> float:
    """What this process may still take: of the machine, below its own limit (`ulimit -v`), of its control groups."""
    free: list[float] = [psutil.virtual_memory().available]
    addresses, _ = resource.getrlimit(resource.RLIMIT_AS)
    if addresses != resource.RLIM_INFINITY:
        free.append(addresses - psutil.Process().memory_info().vms - _ONLY_RESERVED_BYTES)
    free += read_free_in_groups(_lines(Path("/proc/self/cgroup")), _CONTROL_GROUPS)
    return min(free)


def read_free_in_groups(memberships: list[str], root: Path) -> list[float]:
    """What the control groups, mounted at `root`, leave to a process with these lines in its /proc/self/cgroup."""
    free: list[float] = []
    for line in memberships:
        _, controllers, path = line.split(":", 2)
        if controllers not in _VERSIONS:
            continue
        top, limit_file, used = _VERSIONS[controllers]
        group = root / top / path.lstrip("/")
        for folder in (group, *group.parents):
            limit, usage = _lines(folder / limit_file), dict(pair.split() for pair in _lines(folder / "memory.stat"))
            if limit and limit[0] != "max" and used in usage:
                free.append(int(limit[0]) - int(usage[used]))
    return free


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except OSError:
        return []


def _count_outputs(size_px: int) -> list[int]:
    """Numbers that the convolutions of each of ResNet50's five stages put out for a picture."""
    counts = [64 * math.ceil(size_px / 2) ** 2]
    for stage, blocks in enumerate(BLOCKS, start=2):
        side = math.ceil(size_px / 2**stage)
        width = 64 * 2 ** (stage - 2)
        counts.append(side**2 * (4 * width + blocks * 6 * width))
    return counts

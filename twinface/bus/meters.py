"""Counters, gauges and latencies of a process, for its heartbeat."""

from collections import deque

import numpy as np

_KEPT = 512
"""Latest values a latency's percentiles are taken over."""


class Meters:
    """What a process counts and measures; `read` gives it all as plain numbers."""

    def __init__(self) -> None:
        self._counters: dict[str, int] = {}
        self._gauges: dict[str, float] = {}
        self._latencies: dict[str, deque[float]] = {}

    def count(self, name: str, number: int = 1) -> None:
        """Add to a counter that only grows."""
        self._counters[name] = self._counters.get(name, 0) + number

    def gauge(self, name: str, value: float) -> None:
        """Set a value as it is now."""
        self._gauges[name] = value

    def latency(self, name: str, milliseconds: float) -> None:
        """Record a duration."""
        self._latencies.setdefault(name, deque(maxlen=_KEPT)).append(milliseconds)

    def read(self) -> tuple[dict[str, int], dict[str, float], dict[str, tuple[float, float]]]:
        """Counters, gauges, and p50 and p95 of each latency over its latest values, in ms."""
        percentiles = {}
        for name, values in self._latencies.items():
            p50, p95 = np.percentile(np.fromiter(values, float), (50, 95))
            percentiles[name] = (float(p50), float(p95))
        return dict(self._counters), dict(self._gauges), percentiles

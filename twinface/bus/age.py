"""How old a message is, by the moment its frame was taken: at every hop, on every link of one machine."""

from twinface.messages.schema import Stamp


def age_ms(captured_mono_ns: int, now_mono_ns: int) -> float:
    """Milliseconds since the capture, by the monotonic clock that all processes of a machine share."""
    return (now_mono_ns - captured_mono_ns) / 1e6


def is_outdated(stamp: Stamp, budget_ms: float, now_mono_ns: int) -> bool:
    """Whether a message has become older than its budget; one that a source waits for never does."""
    return not stamp.pinned and age_ms(stamp.captured_mono_ns, now_mono_ns) > budget_ms

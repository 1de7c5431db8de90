"""How old a message is, by the moment its frame was taken: at every hop, on every link of one machine."""


def age_ms(captured_mono_ns: int, now_mono_ns: int) -> float:
    """Milliseconds since the capture, by the monotonic clock that all processes of a machine share."""
    return (now_mono_ns - captured_mono_ns) / 1e6

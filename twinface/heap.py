"""Memory that a process no longer needs, back to the system."""

import ctypes


def trim_heap() -> None:
    """Give back what was freed, where the C library can: glibc keeps it for itself, 22 MB after loading SFace."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)

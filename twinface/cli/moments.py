"""Moments as people write them."""

import datetime
import re
import time

from twinface.errors import InputError

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}


def moment_ns(option: str, text: str | None) -> int | None:
    """A moment as people write it, in ns of the wall clock. Raises InputError."""
    if text is None:
        return None
    ago = re.fullmatch(r"(\d+(?:\.\d+)?)([smhdw])", text.strip())
    if ago is not None:
        return time.time_ns() - int(float(ago[1]) * _SECONDS[ago[2]] * 1e9)
    try:
        return int(datetime.datetime.fromisoformat(text).astimezone().timestamp() * 1e9)
    except (ValueError, OverflowError, OSError) as error:
        raise InputError(
            f"{option} {text!r}: write 90s, 15m, 1h, 2d or 1w (ago), or a date like 2026-05-31T08:30"
        ) from error

"""Bytes that one process of the box hands to another: a file in memory, which is gone with whoever made it.

Nothing of it is ever on a disk, and neither side holds all of it: who writes appends what comes, who reads maps nothing
that it does not read.
"""

import os
from collections.abc import Mapping
from types import TracebackType
from typing import Self

from twinface.errors import ServiceError

MOST_BYTES = 30_000_000
"""Of a picture: twice what phones and cameras make."""


class HandedFile:
    """A file in memory that is written by this process and read by the one that is given its `handle`.

    A context manager: the bytes are let go of at its end.
    """

    def __init__(self) -> None:
        self._descriptor = os.memfd_create("twinface", os.MFD_CLOEXEC)
        self.size_bytes = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def write(self, data: bytes) -> None:
        """Append some bytes."""
        view = memoryview(data)
        while view:
            view = view[os.write(self._descriptor, view) :]
        self.size_bytes += len(data)

    @property
    def handle(self) -> Mapping[str, int]:
        """What the other process, which has to be of the same user, finds the file by."""
        return {"pid": os.getpid(), "descriptor": self._descriptor}

    def close(self) -> None:
        """Let go of the bytes."""
        os.close(self._descriptor)


def read_handed(handle: Mapping[str, int], max_bytes: int) -> bytes:
    """The bytes of a file that another process holds by this handle, `max_bytes` at most.

    Raises ServiceError where it has gone meanwhile, or the file is larger.
    """
    path = f"/proc/{int(handle['pid'])}/fd/{int(handle['descriptor'])}"
    try:
        with open(path, "rb") as file:  # noqa: PTH123  a link of the kernel, no path
            data = file.read(max_bytes + 1)
    except OSError as error:
        raise ServiceError(f"what was handed over is gone ({error.strerror}); send it again", "gone") from error
    if len(data) > max_bytes:
        raise ServiceError(f"what was handed over is larger than {max_bytes} bytes", "too large")
    return data

"""Webcams of this machine with their formats, asked of Video4Linux (linux/videodev2.h) without opening a stream."""

import fcntl
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_DEVICES = Path("/dev")

_QUERY_CAPABILITIES = 0x80685600
_CAPABILITIES = struct.Struct("16s32s32s3I12x")
_ENUMERATE_FORMATS = 0xC0405602
_FORMAT = struct.Struct("3I32sI16x")
_ENUMERATE_SIZES = 0xC02C564A
_SIZE = struct.Struct("9I8x")
"""Numbers and layouts of VIDIOC_QUERYCAP, VIDIOC_ENUM_FMT and VIDIOC_ENUM_FRAMESIZES."""

_CAPTURES = 0x00000001
_DEVICE_CAPABILITIES = 0x80000000
_DISCRETE = 1
_MOST = 64


@dataclass(frozen=True, slots=True)
class Webcam:
    """A device that captures: its `formats` by their four letters, each with its sizes, (width, height) in pixels.

    Of one that this user may not ask, `problem` says why.
    """

    device: str
    name: str
    formats: dict[str, tuple[tuple[int, int], ...]]
    problem: str = ""


def list_webcams(folder: Path = _DEVICES) -> Iterator[Webcam]:
    """The webcams of this machine, by their devices; a device of theirs that carries no picture is left out."""
    for path in sorted(folder.glob("video*")):
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            mend = "; add this user to the group video" if isinstance(error, PermissionError) else ""
            yield Webcam(str(path), "", {}, f"{error.strerror}{mend}")
            continue
        try:
            if (name := _name(descriptor)) is not None:
                yield Webcam(str(path), name, dict(_formats(descriptor)))
        except OSError as error:
            yield Webcam(str(path), "", {}, f"no answer of Video4Linux ({error.strerror})")
        finally:
            os.close(descriptor)


def _name(descriptor: int) -> str | None:
    """What a device is called; None where it does not capture."""
    answer = fcntl.ioctl(descriptor, _QUERY_CAPABILITIES, bytes(_CAPABILITIES.size))
    _, card, _, _, capabilities, of_device = _CAPABILITIES.unpack(answer)
    own = of_device if capabilities & _DEVICE_CAPABILITIES else capabilities
    return card.rstrip(b"\0").decode("utf-8", "replace") if own & _CAPTURES else None


def _formats(descriptor: int) -> Iterator[tuple[str, tuple[tuple[int, int], ...]]]:
    for index in range(_MOST):
        try:
            answer = fcntl.ioctl(descriptor, _ENUMERATE_FORMATS, _FORMAT.pack(index, _CAPTURES, 0, b"", 0))
        except OSError:  # EINVAL: there are no more
            return
        code = _FORMAT.unpack(answer)[4]
        yield code.to_bytes(4, "little").decode("ascii", "replace").strip(), tuple(_sizes(descriptor, code))


def _sizes(descriptor: int, code: int) -> Iterator[tuple[int, int]]:
    """The sizes of a format; of one with any size the largest."""
    for index in range(_MOST):
        try:
            answer = fcntl.ioctl(descriptor, _ENUMERATE_SIZES, _SIZE.pack(index, code, *(0,) * 7))
        except OSError:
            return
        _, _, kind, *sides = _SIZE.unpack(answer)
        yield (sides[0], sides[1]) if kind == _DISCRETE else (sides[1], sides[4])
        if kind != _DISCRETE:
            return

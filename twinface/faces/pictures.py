"""Reading pictures, and finding them in folders."""

import re
from pathlib import Path

import cv2
import numpy as np

from twinface.errors import InputError
from twinface.types import Image

PICTURE_SUFFIXES = frozenset({".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"})


def read_image(path: Path) -> Image:
    """A picture as uint8 (height, width, 3) BGR, turned as its EXIF says; grey and transparent ones become BGR.

    Raises InputError with the reason when it is missing, empty, no picture, cut off or too large.
    """
    if not path.is_file():
        raise InputError(f"{path}: {'is not a file' if path.exists() else 'no such file'}; name a picture")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from error
    return decode_image(data, str(path))


def decode_image(data: bytes, what: str) -> Image:
    """Like read_image, of the bytes of a picture file that errors call `what`."""
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) if data else None
    except cv2.error as error:
        too_large = "MAX_IMAGE" in str(error.err)
        reason = "too many pixels" if too_large else f"cannot be decoded ({error.err})"
        raise InputError(f"{what}: {reason}; save a smaller copy as JPEG or PNG") from error
    if image is None:
        reason = "not a picture, or damaged" if data else "the file is empty"
        raise InputError(f"{what}: {reason}; give a JPEG, PNG, WebP, TIFF or BMP file")
    return np.asarray(image, np.uint8)


def list_pictures(folder: Path) -> list[Path]:
    """The picture files directly in a folder, in natural name order (2 before 10); hidden ones are left out.

    Raises InputError when the folder is missing or cannot be read.
    """
    try:
        entries = list(folder.iterdir())
    except OSError as error:
        raise InputError(f"{folder}: cannot be read ({error.strerror}); name a folder of pictures") from error
    return sorted(
        (path for path in entries if path.suffix.lower() in PICTURE_SUFFIXES and not path.name.startswith(".")),
        key=lambda path: natural_key(path.name),
    )


def natural_key(name: str) -> list[tuple[int, int, str]]:
    """A sort key by which the numbers inside names count as numbers."""
    parts = [part for part in re.split(r"(\d+)", name) if part]
    return [(0, int(part), part) if part.isdecimal() else (1, 0, part) for part in parts]

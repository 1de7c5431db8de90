"""Reading pictures, and finding them in folders."""

import errno
import logging
import re
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np

from twinface.errors import InputError
from twinface.faces.formats import INSTALL_HEIC, is_avif, is_heic, is_of_no_interest, looks_like_picture, reads_heic
from twinface.faces.noise import overhear
from twinface.faces.orientation import turned_upright
from twinface.files import read_bounded
from twinface.native_libraries import hush_opencv
from twinface.text import printable
from twinface.types import Image

MAX_PIXELS = 1 << 27
"""134 megapixels, 0.4 GB: more than all but a few cameras make. Larger pictures are refused before they are decoded, by
OpenCV because twinface/__init__.py tells it so."""

MAX_BYTES = 1 << 29

_log = logging.getLogger(__name__)


def read_image(path: Path) -> Image:
    """A picture as uint8 (height, width, 3) BGR, turned as the file says; grey and transparent ones become BGR, and of
    an animation it is the first frame.

    Raises InputError with the reason when it is missing, empty, no picture, cut off or too large. What the decoder
    complained of beyond that is logged as a warning, once.
    """
    try:
        data = read_bounded(path, MAX_BYTES)
    except FileNotFoundError as error:
        reason = "a link to nothing" if path.is_symlink() else "no such file"
        raise InputError(f"{path}: {reason}; name a picture") from error
    except OSError as error:
        reason = (
            "is not a file"
            if error.errno in {errno.EINVAL, errno.EISDIR, errno.ENXIO}
            else error.strerror or str(error)
        )
        raise InputError(f"{path}: cannot be read ({reason}); name a picture") from error
    return decode_image(data, str(path))


def decode_image(data: bytes, what: str) -> Image:
    """Like read_image, of the bytes of a picture file that errors and warnings call `what`."""
    decode = _decode_heic if is_heic(data) else _decode
    found, complaints = overhear(lambda: decode(data))
    if isinstance(found, str):
        reason, _, mend = found.partition("; ")
        raise InputError(f"{what}: {': '.join([reason, *complaints])}; {mend}")
    for complaint in complaints:
        _warn_once(what, complaint)
    return found


def _decode(data: bytes) -> Image | str:
    """The picture, or what is wrong with it and the mend."""
    if not data:
        return "the file is empty; give a picture"
    avif = is_avif(data)
    hush_opencv()
    try:
        flags = cv2.IMREAD_COLOR | (cv2.IMREAD_IGNORE_ORIENTATION if avif else 0)
        image = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except cv2.error as error:
        too_large = "MAX_IMAGE" in str(error.err)
        reason = "too many pixels" if too_large else f"cannot be decoded ({' '.join(str(error.err).split())})"
        return f"{reason}; save a smaller copy as JPEG or PNG"
    if image is None:
        return "not a picture, or damaged; give a JPEG, PNG, WebP, AVIF, GIF, TIFF or BMP file"
    upright = turned_upright(np.asarray(image, np.uint8), data) if avif else image
    return np.asarray(upright, np.uint8)


def _decode_heic(data: bytes) -> Image | str:
    if not reads_heic():
        return f"a HEIC picture; {INSTALL_HEIC}, or save it as JPEG"
    import pillow_heif

    try:
        file = pillow_heif.open_heif(data, convert_hdr_to_8bit=True, bgr_mode=True)
        if file.size[0] * file.size[1] > MAX_PIXELS:
            return "too many pixels; save a smaller copy as JPEG or PNG"
        image = np.asarray(file, np.uint8)
    except (ValueError, RuntimeError, SyntaxError, EOFError, OSError) as error:
        return f"damaged ({' '.join(str(error).split())}); save it as JPEG"
    return np.ascontiguousarray(image[..., :3] if image.ndim == 3 else np.stack([image] * 3, axis=-1))


@lru_cache(maxsize=1000)
def _warn_once(what: str, complaint: str) -> None:
    """Some pictures are read twice."""
    _log.warning("%s: %s", printable(what), complaint)


def list_pictures(folder: Path) -> list[Path]:
    """The picture files directly in a folder, in natural name order (2 before 10); hidden ones are left out.

    Raises InputError when the folder is missing or cannot be read.
    """
    return _sort_out(folder)[0]


def list_left_out(folder: Path) -> list[Path]:
    """The files directly in a folder that `list_pictures` leaves out, but for hidden ones and those of desktops."""
    return _sort_out(folder)[1]


def _sort_out(folder: Path) -> tuple[list[Path], list[Path]]:
    try:
        entries = list(folder.iterdir())
    except OSError as error:
        raise InputError(f"{folder}: cannot be read ({error.strerror}); name a folder of pictures") from error
    pictures: list[Path] = []
    left_out: list[Path] = []
    for path in entries:
        if not is_of_no_interest(path) and not is_folder(path):
            (pictures if _is_picture(path) else left_out).append(path)
    return sorted(pictures, key=lambda path: natural_key(path.name)), left_out


def is_folder(path: Path) -> bool:
    """Whether there is a folder, as far as one may look."""
    try:
        return path.is_dir()
    except OSError:
        return False


def _is_picture(path: Path) -> bool:
    try:
        return looks_like_picture(path)
    except OSError:
        return False


def natural_key(name: str) -> list[tuple[int, int, str]]:
    """A sort key by which the numbers inside names count as numbers."""
    parts = [part for part in re.split(r"(\d+)", name) if part]
    return [(0, int(part), part) if part.isdecimal() else (1, 0, part) for part in parts]

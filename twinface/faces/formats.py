"""Which files are pictures that can be read, by name and by content, and what to do with the others.

What OpenCV decodes was tried with each format (tests/unit/faces/test_formats.py); HEIC needs the extra `heic`.
"""

from collections import Counter
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path

from twinface.text import plural


def _suffixes(names: str) -> frozenset[str]:
    return frozenset(f".{name}" for name in names.split())


_OPENCV = _suffixes("avif bmp dib gif j2k jfif jp2 jpe jpeg jpg pbm pgm png pnm ppm ras sr tif tiff webp")
_HEIC = _suffixes("heic heif hif")
_RAW = _suffixes("3fr arw cr2 cr3 dng erf kdc mrw nef nrw orf pef raf raw rw2 rwl srw x3f")
_VIDEO = _suffixes("3gp avi m4v mkv mov mp4 mpeg mpg mts webm wmv")

_BEGINNINGS = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a", b"\0\0\0\x0cjP  \r\n\x87\n")
_HEAD_BYTES = 64
_AVIF_BRANDS = frozenset({b"avif", b"avis"})
_HEIC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"})
_LEFT_BY_DESKTOPS = frozenset({"thumbs.db", "desktop.ini", "__macosx", "@eadir"})
"""The last one, with small copies of all pictures, is made by Synology's."""

INSTALL_HEIC = "pip install 'twinface[heic]'"


def reads_heic() -> bool:
    """Whether the extra that reads HEIC is installed."""
    return find_spec("pillow_heif") is not None


def picture_suffixes() -> frozenset[str]:
    """What the names of pictures that can be read end in, in lower case."""
    return _OPENCV | _HEIC if reads_heic() else _OPENCV


def is_still(path: Path) -> bool:
    """Whether a source of this name is a picture, not a video; a GIF alone is played."""
    return path.suffix.lower() in picture_suffixes() - {".gif"}


def is_heic(data: bytes) -> bool:
    """Whether bytes begin like a HEIC picture."""
    return bool(_brands(data) & _HEIC_BRANDS) and not is_avif(data)


def is_avif(data: bytes) -> bool:
    """Whether bytes begin like an AVIF picture."""
    return bool(_brands(data) & _AVIF_BRANDS)


def looks_like_picture(path: Path) -> bool:
    """Whether a file is a picture that can be read: by its name, else by how it begins. Raises OSError."""
    suffix = path.suffix.lower()
    if suffix in picture_suffixes():
        return True
    if suffix in _RAW | _VIDEO | _HEIC or not path.is_file():
        return False
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    is_webp = head.startswith(b"RIFF") and head[8:12] == b"WEBP"
    return head.startswith(_BEGINNINGS) or is_webp or is_avif(head) or (is_heic(head) and reads_heic())


def is_of_no_interest(path: Path) -> bool:
    """Whether a file or folder is none that anybody would miss: hidden, or left by a desktop."""
    return path.name.startswith(".") or path.name.lower() in _LEFT_BY_DESKTOPS


def describe_left_out(paths: Iterable[Path]) -> str | None:
    """How many files were left out, of what kinds, and what to do; None where there are none.

    As: 3 files left out: 2 .heic (pip install 'twinface[heic]'), 1 .cr2 (save as JPEG)
    """
    kinds = Counter(path.suffix.lower() for path in paths)
    if not kinds:
        return None
    parts = [f"{count} {kind or 'without a suffix'}{_mend(kind)}" for kind, count in kinds.most_common()]
    return f"{plural(kinds.total(), 'file')} left out: {', '.join(parts)}"


def _mend(suffix: str) -> str:
    if suffix in _HEIC:
        return f" ({INSTALL_HEIC})"
    if suffix in _RAW:
        return " (save as JPEG)"
    return " (a video: `twinface capture --video`)" if suffix in _VIDEO else ""


def _brands(data: bytes) -> set[bytes]:
    """The brands in the first box of an ISO base media file (ISO/IEC 14496-12)."""
    if data[4:8] != b"ftyp":
        return set()
    length = min(int.from_bytes(data[:4], "big"), _HEAD_BYTES)
    return {data[8:12], *(data[at : at + 4] for at in range(16, length - 3, 4))}

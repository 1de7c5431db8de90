import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest

from twinface.errors import InputError
from twinface.faces import list_pictures, read_image


def with_orientation(jpeg: bytes, orientation: int) -> bytes:
    """A JPEG with an EXIF segment that says how it has to be turned."""
    tiff = b"II*\0\x08\0\0\0" + struct.pack("<HHHII", 1, 0x0112, 3, 1, orientation) + b"\0\0\0\0"
    body = b"Exif\0\0" + tiff
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + jpeg[2:]


def test_picture_is_turned_as_its_exif_says(tmp_path: Path) -> None:
    image = np.zeros((20, 40, 3), np.uint8)
    image[:, :20] = 255
    jpeg = cv2.imencode(".jpg", image)[1].tobytes()
    (tmp_path / "turned.jpg").write_bytes(with_orientation(jpeg, 6))
    turned = read_image(tmp_path / "turned.jpg")
    assert turned.shape == (40, 20, 3)
    assert turned[5, 10, 0] > 200
    assert turned[35, 10, 0] < 50


@pytest.mark.parametrize("shape", [(8, 9), (8, 9, 4)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_grey_transparent_and_deep_pictures_become_bgr(tmp_path: Path, shape: tuple[int, ...], dtype: type) -> None:
    cv2.imwrite(str(tmp_path / "picture.png"), np.full(shape, np.iinfo(dtype).max // 2, dtype))
    image = read_image(tmp_path / "picture.png")
    assert image.shape == (8, 9, 3)
    assert image.dtype == np.uint8
    assert abs(int(image[0, 0, 0]) - 127) <= 1


@pytest.mark.parametrize(
    ("content", "problem"), [(b"", "empty"), (b"GIF? no, just text", "not a picture"), (None, "no such file")]
)
def test_unusable_picture_is_one_line_with_the_reason(tmp_path: Path, content: bytes | None, problem: str) -> None:
    path = tmp_path / "picture.jpg"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=problem) as caught:
        read_image(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_picture_of_too_many_pixels_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    """A file of a few bytes that says it is 40,000 by 40,000 pixels; OpenCV's own limit is 2^30 of them."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 40_000, 40_000, 1, 0, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    (tmp_path / "bomb.png").write_bytes(bomb)
    with pytest.raises(InputError, match="too many pixels"):
        read_image(tmp_path / "bomb.png")


def test_folder_is_no_picture(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not a file"):
        read_image(tmp_path)


def test_pictures_are_listed_in_natural_order_without_other_files(tmp_path: Path) -> None:
    for name in ("10.jpg", "9.JPG", "a.png", ".hidden.jpg", "notes.txt"):
        (tmp_path / name).touch()
    assert [path.name for path in list_pictures(tmp_path)] == ["9.JPG", "10.jpg", "a.png"]
    with pytest.raises(InputError, match="cannot be read"):
        list_pictures(tmp_path / "nowhere")

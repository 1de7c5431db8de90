"""Which files are taken for pictures, and that what is taken is read, upright."""

import io
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from twinface.errors import InputError
from twinface.faces import describe_left_out, formats, list_left_out, list_pictures, read_image
from twinface.faces.picture_files import decode_image
from twinface.types import Image

ENCODED_AS = {".jfif": ".jpg", ".jpe": ".jpg", ".j2k": ".jp2", ".dib": ".bmp", ".pnm": ".ppm", ".sr": ".ras"}
GREY = {".pbm", ".pgm"}


@pytest.fixture(scope="module")
def face(portraits: Path) -> Image:
    return np.asarray(cv2.resize(read_image(portraits / "person_b_1.jpg"), (240, 320)), np.uint8)


def encode(face: Image, suffix: str) -> bytes:
    image = cv2.cvtColor(face, cv2.COLOR_BGR2GRAY) if suffix in GREY else face
    done, data = cv2.imencode(ENCODED_AS.get(suffix, suffix), image)
    assert done
    return bytes(data)


def far_from(image: Image, face: Image) -> float:
    """The mean difference of two pictures' numbers; 255 where they differ in shape."""
    return float(np.abs(image.astype(int) - face).mean()) if image.shape == face.shape else 255.0


def with_pillow(face: Image, kind: str, orientation: int = 1, **options: Any) -> bytes:
    """The picture as Pillow writes it, to be turned as `orientation` says before it is looked at."""
    pillow = pytest.importorskip("PIL.Image")
    if kind == "HEIF":
        pytest.importorskip("pillow_heif").register_heif_opener()
    turn = pillow.Transpose
    lying = {2: turn.FLIP_LEFT_RIGHT, 3: turn.ROTATE_180, 4: turn.FLIP_TOP_BOTTOM, 5: turn.TRANSPOSE}
    lying |= {6: turn.ROTATE_90, 7: turn.TRANSVERSE, 8: turn.ROTATE_270}
    image = pillow.fromarray(face[..., ::-1])
    exif = pillow.Exif()
    exif[0x0112] = orientation
    out = io.BytesIO()
    (image.transpose(lying[orientation]) if orientation > 1 else image).save(out, kind, exif=exif.tobytes(), **options)
    return out.getvalue()


@pytest.mark.parametrize("suffix", sorted(formats._OPENCV))
def test_every_suffix_that_is_taken_is_one_that_opencv_reads(tmp_path: Path, face: Image, suffix: str) -> None:
    (tmp_path / f"face{suffix.upper()}").write_bytes(encode(face, suffix))
    (picture,) = list_pictures(tmp_path)
    image = read_image(picture)
    if suffix in GREY:
        assert image.shape == face.shape
    else:
        assert far_from(image, face) < (20 if suffix == ".gif" else 8), "OpenCV writes GIFs of few colours"


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF", "HEIF"])
def test_a_picture_of_every_format_is_turned_as_it_says(face: Image, kind: str, orientation: int) -> None:
    data = with_pillow(face, kind, orientation, **({"lossless": True} if kind == "WEBP" else {}))
    assert far_from(decode_image(data, "it"), face) < 8


def test_a_container_that_cannot_be_understood_leaves_the_picture_as_it_lies(face: Image) -> None:
    data = with_pillow(face, "AVIF", 6)
    for cut in (b"ipma", b"pitm", b"iprp", b"ipco"):
        image = decode_image(data, "it")
        assert image.shape == face.shape
        place = data.index(cut)
        with_noise = data[:place] + b"free" + data[place + 4 :]
        with suppress(InputError):
            assert decode_image(with_noise, "it").size == face.size


def test_of_an_animation_the_first_frame_counts(face: Image) -> None:
    pillow = pytest.importorskip("PIL.Image")
    frames = [pillow.fromarray(face[..., ::-1]), pillow.new("RGB", face.shape[1::-1])]
    for kind in ("GIF", "WEBP"):
        out = io.BytesIO()
        frames[0].save(out, kind, save_all=True, append_images=frames[1:], duration=100)
        assert far_from(decode_image(out.getvalue(), "it"), face) < 8, kind


def test_content_counts_where_the_name_says_nothing(tmp_path: Path, face: Image) -> None:
    for name, suffix in (
        ("IMG_1", ".jpg"),
        ("b.jpg_large", ".jpg"),
        ("c.data", ".png"),
        ("d.tmp", ".webp"),
        ("e", ".avif"),
    ):
        (tmp_path / name).write_bytes(encode(face, suffix))
    (tmp_path / "wrong.png").write_bytes(encode(face, ".jpg"))
    (tmp_path / "notes").write_text("no picture")
    assert [path.name for path in list_pictures(tmp_path)] == [
        "IMG_1",
        "b.jpg_large",
        "c.data",
        "d.tmp",
        "e",
        "wrong.png",
    ]
    assert all(far_from(read_image(path), face) < 8 for path in list_pictures(tmp_path))
    assert [path.name for path in list_left_out(tmp_path)] == ["notes"]


def test_heic_is_read_with_the_extra_and_named_without_it(
    tmp_path: Path, face: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.heic").write_bytes(with_pillow(face, "HEIF"))
    shutil.copy(tmp_path / "a.heic", tmp_path / "renamed.jpg")
    assert [path.name for path in list_pictures(tmp_path)] == ["a.heic", "renamed.jpg"]
    assert far_from(read_image(tmp_path / "renamed.jpg"), face) < 8
    monkeypatch.setattr(formats, "find_spec", lambda _name: None)
    assert [path.name for path in list_pictures(tmp_path)] == ["renamed.jpg"]
    with pytest.raises(InputError, match=r"a HEIC picture; pip install 'twinface\[heic\]'"):
        read_image(tmp_path / "a.heic")


@pytest.mark.parametrize("data", [b"\0\0\0\x0cftypheic", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0\0\0\x08mdat" * 9])
def test_a_damaged_heic_is_one_line(data: bytes) -> None:
    pytest.importorskip("pillow_heif")
    with pytest.raises(InputError, match=r"it: damaged .*; save it as JPEG") as caught:
        decode_image(data, "it")
    assert "\n" not in str(caught.value)


def test_a_heic_of_too_many_pixels_is_refused_before_it_is_decoded(
    face: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("twinface.faces.picture_files.MAX_PIXELS", face.shape[0] * face.shape[1] - 1)
    with pytest.raises(InputError, match="too many pixels"):
        decode_image(with_pillow(face, "HEIF"), "it")


def test_what_is_left_out_is_counted_with_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formats, "find_spec", lambda _name: None)
    for name in ("1.heic", "2.HEIC", "a.CR2", "clip.mov", "notes.txt", "README", ".hidden", "Thumbs.db", "b.jpg"):
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "set_aside.jpg").mkdir()
    assert [path.name for path in list_pictures(tmp_path)] == ["b.jpg"]
    told = describe_left_out(list_left_out(tmp_path))
    assert told is not None
    assert told.startswith("6 files left out: 2 .heic (pip install 'twinface[heic]'), ")
    for part in (
        "1 .cr2 (save as JPEG)",
        "1 .mov (a video: `twinface capture --video`)",
        "1 .txt",
        "1 without a suffix",
    ):
        assert part in told
    assert describe_left_out([]) is None

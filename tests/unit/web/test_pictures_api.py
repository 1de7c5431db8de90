"""Single pictures over the HTTP API: the real web process, and the real process that reads pictures."""

import shutil
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from pictures_site import PicturesSite, side_by_side
from web_site import running_site

from twinface.gallery import Gallery
from twinface.recognition.embedding import EmbeddedFace
from twinface.recognition.identification import Identifier
from twinface.settings_file import load_settings


@pytest.fixture
def site(pictures_site: PicturesSite) -> PicturesSite:
    return pictures_site


def bomb(side_px: int) -> bytes:
    """A PNG whose head promises a square of so many pixels a side, and which has none."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", side_px, side_px, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def test_a_picture_is_identified_as_the_command_does(site: PicturesSite, portraits: Path) -> None:
    picture = portraits / "person_a_2.jpg"
    found = site.ask("POST", "/pictures/identify", picture.read_bytes())
    by_command = Identifier(load_settings(site.site.config)).identify(picture)
    (face,), (expected,) = found["faces"], by_command.faces
    assert (found["width_px"], found["height_px"]) == (by_command.width_px, by_command.height_px)
    assert (face["name"], face["state"], face["id"]) == ("Ada", "known", site.id_of("Ada"))
    assert face["score"] == pytest.approx(expected.score, abs=1e-6)
    assert face["box_xyxy"] == pytest.approx(expected.box_xyxy.tolist(), abs=0.1)
    assert [one["name"] for one in face["candidates"]] == [one.name for one in expected.decision.candidates]
    assert face["score"] >= face["threshold"] > 0
    assert 0 < face["measures"]["quality"] <= 1


def test_all_faces_are_found_as_a_body_and_as_a_field_of_a_form(site: PicturesSite, portraits: Path) -> None:
    picture = side_by_side(portraits / "person_a_2.jpg", portraits / "impostor_1.jpg")
    found = site.ask("POST", "/pictures/identify", picture)
    assert {(one["name"], one["state"]) for one in found["faces"]} >= {("Ada", "known"), (None, "unknown")}
    form = {"files": {"other": b"x", "picture": ("me.png", picture, "image/png")}}
    assert site.ask("POST", "/pictures/identify", None, **form) == found
    boxes = site.ask("POST", "/pictures/detect", picture)
    assert [one["box_xyxy"] for one in boxes["faces"]] == [one["box_xyxy"] for one in found["faces"]]
    assert all(len(one["landmarks"]) == 5 and one["measures"]["face_px"] > 50 for one in boxes["faces"])


def test_who_is_forgotten_is_not_named_any_more_and_who_is_enrolled_is(
    site: PicturesSite, portraits: Path, tmp_path: Path, faces: dict[str, EmbeddedFace]
) -> None:
    picture = (portraits / "person_b_2.jpg").read_bytes()
    assert site.ask("POST", "/pictures/identify", picture)["faces"][0]["name"] == "Bob"
    site.ask("DELETE", f"/people/{site.id_of('Bob')}")
    assert site.ask("POST", "/pictures/identify", picture)["faces"][0]["name"] is None
    gallery = Gallery.open(tmp_path / "gallery")
    gallery.add("Zoë", ("1.jpg",), faces["person_b_1"].vector[np.newaxis], np.ones(1, np.float32))
    assert site.ask("POST", "/pictures/identify", picture)["faces"][0]["name"] == "Zoë"


def test_a_picture_without_a_face_has_none(site: PicturesSite) -> None:
    grey = bytes(cv2.imencode(".png", np.full((300, 200, 3), 90, np.uint8))[1])
    for verb in ("detect", "identify"):
        assert site.ask("POST", f"/pictures/{verb}", grey) == {
            "width_px": 200,
            "height_px": 300,
            "warning": "",
            "faces": [],
        }


@pytest.mark.parametrize(
    ("body", "code", "says"),
    [
        (b"", 422, "the file is empty"),
        (b"no picture at all", 422, "not a picture"),
        (b"\xff\xd8\xff\xe0" + b"x" * 1000, 422, "not a picture, or damaged"),
        (b"\0\0\0\x0cftypheic", 422, "damaged"),
        (bomb(60_000), 422, "too many pixels"),
        (b"x" * 31_000_000, 413, "larger than"),
    ],
    ids=["empty", "text", "damaged", "damaged HEIC", "bomb", "too large"],
)
def test_what_is_no_picture_is_refused_in_a_line(site: PicturesSite, body: bytes, code: int, says: str) -> None:
    for verb in ("detect", "identify"):
        problem = site.ask("POST", f"/pictures/{verb}", body, code=code)
        assert says in problem["detail"]
        assert code != 422 or problem["code"] == "unreadable"


def test_a_form_without_a_picture_or_that_is_none_is_refused(site: PicturesSite) -> None:
    assert site.ask("POST", "/pictures/identify", None, files={"photo": b"x"}, code=422)["code"] == "does_not_fit"
    no_form = {"Content-Type": "multipart/form-data; boundary=b"}
    assert "no form" in site.ask("POST", "/pictures/identify", b"--a\r\nnothing", headers=no_form, code=400)["detail"]
    bare = {"Content-Type": "multipart/form-data"}
    assert "no form" in site.ask("POST", "/pictures/identify", b"x", headers=bare, code=400)["detail"]
    field = b'--b\r\nContent-Disposition: form-data; name="picture"\r\n\r\n%b\r\n'
    two = (field % (b"x" * 20_000_000)) * 2
    assert site.ask("POST", "/pictures/identify", two, headers=no_form, code=413)["status"] == 413


def test_pictures_can_be_read_while_nobody_is_known_and_not_while_the_gallery_is_of_no_use(
    site: PicturesSite, portraits: Path, tmp_path: Path
) -> None:
    picture = (portraits / "person_a_2.jpg").read_bytes()
    (tmp_path / "gallery" / "gallery.json").write_text("nonsense")
    assert site.ask("POST", "/pictures/identify", picture, code=503)["code"] == "not_usable"
    assert len(site.ask("POST", "/pictures/detect", picture)["faces"]) == 1
    shutil.rmtree(tmp_path / "gallery")
    assert site.ask("POST", "/pictures/identify", picture)["faces"][0]["state"] == "unknown"


def test_without_a_box_that_starts_it_the_answer_says_what_does(box: Path, tmp_path: Path) -> None:
    folder = tmp_path / "site"
    folder.mkdir()
    with running_site(folder, f'gallery = "{tmp_path}/gallery"\n') as one:
        problem = PicturesSite(one).ask("POST", "/pictures/identify", b"x", code=503)
        assert problem["code"] == "not_running"
        assert "twinface up" in problem["detail"]

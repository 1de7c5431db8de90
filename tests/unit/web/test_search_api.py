"""The search by a face over the HTTP API, through the kept looks of a box, on real processes."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import cv2
import numpy as np
from corrected_box import NOW_NS
from pictures_site import PicturesSite, side_by_side

from twinface.gallery import Gallery


def test_every_visit_whose_looks_match_is_found_best_first(pictures_site: PicturesSite, portraits: Path) -> None:
    site = pictures_site
    assert site.ask("POST", "/pictures/prepare") == {"ready": True}
    found = site.ask("POST", "/pictures/search", (portraits / "person_a_1.jpg").read_bytes())
    assert (len(found["faces"]), found["face"]) == (1, 0)
    assert 0 < found["false_accept_rate"] < 0.001
    (visit,) = found["visits"]
    assert (visit["track"].split(":")[0], visit["track"].split(":")[2]) == ("door", "1")
    assert (visit["name"], visit["state"], visit["id"]) == ("Ada", "known", site.id_of("Ada"))
    assert found["threshold"] <= visit["score"] <= 1
    assert visit["since_ns"] <= NOW_NS + 2 * 10**9 <= visit["until_ns"]
    assert visit["picture"] is None

    bob = site.ask("POST", "/pictures/search", (portraits / "person_b_1.jpg").read_bytes())["visits"]
    assert {one["track"].split(":")[2] for one in bob} == {"3", "4"}
    scores = [one["score"] for one in bob]
    assert scores == sorted(scores, reverse=True)


def test_the_search_is_narrowed_by_time_camera_number_and_face(pictures_site: PicturesSite, portraits: Path) -> None:
    site, ada = pictures_site, (portraits / "person_a_1.jpg").read_bytes()

    def count(query: str, picture: bytes = ada) -> int:
        return len(site.ask("POST", f"/pictures/search?{query}", picture)["visits"])

    assert count("camera=door") == 1
    assert count("camera=yard") == 0
    assert count(f"since_ns={NOW_NS}&until_ns={NOW_NS + 60 * 10**9}") == 1
    assert count(f"since_ns={NOW_NS + 60 * 10**9}") == 0
    assert count("limit=1", (portraits / "person_b_1.jpg").read_bytes()) == 1
    both = side_by_side(portraits / "person_a_1.jpg", portraits / "person_b_1.jpg")
    faces = site.ask("POST", "/pictures/detect", both)["faces"]
    left = min(range(len(faces)), key=lambda number: faces[number]["box_xyxy"][0])
    found = site.ask("POST", f"/pictures/search?face={left}", both)
    assert (found["face"], [one["name"] for one in found["visits"]]) == (left, ["Ada"])
    site.ask("POST", "/pictures/search?face=9", both, code=404)
    site.ask("POST", "/pictures/search?limit=0", ada, code=422)


def test_who_is_forgotten_is_not_found_and_who_comes_meanwhile_is(
    pictures_site: PicturesSite, portraits: Path, box: Path
) -> None:
    site, ada = pictures_site, (portraits / "person_a_1.jpg").read_bytes()
    assert len(site.ask("POST", "/pictures/search", ada)["visits"]) == 1
    with closing(sqlite3.connect(box)) as connection, connection:
        for table, columns in (("looks", "track, crop, stored_ns"), ("events", "track, sequence, stored_ns")):
            names = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
            kept = ", ".join(name for name in names if name not in columns)
            changed = "9, crop + 900, 9000000000000000000" if table == "looks" else "9, sequence + 900, 0"
            connection.execute(
                f"INSERT INTO {table} ({columns}, {kept}) SELECT {changed}, {kept} FROM {table} WHERE track = 1"
            )
    again = site.ask("POST", "/pictures/search", ada)["visits"]
    assert sorted(one["track"].split(":")[2] for one in again) == ["1", "9"]
    site.ask("DELETE", f"/people/{site.id_of('Ada')}")
    assert site.ask("POST", "/pictures/search", ada)["visits"] == []


def test_a_picture_without_a_face_and_a_box_without_looks(
    pictures_site: PicturesSite, portraits: Path, box: Path
) -> None:
    site = pictures_site
    grey = bytes(cv2.imencode(".png", np.full((300, 200, 3), 90, np.uint8))[1])
    assert site.ask("POST", "/pictures/search", grey, code=422)["code"] == "no_face"
    for path in box.parent.glob(f"{box.name}*"):
        path.unlink()
    ada = (portraits / "person_a_1.jpg").read_bytes()
    assert site.ask("POST", "/pictures/search", ada)["visits"] == []
    box.write_bytes(json.dumps("no database").encode() * 100)
    assert site.ask("POST", "/pictures/search", ada, code=503)["code"] == "not_usable"


def test_without_anybody_enrolled_no_rate_is_known(
    pictures_site: PicturesSite, portraits: Path, tmp_path: Path
) -> None:
    gallery = Gallery.open(tmp_path / "gallery")
    for name in ("Ada", "Bob"):
        gallery.remove(name)
    found = pictures_site.ask("POST", "/pictures/search", (portraits / "person_a_2.jpg").read_bytes())
    assert (found["threshold"], found["false_accept_rate"]) == (0.5, None)
    assert len(found["visits"]) == 1

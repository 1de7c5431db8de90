"""The crops of enrolled pictures over the HTTP API."""

from pathlib import Path

import httpx
import numpy as np
from web_site import Api

from twinface.gallery import Gallery
from twinface.recognition.embedding import EmbeddedFace


def test_enrolled_pictures_are_shown_where_their_crops_are_kept(
    api: Api, tmp_path: Path, faces: dict[str, EmbeddedFace]
) -> None:
    ids = {one["name"]: one["id"] for one in api.ask("GET", "/people")["people"]}
    assert api.ask("GET", f"/people/{ids['Ada']}/picture", code=404)["code"] == "no_picture"
    gallery = Gallery.open(tmp_path / "gallery")
    gallery.add(
        "Bob", ("x/b 2.jpg",), faces["person_b_2"].vector[np.newaxis], np.full(1, 0.5, np.float32), [b"another"]
    )
    for path, crop in (("picture", b"a crop"), ("pictures/Bob.jpg", b"a crop"), ("pictures/x/b%202.jpg", b"another")):
        answer = httpx.get(f"{api.site.url}api/v1/people/{ids['Bob']}/{path}")
        assert (answer.status_code, answer.content, answer.headers["content-type"]) == (200, crop, "image/png")
    for one in api.ask("GET", f"/people/{ids['Bob']}/pictures")["pictures"]:
        assert httpx.get(f"{api.site.url}{one['url'][1:]}").content in {b"a crop", b"another"}
    assert api.ask("GET", f"/people/{ids['Bob']}/pictures/c.jpg", code=404)["code"] == "not_there"
    assert api.ask("GET", "/people/nobody/picture", code=404)["code"] == "not_there"

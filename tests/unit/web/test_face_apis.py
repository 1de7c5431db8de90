"""The face APIs that programs speak already, asked by their own clients: the real web and picture processes answer."""

import base64
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

import cv2
import httpx
import numpy as np
import pytest
import requests
from codeprojectai.core import CodeProjectAIException, CodeProjectAIFace
from compreface import CompreFace
from deepstack.core import DeepstackException, DeepstackFace
from pictures_site import PicturesSite, site_with_pictures

from twinface.gallery import Gallery
from twinface.gallery.keys import KEY_VARIABLE
from twinface.networks import Network
from twinface.recognition.embedding import EmbeddedFace
from twinface.web.tokens import TOKEN_VARIABLE, Role, make_token

EVERYBODY = ["Ada", "Bob"]
NO_FACE = bytes(cv2.imencode(".png", np.full((200, 200, 3), 90, np.uint8))[1])


@pytest.fixture(scope="module")
def asked_site(
    tmp_path_factory: pytest.TempPathFactory, faces: Mapping[str, EmbeddedFace], sface: Network
) -> Iterator[tuple[PicturesSite, dict[Role, str]]]:
    """A site that other machines may ask with a token, and its tokens by their role; Ada and Bob are known."""
    folder = tmp_path_factory.mktemp("asked")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(KEY_VARIABLE, str(folder / "key"))
        patch.setenv(TOKEN_VARIABLE, str(folder / "tokens"))
        tokens = {role: make_token(folder / "tokens", role) for role in Role}
        gallery = Gallery.open(folder / "gallery", network=sface.recipe.fingerprint, network_name="sface", create=True)
        gallery.add("Ada", ("a.jpg",), faces["person_a_1"].vector[np.newaxis], np.ones(1, np.float32))
        with site_with_pictures(folder, faces, host="0.0.0.0") as site:
            yield site, tokens


def _port(site: PicturesSite) -> int:
    return urlsplit(site.site.url).port or 0


def test_a_client_of_deepstack_registers_recognizes_lists_and_deletes(
    asked_site: tuple[PicturesSite, dict[Role, str]], portraits: Path
) -> None:
    site, tokens = asked_site
    zoe, ada = ((portraits / name).read_bytes() for name in ("impostor_1.jpg", "person_a_2.jpg"))
    client = DeepstackFace(ip="127.0.0.1", port=_port(site), api_key=tokens[Role.CHANGE], timeout=60)
    url = f"http://127.0.0.1:{_port(site)}/v1/vision/face"

    assert client.register("Zoë", zoe) == "face added"
    assert client.get_registered_faces() == [*EVERYBODY, "Zoë"]
    (found,) = client.recognize(zoe)
    assert (found["userid"], found["confidence"]) == ("Zoë", pytest.approx(1.0, abs=0.01))
    (face,) = client.detect(zoe)
    assert face["confidence"] > 0.6
    assert {name: face[name] for name in face if "_" in name} == {name: found[name] for name in found if "_" in name}
    assert [one["userid"] for one in client.recognize(ada)] == ["Ada"]
    assert client.recognize(NO_FACE) == client.detect(NO_FACE) == []

    key = {"api_key": tokens[Role.CHANGE]}
    refused = requests.post(f"{url}/register", files={"image": NO_FACE}, data={**key, "userid": "Nobody"}, timeout=60)
    assert refused.status_code == 400
    assert (refused.json()["success"], refused.json()["code"]) == (False, 400)
    assert "no face" in refused.json()["error"]
    like_ada = requests.post(f"{url}/register", files={"image": ada}, data={**key, "userid": "Zoë"}, timeout=60)
    assert like_ada.status_code == 400, "the gate knows that this is Ada"
    assert client.get_registered_faces() == [*EVERYBODY, "Zoë"]

    images = {"image1": ("1.jpg", ada), "image2": ("2.jpg", (portraits / "person_a_1.jpg").read_bytes())}
    alike = requests.post(f"{url}/match", files=images, data=key, timeout=60).json()
    images["image2"] = ("2.jpg", zoe)
    unlike = requests.post(f"{url}/match", files=images, data=key, timeout=60).json()
    assert alike["success"] is unlike["success"] is True
    assert alike["similarity"] > 0.5 > unlike["similarity"]

    assert requests.post(f"{url}/delete", data={**key, "userid": "Zoë"}, timeout=60).json()["success"] is True
    assert client.get_registered_faces() == EVERYBODY
    (entry, *_) = httpx.get(f"{site.site.url}api/v1/audit", headers={"x-api-key": tokens[Role.LOOK]}).json()["entries"]
    assert (entry["what"], entry["who"]) == ("remove", "web 127.0.0.1")


def test_deepstacks_client_is_refused_with_a_wrong_key_and_may_not_change_with_one_to_look(
    asked_site: tuple[PicturesSite, dict[Role, str]], portraits: Path
) -> None:
    site, tokens = asked_site
    picture = (portraits / "person_a_2.jpg").read_bytes()
    url = f"http://127.0.0.1:{_port(site)}/v1/vision/face"
    looking = DeepstackFace(ip="127.0.0.1", port=_port(site), api_key=tokens[Role.LOOK], timeout=60)
    assert [one["userid"] for one in looking.recognize(picture)] == ["Ada"]
    with pytest.raises(DeepstackException, match="403"):
        looking.register("Zoë", (portraits / "impostor_1.jpg").read_bytes())
    for key in ({"api_key": "wrong"}, {}):
        answer = requests.post(f"{url}/recognize", files={"image": picture}, data=key, timeout=60)
        assert answer.status_code == 401
        assert answer.json() == {"success": False, "error": "Incorrect api key", "code": 401, "duration": 0.0}
    with pytest.raises(DeepstackException, match="401"):
        DeepstackFace(ip="127.0.0.1", port=_port(site), api_key="wrong", timeout=60).recognize(picture)
    assert requests.post(f"{url}/list", data={"api_key": "wrong"}, timeout=60).status_code == 401
    large = {"api_key": tokens[Role.LOOK]}
    answer = requests.post(f"{url}/recognize", files={"image": b"x" * 9_000_000}, data=large, timeout=60)
    assert (answer.status_code, answer.json()["success"]) == (413, False)
    bearer = {"Authorization": f"Bearer {tokens[Role.LOOK]}"}
    answer = requests.post(f"{url}/recognize", files={"image": b"x" * 9_000_000}, headers=bearer, timeout=60)
    assert (answer.status_code, answer.json()["success"]) == (400, False), "no picture, and not too large"
    foreign = {**bearer, "Origin": "http://evil.example"}
    answer = requests.post(f"{url}/recognize", files={"image": picture}, headers=foreign, timeout=60)
    assert (answer.status_code, answer.json()["success"]) == (403, False)


def test_a_client_of_codeproject_ai_needs_no_key_on_this_machine(pictures_site: PicturesSite, portraits: Path) -> None:
    zoe = (portraits / "impostor_1.jpg").read_bytes()
    client = CodeProjectAIFace(ip="127.0.0.1", port=_port(pictures_site), timeout=60)
    assert client.register("Zoë", zoe) == "face added"
    assert client.register("Zoë", zoe) == "face updated"
    assert client.get_registered_faces() == [*EVERYBODY, "Zoë"]
    assert [one["userid"] for one in client.recognize(zoe)] == ["Zoë"]
    with pytest.raises(CodeProjectAIException, match="400"):
        client.register("Nobody", NO_FACE)
    url = f"http://127.0.0.1:{_port(pictures_site)}/v1/vision"
    whole = requests.post(f"{url}/face/recognize", files={"image": zoe}, timeout=60).json()
    assert (whole["success"], whole["code"], whole["count"]) == (True, 200, 1)
    for data, said in (({"min_confidence": "much"}, "Invalid value"), ({"min_confidence": "2"}, "greater than 1")):
        answer = requests.post(f"{url}/face/recognize", files={"image": zoe}, data=data, timeout=60)
        assert (answer.status_code, said in answer.json()["error"]) == (400, True)
    assert requests.post(f"{url}/face/recognize", timeout=60).json()["error"] == "No valid image file found"
    assert requests.post(f"{url}/detection", files={"image": zoe}, timeout=60).json()["success"] is False
    deleted = requests.post(f"{url}/face/delete", data={"userid": "Zoë"}, timeout=60)
    assert deleted.json()["success"] is True
    assert client.get_registered_faces() == EVERYBODY


def test_a_client_of_compreface_adds_recognizes_lists_renames_and_deletes(
    asked_site: tuple[PicturesSite, dict[Role, str]], portraits: Path
) -> None:
    site, tokens = asked_site
    zoe, ada = ((portraits / name).read_bytes() for name in ("impostor_1.jpg", "person_a_2.jpg"))
    face = CompreFace("http://127.0.0.1", str(_port(site)))
    recognition = face.init_face_recognition(tokens[Role.CHANGE])
    collection, subjects = recognition.get_face_collection(), recognition.get_subjects()

    url, key = f"http://127.0.0.1:{_port(site)}/api/v1/recognition", {"x-api-key": tokens[Role.CHANGE]}
    assert subjects.add("Zoë") == {"subject": "Zoë"}
    added = collection.add(zoe, "Zoë")
    assert (added["subject"], len(added["image_id"])) == ("Zoë", 36)
    assert subjects.list() == {"subjects": [*EVERYBODY, "Zoë"]}
    assert added in collection.list()["faces"]
    assert collection.list()["total_elements"] == 3
    (found,) = recognition.recognize(zoe)["result"]
    assert found["subjects"] == [{"subject": "Zoë", "similarity": pytest.approx(1.0, abs=0.01)}]
    assert found["box"]["x_max"] > found["box"]["x_min"] >= 0
    options = {"prediction_count": 2, "face_plugins": "landmarks", "status": "true", "limit": 1}
    more = recognition.recognize(ada, options)
    assert more["result"][0]["subjects"][0]["subject"] == "Ada"
    assert (len(more["result"][0]["landmarks"]), more["plugins_versions"]["detector"]) == (5, "yunet")

    no_face = {"message": "No face is found in the given image", "code": 28}
    assert recognition.recognize(NO_FACE) == collection.add(NO_FACE, "Nobody") == no_face
    like_ada = collection.add(ada, "Zoë")
    assert (like_ada["code"], "Ada" in like_ada["message"]) == (0, True)

    assert subjects.update("Zoë", "Zoé") == {"updated": True}
    assert collection.delete(added["image_id"]) == {"image_id": added["image_id"], "subject": "Zoé"}
    assert collection.delete(added["image_id"])["code"] == 11
    assert subjects.list() == {"subjects": EVERYBODY}
    assert subjects.delete("Zoé")["code"] == 42
    gallery = Gallery.open(site.site.config.parent.parent / "gallery")
    for shift, name in ((0, "Carl"), (2, "Dora")):
        vectors = np.eye(2, 128, shift, dtype=np.float32)
        gallery.add(name, ("1.jpg", "2.jpg"), vectors, np.ones(2, np.float32))
    first, second = requests.get(f"{url}/faces", params={"subject": "Dora"}, headers=key, timeout=60).json()["faces"]
    assert collection.delete(first["image_id"])["subject"] == "Dora"
    page = requests.get(f"{url}/faces", params={"size": 3, "page": 1}, headers=key, timeout=60).json()
    assert (page["faces"][-1], page["total_pages"], page["total_elements"]) == (second, 2, 5)
    assert subjects.delete("Dora") == {"subject": "Dora"}
    assert collection.delete_all("Carl") == {"deleted": 2}
    assert subjects.list() == {"subjects": EVERYBODY}


def test_comprefaces_client_is_refused_with_a_wrong_key_and_may_not_change_with_one_to_look(
    asked_site: tuple[PicturesSite, dict[Role, str]], portraits: Path
) -> None:
    site, tokens = asked_site
    url, ada = f"http://127.0.0.1:{_port(site)}/api/v1/recognition", (portraits / "person_a_2.jpg").read_bytes()
    face = CompreFace("http://127.0.0.1", str(_port(site)))
    looking = face.init_face_recognition(tokens[Role.LOOK])
    (found,) = looking.recognize(ada)["result"]
    assert found["subjects"][0]["subject"] == "Ada"
    assert looking.get_face_collection().add(ada, "Ada")["message"].startswith("this token may look only")
    wrong = face.init_face_recognition("wrong")
    assert wrong.recognize(ada)["code"] == wrong.get_subjects().list()["code"] == 10
    assert requests.get(f"{url}/subjects", headers={"x-api-key": "wrong"}, timeout=60).status_code == 401
    assert requests.get(f"{url}/subjects", timeout=60).json()["code"] == 10
    key = {"x-api-key": tokens[Role.CHANGE]}
    text = base64.b64encode(ada).decode()
    answer = requests.post(f"{url}/recognize", json={"file": f"data:image/jpeg;base64,{text}"}, headers=key, timeout=60)
    assert answer.json()["result"][0]["subjects"][0]["subject"] == "Ada"
    assert requests.post(f"{url}/recognize", json={"file": "%"}, headers=key, timeout=60).json()["code"] == 26
    everybody = requests.delete(f"{url}/faces", headers=key, timeout=60)
    assert everybody.status_code == 400, "nobody is removed where nobody is named"
    assert requests.delete(f"{url}/subjects", headers=key, timeout=60).status_code == 405
    for _ in range(12):
        last = requests.get(f"{url}/subjects", headers={"x-api-key": "wrong"}, timeout=60)
    assert (last.status_code, "wait a minute" in last.json()["message"]) == (429, True)

"""Each vector knows where it comes from, whatever becomes of it, and what was written before reads as photos."""

import hashlib
import hmac
import json
import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from twinface.errors import ArtefactError, InputError
from twinface.gallery import Gallery, PersonVectors, checked_source, read_person, write_person
from twinface.gallery.backup import read_backup, restore_backup, write_backup
from twinface.gallery.keys import KEY_VARIABLE, key_fingerprint
from twinface.gallery.person import appended
from twinface.gallery.person_files import read_person_files
from twinface.gallery.signing import pack_array, seal, unseal

OpenGallery = Callable[..., Gallery]
MakePerson = Callable[..., PersonVectors]
MIXED = ("photos", "camera:door", "camera:door", "phone")


def enrol(gallery: Gallery, person: PersonVectors) -> None:
    gallery.add(person.name, person.files, person.vectors, person.quality, sources=person.sources)


def write_without_sources(path: Path, person: PersonVectors, key: bytes) -> None:
    """The file of a person as it was written before there were sources."""
    value: dict[str, Any] = {
        "format": 1,
        "name": person.name,
        "files": person.files,
        "vectors": pack_array(person.vectors),
        "quality": pack_array(person.quality),
        "network": person.network,
    }
    path.write_bytes(seal(value, key))


def test_sources_are_written_and_read(tmp_path: Path, key: bytes, make_person: MakePerson) -> None:
    person = replace(make_person(count=4), sources=MIXED)
    write_person(tmp_path / "one.pkl", person, key)
    assert read_person(tmp_path / "one.pkl", key).sources == MIXED
    assert unseal(tmp_path / "one.pkl", key)["format"] == 2


def test_a_file_of_the_format_before_is_of_photos(tmp_path: Path, key: bytes, make_person: MakePerson) -> None:
    person = make_person(count=3)
    write_without_sources(tmp_path / "one.pkl", person, key)
    read = read_person(tmp_path / "one.pkl", key)
    assert read.sources == ("photos",) * 3
    np.testing.assert_array_equal(read.vectors, person.vectors)


def test_a_gallery_of_the_format_before_goes_on(
    tmp_path: Path, key: bytes, open_gallery: OpenGallery, make_person: MakePerson
) -> None:
    enrol(open_gallery(), make_person("Zoë"))
    (path,) = (tmp_path / "gallery" / "people").glob("*.pkl")
    write_without_sources(path, make_person("Zoë", 3), key)
    gallery = open_gallery()
    more = replace(make_person("other"), name="Zoë", sources=("camera:door",) * 2)
    enrol(gallery, more)
    assert gallery.people["Zoë"].sources == ("photos",) * 3 + ("camera:door",) * 2
    assert open_gallery().people["Zoë"].sources == ("photos",) * 3 + ("camera:door",) * 2


@pytest.mark.parametrize("sources", [MIXED[:3], (*MIXED, "photos"), (*MIXED[:3], "a b"), (*MIXED[:3], "")])
def test_what_is_no_source_for_each_vector_is_refused(make_person: MakePerson, sources: tuple[str, ...]) -> None:
    with pytest.raises(ArtefactError, match="without a source each"):
        replace(make_person(count=4), sources=sources)


@pytest.mark.parametrize("sources", [None, (), ["photos"], (1, 2), "photos"])
def test_a_signed_file_with_other_sources_is_refused(
    tmp_path: Path, key: bytes, make_person: MakePerson, sources: object
) -> None:
    write_person(tmp_path / "one.pkl", make_person(count=2), key)
    value = unseal(tmp_path / "one.pkl", key) | {"sources": sources}
    (tmp_path / "one.pkl").write_bytes(seal(value, key))
    with pytest.raises(ArtefactError, match="source"):
        read_person(tmp_path / "one.pkl", key)


def test_many_sources_take_little_room(tmp_path: Path, key: bytes, make_person: MakePerson) -> None:
    person, sizes = make_person(count=1000), []
    for sources in (("photos",) * 1000, tuple("".join(["camera:", "long-name" * 3]) for _ in range(1000))):
        write_person(tmp_path / "one.pkl", replace(person, sources=sources), key)
        sizes.append((tmp_path / "one.pkl").stat().st_size)
    assert sizes[1] - sizes[0] < 100


def test_a_picture_that_is_there_already_keeps_its_source(make_person: MakePerson) -> None:
    old = replace(make_person(count=2), sources=("camera:door", "photos"))
    new = replace(make_person(count=2), sources=("phone", "phone"))
    more = replace(make_person("other", count=1), name="Zoë", sources=("phone",))
    assert appended(old, new).sources == ("camera:door", "photos")
    assert appended(old, more).sources == ("camera:door", "photos", "phone")
    both = replace(
        more,
        files=("1", "2"),
        vectors=np.concatenate([old.vectors[:1], more.vectors]),
        quality=old.quality,
        sources=("phone", "camera:yard"),
    )
    assert appended(old, both).sources == ("camera:door", "photos", "camera:yard")


def test_rename_and_merge_keep_sources(open_gallery: OpenGallery, make_person: MakePerson) -> None:
    gallery = open_gallery()
    enrol(gallery, replace(make_person("a", 4), sources=MIXED))
    enrol(gallery, make_person("b"))
    gallery.rename("a", "c")
    assert gallery.people["c"].sources == MIXED
    gallery.rename("c", "b", merge=True)
    assert open_gallery().people["b"].sources == ("photos", "photos", *MIXED)
    assert open_gallery().snapshot().sources == ("photos", "photos", *MIXED)


def test_files_that_are_put_back_are_the_same_bytes(open_gallery: OpenGallery, make_person: MakePerson) -> None:
    gallery = open_gallery()
    enrol(gallery, replace(make_person("a", 4), sources=MIXED))
    before = read_person_files(gallery.folder, "a")
    gallery.remove("a")
    gallery.put_back({"a": before})
    assert read_person_files(gallery.folder, "a") == before
    assert gallery.people["a"].sources == MIXED


def test_a_backup_brings_sources_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make_person: MakePerson) -> None:
    monkeypatch.setenv(KEY_VARIABLE, str(tmp_path / "key"))
    gallery = Gallery.open(tmp_path / "gallery", network="a" * 64, create=True)
    enrol(gallery, replace(make_person("a", 4), sources=MIXED))
    backup = write_backup(gallery, tmp_path / "backup")
    other = Gallery.open(tmp_path / "other", network="a" * 64, create=True)
    restore_backup(other, backup)
    assert other.people["a"].sources == MIXED


def test_a_backup_of_the_format_before_is_of_photos(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make_person: MakePerson
) -> None:
    (tmp_path / "key").write_bytes(key := b"k" * 32)
    (tmp_path / "key").chmod(0o600)
    monkeypatch.setenv(KEY_VARIABLE, str(tmp_path / "key"))
    person = make_person("a", 3)
    counts = {"people": 1, "vectors": 3, "crops": 0}
    texts = {"made_at": "2026-01-01T00:00:00+00:00", "host": "box", "network": "a" * 64, "network_name": ""}
    header = json.dumps({**counts, **texts, "key": key_fingerprint(key)}).encode()
    about = json.dumps({"name": "a", "files": person.files, "shape": [3, 8], "crops": [0, 0, 0]}).encode()
    body = struct.pack("<8sII", b"TWINBACK", 1, len(header)) + header + struct.pack("<I", len(about)) + about
    body += person.vectors.tobytes() + person.quality.tobytes()
    digest = hashlib.sha256(body).digest()
    signature = hmac.digest(key, b"TWINBACK" + digest, "sha256")
    (tmp_path / "backup").write_bytes(body + digest + signature)
    gallery = Gallery.open(tmp_path / "gallery", network="a" * 64, create=True)
    restore_backup(gallery, read_backup(tmp_path / "backup"))
    assert gallery.people["a"].sources == ("photos",) * 3
    np.testing.assert_array_equal(gallery.people["a"].vectors, person.vectors)


@pytest.mark.parametrize("name", ["photos", "camera:door", "my_phone-2", "x" * 32])
def test_sources_are_called_as_cameras_may_be(name: str) -> None:
    assert checked_source(name) == name


@pytest.mark.parametrize("name", ["", "a b", "camera:", "camera:a:b", "door:1", "x" * 33, "é", "a\n"])
def test_other_names_of_sources_are_refused(name: str) -> None:
    with pytest.raises(InputError, match="the source"):
        checked_source(name)

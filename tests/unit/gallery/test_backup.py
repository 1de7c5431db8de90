"""A gallery as one file: nothing is lost in it, and nothing gets in by it that should not."""

import hashlib
import json
import re
import stat
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from twinface.errors import ArtefactError, InputError, SignatureError, UserError
from twinface.gallery import Gallery, PersonVectors, box_key, person_path
from twinface.gallery.backup import Backup, read_backup, read_for_restoring, restore_backup, restore_into, write_backup
from twinface.gallery.keys import KEY_VARIABLE
from twinface.gallery.person_files import crop_key

MakePerson = Callable[..., PersonVectors]
NETWORK = "a" * 64


@pytest.fixture(autouse=True)
def use_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Makes this the box with the key of that name; at first it is `here`."""

    def use(box: str) -> None:
        monkeypatch.setenv(KEY_VARIABLE, str(tmp_path / f"key-{box}"))

    use("here")
    return use


@pytest.fixture
def gallery(tmp_path: Path, make_person: MakePerson) -> Gallery:
    """Of three people; of one of them crops are kept."""
    gallery = Gallery.open(tmp_path / "gallery", network=NETWORK, network_name="testnet", create=True)
    for name in ("ann", "李明", "z"):
        person = make_person(name, 3)
        crops = [b"1", b"22", b"333"] if name == "李明" else None
        gallery.add(name, person.files, person.vectors, person.quality, crops)
    return gallery


@pytest.fixture
def elsewhere(tmp_path: Path) -> Callable[[], Gallery]:
    """Opens another gallery, which is made when it is not there."""
    return lambda: Gallery.open(tmp_path / "elsewhere", network="c" * 64, network_name="other", create=True)


def test_everything_comes_back(gallery: Gallery, elsewhere: Callable[[], Gallery], tmp_path: Path) -> None:
    made = write_backup(gallery, tmp_path / "b")
    contents = made.contents
    assert (contents.people, contents.vectors, contents.crops) == (3, 9, 3)
    assert (contents.network, contents.network_name) == (NETWORK, "testnet")
    assert contents.made_at.endswith("+00:00")
    assert made.signed_here
    assert made.sha256 == hashlib.sha256((tmp_path / "b").read_bytes()).hexdigest()
    assert stat.S_IMODE((tmp_path / "b").stat().st_mode) == 0o600

    advanced: list[None] = []
    restore_backup(elsewhere(), read_backup(tmp_path / "b"), lambda: advanced.append(None))
    restored = Gallery.open(tmp_path / "elsewhere")
    assert len(advanced) == 3
    assert (restored.network, restored.network_name, restored.verify()) == (NETWORK, "testnet", {})
    assert list(restored.people) == list(gallery.people)
    for name, person in gallery.people.items():
        again = restored.people[name]
        assert again.files == person.files
        np.testing.assert_array_equal(again.vectors, person.vectors)
        np.testing.assert_array_equal(again.quality, person.quality)
        assert restored.crops(name) == gallery.crops(name)
    assert restored.crops("李明")[crop_key(restored.people["李明"].vectors[1])] == b"22"


def test_an_empty_gallery_can_be_backed_up(elsewhere: Callable[[], Gallery], tmp_path: Path, gallery: Gallery) -> None:
    write_backup(elsewhere(), tmp_path / "b")
    restore_backup(gallery, read_backup(tmp_path / "b"))
    assert list(Gallery.open(gallery.folder).people) == []


def test_on_another_box_it_is_signed_anew_with_the_key_there(
    gallery: Gallery, elsewhere: Callable[[], Gallery], use_key: Callable[[str], None], tmp_path: Path
) -> None:
    made = write_backup(gallery, tmp_path / "b")
    use_key("there")
    found = read_backup(tmp_path / "b")
    assert (found.signed_here, found.contents, found.sha256) == (False, made.contents, made.sha256)
    restore_backup(elsewhere(), found)
    assert list(Gallery.open(tmp_path / "elsewhere").people) == ["ann", "z", "李明"]
    use_key("here")
    assert Gallery.open(tmp_path / "elsewhere").people == {}


def test_any_damage_is_found(gallery: Gallery, tmp_path: Path, use_key: Callable[[str], None]) -> None:
    path = tmp_path / "b"
    write_backup(gallery, path)
    data = path.read_bytes()
    for box in ("here", "there"):
        use_key(box)
        for position in (0, 8, 14, 60, len(data) // 2, len(data) - 65, len(data) - 64):
            path.write_bytes(data[:position] + bytes([data[position] ^ 1]) + data[position + 1 :])
            with pytest.raises(ArtefactError):
                read_backup(path)
        for length in (0, 7, 20, 70, len(data) // 2, len(data) - 1):
            path.write_bytes(data[:length])
            with pytest.raises(ArtefactError):
                read_backup(path)
        path.write_bytes(data + b"x")
        with pytest.raises(ArtefactError, match="damaged or cut short"):
            read_backup(path)
        path.write_bytes(data)
        read_backup(path)


def test_a_change_is_found_where_it_was_made_whatever_the_checksum_says(gallery: Gallery, tmp_path: Path) -> None:
    path = tmp_path / "b"
    write_backup(gallery, path)
    data = path.read_bytes()
    body = data[:-64].replace(b"ann", b"eve")
    path.write_bytes(body + hashlib.sha256(body).digest() + data[-32:])
    with pytest.raises(SignatureError, match="changed after it was made"):
        read_backup(path)


def test_a_backup_that_is_changed_between_asking_and_restoring_is_not_taken(
    gallery: Gallery, elsewhere: Callable[[], Gallery], tmp_path: Path
) -> None:
    found = write_backup(gallery, tmp_path / "b")
    gallery.remove("ann")
    write_backup(gallery, tmp_path / "b", force=True)
    for backup in (found, Backup(found.path, read_backup(found.path).contents, found.sha256, signed_here=True)):
        with pytest.raises(ArtefactError, match="the gallery is as it was"):
            restore_backup(elsewhere(), backup)
    assert elsewhere().people == {}


def forge(path: Path, packed_people: list[bytes], **contents: Any) -> Backup:
    """A backup that somebody made by hand: its checksum is right, and it says that another box signed it."""
    header = {"made_at": "now", "host": "h", "people": len(packed_people), "vectors": 1, "crops": 0}
    header |= {"network": NETWORK, "network_name": "testnet", "key": "0" * 16, **contents}
    text = json.dumps(header).encode()
    body = struct.pack("<8sII", b"TWINBACK", 1, len(text)) + text + b"".join(packed_people)
    path.write_bytes(body + hashlib.sha256(body).digest() + bytes(32))
    return read_backup(path)


def packed(about: Any, rest: bytes = bytes(4 * 8 + 4)) -> bytes:
    text = about if isinstance(about, bytes) else json.dumps(about).encode()
    return struct.pack("<I", len(text)) + text + rest


SOUND = {"name": "eve", "files": ["x"], "shape": [1, 8], "crops": [0]}


def test_what_is_forged_is_sound_but_for_what_is_changed(elsewhere: Callable[[], Gallery], tmp_path: Path) -> None:
    restore_backup(elsewhere(), forge(tmp_path / "b", [packed(SOUND)]))
    assert list(Gallery.open(tmp_path / "elsewhere").people) == ["eve"]


@pytest.mark.parametrize(
    "person",
    [
        packed(SOUND | {"name": "../../eve\n"}),
        packed(SOUND | {"name": 7}),
        packed(SOUND | {"shape": [1 << 40, 8]}),
        packed(SOUND | {"shape": [-1, -8]}),
        packed(SOUND | {"shape": [1]}),
        packed(SOUND | {"files": []}),
        packed(SOUND | {"crops": [1 << 60]}),
        packed(SOUND | {"crops": []}),
        packed({"name": "eve"}),
        packed(["eve"]),
        packed(b"[" * 100_000),
        packed(b"\xff\xfe"),
        packed(SOUND, np.full(9, np.nan, "<f4").tobytes()),
        packed(SOUND) + b"more",
        packed(SOUND)[:-1],
        struct.pack("<I", 0xFFFFFFFF),
        packed(SOUND) * 2,
    ],
)
def test_a_forged_backup_changes_nothing(gallery: Gallery, tmp_path: Path, person: bytes) -> None:
    people = sorted(gallery.folder.iterdir())
    with pytest.raises(UserError):
        restore_backup(gallery, forge(tmp_path / "b", [person]))
    assert list(Gallery.open(gallery.folder).people) == ["ann", "z", "李明"]
    assert sorted(gallery.folder.iterdir()) == people


def test_one_person_twice_is_refused(gallery: Gallery, tmp_path: Path) -> None:
    with pytest.raises(ArtefactError, match="eve twice"):
        restore_backup(gallery, forge(tmp_path / "b", [packed(SOUND), packed(SOUND)]))


@pytest.mark.parametrize("contents", [{"people": "3"}, {"host": "\x1b[2Jx"}, {"host": None}, {"surprise": 1}])
def test_a_header_that_is_none_is_refused(tmp_path: Path, contents: dict[str, Any]) -> None:
    with pytest.raises(ArtefactError, match="damaged"):
        forge(tmp_path / "b", [], **contents)


def test_what_is_no_backup_is_neither_read_nor_overwritten(gallery: Gallery, tmp_path: Path) -> None:
    path = tmp_path / "party.jpg"
    path.write_bytes(b"a picture")
    with pytest.raises(ArtefactError, match="no backup of a gallery"):
        read_backup(path)
    with pytest.raises(ArtefactError, match="something else is there"):
        write_backup(gallery, path)
    assert path.read_bytes() == b"a picture"
    with pytest.raises(ArtefactError, match="No such file"):
        read_backup(tmp_path / "missing")
    with pytest.raises(ArtefactError, match="cannot be written"):
        write_backup(gallery, tmp_path / "party.jpg" / "b")


def test_an_older_backup_is_replaced_only_where_that_is_asked_for(gallery: Gallery, tmp_path: Path) -> None:
    path = tmp_path / "b"
    made_at = write_backup(gallery, path).contents.made_at
    old = path.read_bytes()
    gallery.remove("ann")
    for content, there in ((old, f"a backup of {made_at}, of 3 people"), (old[:30], "a damaged backup")):
        path.write_bytes(content)
        with pytest.raises(ArtefactError, match=f"{re.escape(there)}, is there; name another file, or .*--force"):
            write_backup(gallery, path)
        assert path.read_bytes() == content
    assert write_backup(gallery, path, force=True).contents.people == 2
    assert read_backup(path).contents.people == 2


def test_a_backup_that_appears_while_another_is_written_is_not_overwritten(gallery: Gallery, tmp_path: Path) -> None:
    path = tmp_path / "b"
    with pytest.raises(ArtefactError, match="something else is there"):
        write_backup(gallery, path, lambda: path.write_bytes(b"meanwhile") and None)
    assert path.read_bytes() == b"meanwhile"
    with pytest.raises(ArtefactError, match="something else is there"):
        write_backup(gallery, path, force=True)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["b", "gallery", "key-here"]


def test_a_backup_of_a_later_format_says_so(gallery: Gallery, tmp_path: Path) -> None:
    write_backup(gallery, tmp_path / "b")
    data = bytearray((tmp_path / "b").read_bytes())
    data[8] = 3
    (tmp_path / "b").write_bytes(data)
    with pytest.raises(ArtefactError, match="format 3, this twinface reads 2; update twinface"):
        read_backup(tmp_path / "b")


def test_a_gallery_with_damage_is_not_backed_up(gallery: Gallery, tmp_path: Path) -> None:
    place = person_path(gallery.folder / "people", "ann")
    place.write_bytes(place.read_bytes()[:-1])
    with pytest.raises(ArtefactError, match="cut short"):
        write_backup(gallery, tmp_path / "b")
    assert not (tmp_path / "b").exists()
    assert len(box_key()) == 32


def test_a_gallery_with_people_is_replaced_only_where_that_is_asked_for(
    gallery: Gallery, tmp_path: Path, elsewhere: Callable[[], Gallery]
) -> None:
    backup = tmp_path / "b"
    write_backup(gallery, backup)
    new = tmp_path / "new"
    restored = restore_into(new, read_for_restoring(backup, new))
    assert (list(restored.people), restored.network_name) == (["ann", "z", "李明"], "testnet")
    with pytest.raises(InputError, match="3 people there already; use --replace"):
        read_for_restoring(backup, new)
    restored.remove("z")
    assert "z" in restore_into(new, read_for_restoring(backup, new, replace=True)).people
    inside = next((new).glob("people*")) / "b"
    inside.write_bytes(backup.read_bytes())
    with pytest.raises(InputError, match="among the people that it would replace"):
        read_for_restoring(inside, new, replace=True)
    assert list(restore_into(tmp_path / "elsewhere", read_for_restoring(backup, elsewhere().folder)).people)

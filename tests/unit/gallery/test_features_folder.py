"""Features in the place of a gallery: read as one, and never changed."""

from collections.abc import Callable
from pathlib import Path

import pytest

from twinface.averages.faces_file import averages_lock, write_faces
from twinface.corrections import Correction, CorrectionKind, add_corrections, read_corrections
from twinface.errors import ArtefactError, FingerprintError, SignatureError
from twinface.gallery import Gallery, PersonVectors, box_key, person_path, read_features, write_features
from twinface.gallery.backup import restore_backup, write_backup
from twinface.gallery.gallery_folder import has_people, is_features_folder, require_gallery
from twinface.gallery.keys import KEY_VARIABLE
from twinface.settings import Settings

MakePerson = Callable[..., PersonVectors]
NETWORK = "a" * 64


@pytest.fixture(autouse=True)
def key_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, str(tmp_path / "key"))


@pytest.fixture
def features(tmp_path: Path, make_person: MakePerson) -> Path:
    write_features(tmp_path / "features", [make_person(name) for name in ("b", "ann")])
    (tmp_path / "features" / "stats.json").write_text("{}")
    return tmp_path / "features"


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_they_are_read_as_a_gallery(features: Path, make_person: MakePerson) -> None:
    before = content(features)
    gallery = Gallery.open(features, network=NETWORK)
    assert list(gallery.people) == ["ann", "b"]
    assert (gallery.network, gallery.version, gallery.holds_features, gallery.verify()) == (NETWORK, 1, True, {})
    assert gallery.snapshot().names == ("ann", "b")
    assert gallery.knows("ann")
    assert not gallery.keeps_crops("ann")
    assert not gallery.refresh()
    write_features(features, [make_person("c")])
    assert gallery.refresh()
    assert list(gallery.people) == ["ann", "b", "c"]
    person_path(features, "c").unlink()
    assert gallery.refresh()
    assert content(features) == before


def test_one_damaged_file_costs_nobody_else(features: Path) -> None:
    path = person_path(features, "ann")
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    gallery = Gallery.open(features)
    assert list(gallery.people) == ["b"]
    assert list(gallery.damaged) == [path]


def test_the_averages_of_a_gallery_among_them_are_nobody(features: Path, tmp_path: Path) -> None:
    file = Settings(gallery=features / "gallery").averages_path
    with averages_lock(file):
        write_faces(file, {}, NETWORK)
    assert file.parent == features
    gallery = Gallery.open(features, network=NETWORK)
    assert (list(gallery.people), gallery.damaged) == (["ann", "b"], {})
    assert [person.name for person in read_features(features)] == ["ann", "b"]
    (tmp_path / "pictures").mkdir()
    file.rename(tmp_path / "pictures" / file.name)
    assert not is_features_folder(tmp_path / "pictures")


def test_those_of_another_network_are_told(features: Path, make_person: MakePerson) -> None:
    with pytest.raises(FingerprintError, match=r"not the one in use .*--network, or extract them"):
        Gallery.open(features, network="b" * 64)
    write_features(features, [make_person("z", network="b" * 64)])
    gallery = Gallery.open(features, network=NETWORK)
    assert list(gallery.people) == ["ann", "b"]
    assert "z is of another network" in str(*gallery.damaged.values())


def test_every_change_is_refused_with_the_way_to_a_gallery(features: Path, make_person: MakePerson) -> None:
    gallery, before, new = Gallery.open(features), content(features), make_person("new")
    said = Correction(CorrectionKind.REJECT, "ann", new.vectors[0], NETWORK, 1.0, "door/1/1", None, 1)

    def replace_all() -> None:
        with gallery.replacing(NETWORK, "") as put:
            put(new, {})

    changes: list[Callable[[], object]] = [
        lambda: gallery.add("new", new.files, new.vectors, new.quality),
        lambda: gallery.add("ann", new.files, new.vectors, new.quality),
        lambda: gallery.rename("ann", "c"),
        lambda: gallery.rename("ann", "b", merge=True),
        lambda: gallery.remove("ann"),
        lambda: gallery.remember_set_aside("ann", []),
        replace_all,
        lambda: Gallery.open(features, network=NETWORK, create=True),
        lambda: Gallery.open(features, network="b" * 64, create=True),
        lambda: add_corrections(features, [said]),
        lambda: require_gallery(features),
    ]
    for change in changes:
        with pytest.raises(ArtefactError) as told:
            change()
        assert "features, which are read and not changed; make a gallery of them with `twinface gallery add" in str(
            told.value
        )
        assert content(features) == before
    assert read_corrections(features) == ()


def test_a_backup_can_be_made_of_them_and_restored_elsewhere(features: Path, tmp_path: Path) -> None:
    before = content(features)
    backup = write_backup(Gallery.open(features), tmp_path / "backup")
    assert content(features) == before
    restored = Gallery.open(tmp_path / "gallery", network=NETWORK, create=True)
    restore_backup(restored, backup)
    assert list(restored.people) == ["ann", "b"]
    with pytest.raises(ArtefactError, match="features, which are read"):
        restore_backup(Gallery.open(features), backup)


def test_what_is_no_folder_of_features_is_told_from_one(
    tmp_path: Path, features: Path, make_person: MakePerson, open_gallery: Callable[..., Gallery]
) -> None:
    assert is_features_folder(features)
    assert has_people(features)
    gallery = open_gallery()
    (gallery.folder / "corrections.pkl").write_bytes(b"signed")
    for lost in (False, True):
        if lost:
            (gallery.folder / "gallery.json").unlink()
        assert not is_features_folder(gallery.folder)
        assert has_people(gallery.folder) != lost
    (tmp_path / "empty").mkdir()
    for folder in (tmp_path / "empty", tmp_path / "nowhere", features / "stats.json"):
        assert not has_people(folder)
        with pytest.raises(ArtefactError, match="no gallery here"):
            Gallery.open(folder)
    write_features(tmp_path / "theirs", [make_person("ann")], key=b"z" * 32)
    with pytest.raises(SignatureError):
        Gallery.open(tmp_path / "theirs")
    assert len(box_key()) == 32

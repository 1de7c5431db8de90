"""What people said of names is kept whole, signed, and once for each name and vector."""

import dataclasses
import threading
from pathlib import Path

import numpy as np
import pytest

import twinface.corrections.corrections_file
from twinface.corrections import (
    CORRECTIONS_FILE,
    Correction,
    CorrectionKind,
    add_corrections,
    forget_corrections,
    read_corrections,
    rename_corrections,
)
from twinface.errors import ArtefactError, SignatureError
from twinface.events.event import NameSpan
from twinface.gallery.gallery_folder import writers_lock
from twinface.gallery.keys import KEY_VARIABLE


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A gallery of nobody."""
    monkeypatch.setenv(KEY_VARIABLE, str(tmp_path / "key"))
    (tmp_path / "gallery/people").mkdir(parents=True)
    return tmp_path / "gallery"


def make(name: str = "Zoë", kind: CorrectionKind = CorrectionKind.REJECT, seed: int = 1) -> Correction:
    vector = np.random.default_rng(seed).normal(size=4).astype(np.float32)
    return Correction(kind, name, vector, "a" * 64, 0.75, "front:1:3", 17, 1_700_000_000_000_000_000)


def test_what_was_said_is_read_again(folder: Path) -> None:
    assert read_corrections(folder) == ()
    said = [make(), make("bob", CorrectionKind.CONFIRM, 2), dataclasses.replace(make(seed=3), event=None)]
    add_corrections(folder, said[:2])
    add_corrections(folder, said[2:])
    for before, after in zip(said, read_corrections(folder), strict=True):
        np.testing.assert_array_equal(after.vector, before.vector)
        for field in dataclasses.fields(Correction):
            assert field.name == "vector" or getattr(after, field.name) == getattr(before, field.name)
    assert (folder / CORRECTIONS_FILE).stat().st_mode & 0o777 == 0o600


def test_the_latest_word_on_a_vector_counts(folder: Path) -> None:
    add_corrections(folder, [make(), make("bob")])
    add_corrections(folder, [make(kind=CorrectionKind.CONFIRM)])
    assert [(one.name, str(one.kind)) for one in read_corrections(folder)] == [("bob", "reject"), ("Zoë", "confirm")]


def test_the_oldest_give_way(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(twinface.corrections.corrections_file, "MOST_CORRECTIONS", 3)
    for seed in range(5):
        add_corrections(folder, [make(str(seed), seed=seed)])
    assert [one.name for one in read_corrections(folder)] == ["2", "3", "4"]


def test_a_person_is_forgotten_or_renamed(folder: Path) -> None:
    assert forget_corrections(folder, [NameSpan("Zoë")]) == 0
    add_corrections(folder, [make(), make("bob", seed=2), make(seed=3)])
    assert rename_corrections(folder, "Zoë", "Zoe") == 2
    assert forget_corrections(folder, [NameSpan("Zoë")]) == 0
    assert forget_corrections(folder, [NameSpan("Zoe")]) == 2
    assert [one.name for one in read_corrections(folder)] == ["bob"]
    assert forget_corrections(folder, [NameSpan("bob")]) == 1
    assert not (folder / CORRECTIONS_FILE).exists()


def test_what_was_said_of_a_name_before_it_was_theirs_or_after_stays(folder: Path) -> None:
    times = {seed: dataclasses.replace(make(seed=seed), at_ns=seed) for seed in range(1, 6)}
    add_corrections(folder, list(times.values()))
    assert forget_corrections(folder, [NameSpan("Zoë", 2, 4)]) == 2
    assert [one.at_ns for one in read_corrections(folder)] == [1, 4, 5]


def test_two_who_write_at_once_both_have_their_word(folder: Path) -> None:
    threads = [threading.Thread(target=add_corrections, args=(folder, [make(str(n), seed=n)])) for n in range(8)]
    with writers_lock(folder):
        for thread in threads:
            thread.start()
        assert read_corrections(folder) == ()
    for thread in threads:
        thread.join()
    assert sorted(one.name for one in read_corrections(folder)) == [str(number) for number in range(8)]


def test_a_file_that_was_changed_is_not_read(folder: Path) -> None:
    add_corrections(folder, [make()])
    path = folder / CORRECTIONS_FILE
    content = bytearray(path.read_bytes())
    content[-5] ^= 1
    path.write_bytes(content)
    with pytest.raises(SignatureError):
        read_corrections(folder)
    with pytest.raises(SignatureError):
        add_corrections(folder, [make("bob")])


def test_numbers_that_are_none_are_refused() -> None:
    with pytest.raises(ArtefactError, match="not finite"):
        dataclasses.replace(make(), vector=np.array([np.nan], np.float32))


def test_without_a_gallery_there_is_no_place_for_them(tmp_path: Path) -> None:
    with pytest.raises(ArtefactError, match="cannot be written"):
        add_corrections(tmp_path / "nowhere", [make()])


@pytest.mark.parametrize(
    ("track", "source"),
    [("front:1:3", "camera:front"), ("front", "camera:front"), ("", "photos"), ("a place:1:3", "photos")],
)
def test_a_correction_is_of_the_camera_that_saw_the_track(track: str, source: str) -> None:
    one = Correction(CorrectionKind.CONFIRM, "Ada", np.ones(4, np.float32), "a" * 64, 0.5, track, None, 1)
    assert one.source == source

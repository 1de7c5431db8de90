"""Files signed with a stolen key, in the gallery of a running matcher: each costs whom it is about, nobody else."""

from pathlib import Path

import numpy as np
import pytest
from bombs import BOMBS, KEY, signed

from twinface.gallery import Gallery, PersonVectors
from twinface.gallery.people_files import write_person
from twinface.networks import find_recipe
from twinface.recognition.naming import Naming
from twinface.settings import MatchingSettings

VECTOR = np.random.default_rng(3).normal(size=(1, 128)).astype(np.float32) * 10
ONE = np.ones(1, np.float32)


@pytest.fixture
def gallery(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Gallery:
    (tmp_path / "key").write_bytes(KEY)
    (tmp_path / "key").chmod(0o600)
    monkeypatch.setenv("TWINFACE_KEY_FILE", str(tmp_path / "key"))
    gallery = Gallery.open(tmp_path / "gallery", network=find_recipe("sface").fingerprint, create=True)
    gallery.add("Ada", ["1.jpg"], VECTOR, ONE)
    gallery.add("Bob", ["1.jpg"], -VECTOR, ONE)
    return gallery


def named(naming: Naming) -> set[str]:
    return {naming.alone("door", VECTOR[0]).candidates[0].name, naming.alone("door", -VECTOR[0]).candidates[0].name}


@pytest.mark.parametrize("at_start", [False, True])
def test_everybody_else_is_still_named(gallery: Gallery, at_start: bool) -> None:
    folder = gallery.folder
    before = None if at_start else Naming(folder, None, find_recipe("sface"), MatchingSettings())
    for number, payload in enumerate(BOMBS.values()):
        (folder / "people" / f"{number:03}-bomb.pkl").write_bytes(signed(payload))
    for number, length in enumerate((1, 127, 5000)):  # some in front of everybody else's files
        person = PersonVectors(f"Eve {number}", ("1.jpg",), np.ones((1, length), np.float32), ONE, gallery.network)
        write_person(folder / "people" / f"00-eve-{number}.pkl", person, KEY)
    naming = before or Naming(folder, None, find_recipe("sface"), MatchingSettings())
    naming.refresh()
    assert named(naming) == {"Ada", "Bob"}
    assert f"{len(BOMBS) + 3} of the gallery left out" in naming.problem


def test_corrections_that_cannot_be_read_cost_no_name(gallery: Gallery) -> None:
    for payload in BOMBS.values():
        (gallery.folder / "corrections.pkl").write_bytes(signed(payload))
        naming = Naming(gallery.folder, None, find_recipe("sface"), MatchingSettings())
        assert named(naming) == {"Ada", "Bob"}
        assert "corrections.pkl" in naming.problem

"""A rejected name is not given again to such a face, from the next look for changes on, and nobody else gets it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from twinface.corrections import CORRECTIONS_FILE, Correction, CorrectionKind, add_corrections, forget_corrections
from twinface.events.event import NameSpan
from twinface.gallery import Gallery
from twinface.gallery.keys import KEY_VARIABLE
from twinface.live.camera_tracks import NOT_YET
from twinface.networks import NetworkRecipe, find_recipe
from twinface.recognition.naming import Naming
from twinface.settings import MatchingSettings
from twinface.types import Decision, State

NETWORK = "c" * 64
AXES = np.eye(8, dtype=np.float32)


@pytest.fixture
def recipe() -> NetworkRecipe:
    """A network with no head of its own: plain cosine."""
    return replace(find_recipe("sface"), name="other", fingerprint=NETWORK, dimension=8)


@pytest.fixture
def naming(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, recipe: NetworkRecipe) -> Naming:
    """Knows ann and bob, who look a little like each other."""
    monkeypatch.setenv(KEY_VARIABLE, str(tmp_path / "key"))
    gallery = Gallery.open(tmp_path / "gallery", network=NETWORK, create=True)
    for name, face in (("ann", AXES[0]), ("bob", mix(0.6, 1))):
        gallery.add(name, ("1.jpg",), face[np.newaxis], np.ones(1, np.float32))
    return Naming(tmp_path / "gallery", None, recipe, MatchingSettings(margin=0.0, agreeing_looks=1))


def mix(cosine: float, other: int) -> NDArray[np.float32]:
    """A face with this cosine with ann's."""
    return np.asarray(cosine * AXES[0] + np.sqrt(1 - cosine**2) * AXES[other], np.float32)


def named(naming: Naming, *looks: NDArray[np.float32], weights: tuple[float, ...] | None = None) -> Decision:
    return naming.decide("door", np.stack(looks), np.array(weights or [0.5] * len(looks), np.float32), NOT_YET)


def reject(folder: Path, name: str, vector: NDArray[np.float32], **fields: object) -> None:
    rejection = Correction(CorrectionKind.REJECT, name, vector, NETWORK, 0.5, "door:1:1", None, 0)
    add_corrections(folder / "gallery", [replace(rejection, **fields)])  # type: ignore[arg-type]


def test_a_rejected_name_is_withheld_from_faces_like_the_rejected_one(naming: Naming, tmp_path: Path) -> None:
    visitor = mix(0.9, 2)
    assert named(naming, visitor).name == "ann"
    reject(tmp_path, "ann", 20 * visitor)
    assert named(naming, visitor).name == "ann"
    assert naming.refresh()
    assert not naming.refresh()
    decision = named(naming, visitor)
    assert (decision.state, decision.name) == (State.UNKNOWN, None)
    assert decision.reason == "ann was rejected for a face like this one"
    assert [one.name for one in decision.candidates] == ["ann", "bob"]
    assert named(naming, mix(0.6, 1)).name == "bob"
    forget_corrections(tmp_path / "gallery", [NameSpan("ann")])
    assert naming.refresh()
    assert named(naming, visitor).name == "ann"


def test_looks_that_are_like_no_rejected_one_keep_the_name(naming: Naming, tmp_path: Path) -> None:
    reject(tmp_path, "ann", mix(0.49, 3))
    naming.refresh()
    assert named(naming, AXES[0]).name == "ann"
    like = mix(0.9, 3)
    assert named(naming, like).name is None
    assert named(naming, AXES[0], like, weights=(0.6, 0.5)).name == "ann"
    assert named(naming, AXES[0], like, weights=(0.4, 0.5)).name is None


@pytest.mark.parametrize(
    "fields",
    [{"network": "d" * 64}, {"kind": CorrectionKind.CONFIRM}, {"name": "bob"}],
    ids=lambda one: next(iter(one)),
)
def test_what_was_said_of_something_else_is_no_veto(naming: Naming, tmp_path: Path, fields: dict[str, object]) -> None:
    reject(tmp_path, **{"name": "ann", "vector": AXES[0], **fields})  # type: ignore[arg-type]
    naming.refresh()
    assert named(naming, AXES[0]).name == "ann"


def test_a_damaged_file_is_said_and_the_vetoes_stay(naming: Naming, tmp_path: Path) -> None:
    reject(tmp_path, "ann", AXES[0])
    naming.refresh()
    path = tmp_path / "gallery" / CORRECTIONS_FILE
    whole = path.read_bytes()
    path.write_bytes(whole[:-3])
    assert not naming.refresh()
    assert "corrections.pkl: cut short" in naming.problem
    assert named(naming, AXES[0]).name is None
    path.write_bytes(whole)
    assert naming.refresh()
    assert naming.problem == ""


def test_one_look_is_judged_by_itself(naming: Naming) -> None:
    assert [one.name for one in naming.alone("door", mix(0.9, 2)).candidates] == ["ann", "bob"]
    assert naming.bounds["rule"] == "template"
    assert naming.bounds["threshold"] == 0.5

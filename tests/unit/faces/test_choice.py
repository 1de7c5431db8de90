import numpy as np
import pytest

from twinface.errors import NoFaceError
from twinface.faces import pick_enrolment_face, pick_main_face
from twinface.types import Face

SHAPE = (480, 640, 3)


def face(x: float, y: float, width: float, height: float | None = None) -> Face:
    """A face with its centre at (x, y)."""
    half = np.array([width, height or width], np.float32) / 2
    centre = np.array([x, y], np.float32)
    return Face(np.concatenate([centre - half, centre + half]), np.zeros((5, 2), np.float32), 0.9)


def test_bystander_at_the_edge_does_not_win_over_the_face_in_the_middle() -> None:
    middle, edge = face(320, 240, 100), face(580, 400, 130)
    assert pick_main_face([edge, middle], SHAPE) is middle


def test_much_larger_face_wins_beside_the_middle() -> None:
    large, small = face(250, 200, 250), face(320, 240, 40)
    assert pick_enrolment_face([small, large], SHAPE) is large


def test_two_faces_alike_in_size_are_refused_for_enrolment_only() -> None:
    left, right = face(220, 240, 120), face(420, 240, 110)
    with pytest.raises(NoFaceError, match="2 faces alike"):
        pick_enrolment_face([left, right], SHAPE)
    assert pick_main_face([left, right], SHAPE) in {left, right}


def test_no_face_is_refused() -> None:
    for pick in (pick_main_face, pick_enrolment_face):
        with pytest.raises(NoFaceError, match="no face"):
            pick([], SHAPE)

import itertools
from pathlib import Path

import cv2
import numpy as np
import pytest

from twinface.distillation.crop_views import as_input, cut_view, draw_views, resize, rows_of
from twinface.distillation.packing import Sources, make_pack, split_people
from twinface.distillation.student import Hint, build_student, freeze_stages
from twinface.distillation.teacher import Targets, Teacher, find_basis, load_or_find_bases
from twinface.distillation.training_period import Budget, equal_error_rate, learning_rate
from twinface.distillation.training_step import build_lesson, show_kept
from twinface.errors import InputError


def packed_noise(count: int) -> np.ndarray:
    return np.random.default_rng(5).integers(0, 256, (count, 128, 128, 3)).astype(np.uint8)


def test_views_are_the_crop_its_mirror_image_and_shifts() -> None:
    crop = packed_noise(1)[0]
    plain, mirrored, shifted = (draw_views(number, 50, seed=1) for number in (0, 1, 2))
    assert np.array_equal(cut_view(crop, plain.shift_px[0], bool(plain.flip[0])), crop[8:120, 8:120])
    assert np.array_equal(cut_view(crop, mirrored.shift_px[0], bool(mirrored.flip[0])), crop[8:120, 119:7:-1])
    assert np.array_equal(cut_view(crop, np.array([-8, 3]), False), crop[11:123, 0:112])
    assert np.abs(shifted.shift_px).max() == 8
    assert 10 < shifted.flip.sum() < 40
    assert np.array_equal(shifted.shift_px, draw_views(2, 50, seed=1).shift_px)
    assert not np.array_equal(shifted.shift_px, draw_views(3, 50, seed=1).shift_px)


def test_the_order_goes_on_anywhere_and_each_epoch_has_each_crop_once() -> None:
    whole = rows_of(range(30), 10, seed=2)
    assert np.array_equal(np.concatenate([rows_of(range(7), 10, 2), rows_of(range(7, 30), 10, 2)]), whole)
    assert all(sorted(whole[start : start + 10]) == list(range(10)) for start in (0, 10, 20))
    assert not np.array_equal(whole[:10], whole[10:20])


def test_input_is_scaled_as_keras_does_it() -> None:
    crops = packed_noise(2)[:, 8:120, 8:120]
    keras = pytest.importorskip("keras")
    wanted = keras.applications.resnet.preprocess_input(crops[..., ::-1].astype(np.float32))
    assert as_input(crops, 112) == pytest.approx(wanted)
    assert as_input(crops, 80).shape == (2, 80, 80, 3)


def test_the_rate_warms_up_stays_and_fades() -> None:
    rates = [learning_rate(progress, 1.0) for progress in np.linspace(0, 1, 101)]
    assert rates[0] == pytest.approx(0.1)
    assert rates[10] == rates[49] == 1.0
    assert rates[-1] == pytest.approx(0.0, abs=1e-9)
    assert all(a >= b for a, b in itertools.pairwise(rates[10:]))


def test_a_budget_is_steps_or_minutes() -> None:
    assert Budget(steps=4).progress(steps=1, seconds=1e6) == 0.25
    assert Budget(minutes=2.0).progress(steps=10**6, seconds=30) == 0.25
    assert Budget(minutes=2.0).progress(steps=0, seconds=300) == 1.0


def test_equal_error_rate_of_vectors() -> None:
    people = np.array([0, 0, 1, 1])
    apart = np.array([[1, 0], [2, 0.1], [0, 1], [0.1, 3]], np.float32)
    assert equal_error_rate(apart, people) == 0.0
    assert equal_error_rate(apart[[0, 2, 1, 3]], people) == pytest.approx(0.5)


def test_every_fifth_person_in_byte_order_is_held_out(tmp_path: Path) -> None:
    for name in ("b", "a", "é", "Z", "c", "d", "e", "f", "g", "h", "i"):
        (tmp_path / name).mkdir()
    learnt, held_out = split_people(tmp_path)
    assert [path.name for path in held_out] == ["d", "i"]
    assert {path.name for path in learnt} == {"Z", "a", "b", "c", "e", "f", "g", "h", "é"}
    with pytest.raises(InputError, match="no such folder"):
        split_people(tmp_path / "nowhere")
    with pytest.raises(InputError, match="at least 10"):
        split_people(tmp_path / "a")


def test_a_pack_is_made_once_and_says_what_it_left_out(tmp_path: Path, crops_folder: Path) -> None:
    (tmp_path / "more" / "deep").mkdir(parents=True)
    (tmp_path / "more" / "deep" / "broken.jpg").write_bytes(b"\xff\xd8 cut off")
    cv2.imwrite(str(tmp_path / "more" / "wide.png"), np.zeros((64, 128, 3), np.uint8))
    skipped = {}

    def on_picture(path: Path, error: InputError | None) -> None:
        if error is not None:
            skipped[path.name] = str(error)

    pack = make_pack(Sources(crops=(crops_folder, tmp_path / "more")), tmp_path / "pack", on_picture)
    assert pack.crops.shape == (24, 128, 128, 3)
    assert len(pack.held_out) == len(pack.held_out_people) == 0
    assert set(skipped) == {"broken.jpg", "wide.png"}
    assert all(name in reason for name, reason in skipped.items())
    again = make_pack(Sources(), tmp_path / "pack", on_picture)
    assert np.array_equal(again.crops, pack.crops)
    with pytest.raises(InputError, match="0 usable faces in 0 pictures"):
        make_pack(Sources(), tmp_path / "empty", on_picture)


@pytest.fixture(scope="module")
def teacher() -> Teacher:
    return Teacher("sface")


def test_the_teacher_is_asked_once_a_view(teacher: Teacher, tmp_path: Path) -> None:
    crops = packed_noise(6)
    bases = load_or_find_bases(tmp_path / "hints.npz", teacher, crops[:, 8:120, 8:120])
    rows = np.array([4, 1])
    targets = Targets(tmp_path / "answers", teacher, crops, views=2, seed=0, bases=bases)
    first = targets.batch(1, rows)
    assert np.array_equal(first.pictures, crops[rows, 8:120, 119:7:-1])
    assert np.linalg.norm(first.vectors, axis=1) == pytest.approx(1.0, abs=1e-3)
    assert first.vectors == pytest.approx(teacher.ask(first.pictures)[0], abs=2e-3)
    assert [part.shape for part in first.maps] == [(2, 7, 7, 256), (2, 14, 14, 96)]
    direct = [basis.project(part) for basis, part in zip(bases, teacher.ask(first.pictures)[1], strict=True)]
    assert all(kept == pytest.approx(part, abs=2e-3) for kept, part in zip(first.maps, direct, strict=True))

    crops[:] = 0
    again = Targets(tmp_path / "answers", teacher, crops, views=2, seed=0, bases=bases).batch(3, rows)
    assert np.array_equal(again.vectors, first.vectors)
    assert all(np.array_equal(a, b) for a, b in zip(again.maps, first.maps, strict=True))


def test_what_is_kept_teaches_vectors_and_maps(teacher: Teacher, tmp_path: Path) -> None:
    keras = pytest.importorskip("keras")
    keras.utils.set_random_seed(0)
    crops = packed_noise(4)
    bases = load_or_find_bases(tmp_path / "hints.npz", teacher, crops[:, 8:120, 8:120])
    targets = Targets(tmp_path / "answers", teacher, crops, views=1, seed=0, bases=bases)
    centre = np.full(teacher.dimension, 0.01, np.float32)
    pictures, said = show_kept(targets, centre, size_px=32, count=4, seed=0)(range(4))
    hints = [Hint(place.stage, place.kept) for place in teacher.places]
    student = build_student(teacher.dimension, hints)
    freeze_stages(student.resnet, 1)  # of four steps with four pictures a whole network learns nothing
    lesson = build_lesson(student, hint_weight=1.0)
    lesson.compile(optimizer=keras.optimizers.Adam(1e-4), run_eagerly=True)
    figures = []
    for _ in range(4):
        lesson.reset_metrics()
        figures.append(lesson.train_on_batch(pictures, said, return_dict=True))
    assert figures[-1]["agreement"] > figures[0]["agreement"]
    assert figures[-1]["hint_error"] < figures[0]["hint_error"]


def test_the_teachers_vectors_are_those_of_the_network(teacher: Teacher) -> None:
    from twinface.networks import load_network

    crops = np.stack([resize(packed_noise(2), 112)])[0]
    wanted = load_network("sface").embed(crops)
    vectors, maps = teacher.ask(crops)
    assert vectors == pytest.approx(wanted / np.linalg.norm(wanted, axis=1, keepdims=True), abs=1e-5)
    assert [part.shape for part in maps] == [(2, 7, 7, 1024), (2, 14, 14, 512)]


def test_a_basis_keeps_variance_one() -> None:
    rng = np.random.default_rng(0)
    maps = (rng.normal(size=(30, 5, 5, 6)) * [9, 5, 3, 1, 0.1, 0.1] + 4).astype(np.float32)
    projected = find_basis(maps, kept=3).project(maps)
    assert projected.shape == (30, 5, 5, 3)
    assert projected.reshape(-1, 3).var(axis=0).sum() == pytest.approx(1.0, rel=1e-2)
    assert projected.reshape(-1, 3).mean(axis=0) == pytest.approx(np.zeros(3), abs=1e-5)

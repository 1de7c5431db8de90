from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from twinface.errors import ArtefactError, FingerprintError, InputError
from twinface.evaluation.protocols.on_features import evaluate_features
from twinface.evaluation.protocols.split import validation_people
from twinface.gallery import read_features, write_features

CFP = (*(f"frontal_{n:02}.jpg" for n in range(1, 5)), *(f"profile_{n:02}.jpg" for n in range(1, 3)))


def test_the_validation_split_is_evaluated_and_nobody_else(make_features: Callable[..., Path]) -> None:
    done = evaluate_features(make_features(30))
    assert done.people == tuple(validation_people(f"person {n:02}" for n in range(30)))
    overall = done.verifications[0]
    assert overall.figures.genuine_pairs == 6 * 15
    assert overall.figures.impostor_pairs == 36 * 35 // 2 - 90
    assert overall.people == 6


def test_groups_are_the_words_that_names_begin_with(make_features: Callable[..., Path]) -> None:
    done = evaluate_features(make_features(20, CFP), people="all")
    counts = {one.title: (one.figures.genuine_pairs, one.figures.impostor_pairs) for one in done.verifications}
    assert counts == {
        "all pairs": (20 * 15, 190 * 36),
        "frontal-frontal": (20 * 6, 190 * 16),
        "frontal-profile": (20 * 8, 190 * 2 * 8),
        "profile-profile": (20 * 1, 190 * 4),
    }


def test_groups_can_be_given_or_left_out(make_features: Callable[..., Path]) -> None:
    features = make_features(20, CFP)
    assert [one.title for one in evaluate_features(features, people="all", groups={}).verifications] == ["all pairs"]
    some = evaluate_features(features, people="all", groups={"front": "frontal_0[12]*"})
    assert [one.title for one in some.verifications] == ["all pairs", "front-front"]
    assert some.verifications[1].figures.genuine_pairs == 20
    with pytest.raises(InputError, match=r"--groups side=side_\*: no picture is called so, but frontal_01.jpg"):
        evaluate_features(features, people="all", groups={"side": "side_*"})
    with pytest.raises(InputError, match="belongs to two groups"):
        evaluate_features(features, people="all", groups={"one": "frontal*", "two": "*_01*"})


def test_people_can_be_named(make_features: Callable[..., Path], tmp_path: Path) -> None:
    features, names = make_features(10), tmp_path / "names.txt"
    names.write_text("person 03\n\nperson 01\n")
    assert evaluate_features(features, people=str(names)).people == ("person 01", "person 03")
    names.write_text("person 03\nJohn Doe\n")
    with pytest.raises(InputError, match="John Doe is not in"):
        evaluate_features(features, people=str(names))
    with pytest.raises(InputError, match="give validation, all, or a file"):
        evaluate_features(features, people="everybody")


def test_whom_a_head_learnt_from_is_left_out(
    make_features: Callable[..., Path], write_head: Callable[..., Path]
) -> None:
    features = make_features(30)
    validation = validation_people(f"person {n:02}" for n in range(30))
    head = write_head([f"person {n:02}" for n in range(30) if f"person {n:02}" not in validation[2:]])
    split = evaluate_features(features, head=head)
    assert split.people == tuple(validation[2:])
    assert split.left_out == 2
    everybody = evaluate_features(features, head=head, people="all")
    assert everybody.people == split.people
    assert everybody.left_out == 26
    assert everybody.verifications[0].figures == split.verifications[0].figures
    assert everybody.subject.metric == "head"


def test_a_head_that_learnt_from_nearly_all_is_refused(
    make_features: Callable[..., Path], write_head: Callable[..., Path]
) -> None:
    head = write_head([f"person {n:02}" for n in range(29)])
    with pytest.raises(
        InputError, match="trained on 29 of these 30 people, which leaves 1; evaluate on people it never"
    ):
        evaluate_features(make_features(30), head=head, people="all")


def test_a_head_that_does_not_say_whom_it_learnt_from_is_refused(
    make_features: Callable[..., Path], write_head: Callable[..., Path]
) -> None:
    with pytest.raises(ArtefactError, match="does not say whom it was trained on"):
        evaluate_features(make_features(), head=write_head(None))


def test_a_head_of_the_same_order_as_a_metric_has_its_figures(
    make_features: Callable[..., Path], write_head: Callable[..., Path]
) -> None:
    """The head is a falling function of the L1 distance."""
    features = make_features(20, CFP)
    head, metric = (
        evaluate_features(features, people="all", head=write_head([])),
        evaluate_features(features, people="all", metric="l1"),
    )
    for one, two in zip(head.verifications, metric.verifications, strict=True):
        assert one.figures.auc == pytest.approx(two.figures.auc, abs=1e-6)
        assert one.figures.eer == pytest.approx(two.figures.eer, abs=1e-6)
    assert head.identification is not None
    assert metric.identification is not None


def test_features_heads_and_networks_must_belong_together(
    make_features: Callable[..., Path], write_head: Callable[..., Path]
) -> None:
    features = make_features()
    with pytest.raises(FingerprintError, match=r"of another network .* than sface"):
        evaluate_features(features, network="sface")
    with pytest.raises(FingerprintError, match="train it again on features of the network in use"):
        evaluate_features(features, head=write_head([], network="8" * 64))


def test_a_head_for_other_vectors_is_refused(
    make_features: Callable[..., Path], write_head: Callable[..., Path]
) -> None:
    with pytest.raises(ArtefactError, match="make gallery, features and head with the same network"):
        evaluate_features(make_features(), head=write_head([], dimension=17))


@pytest.mark.parametrize(
    ("people", "files", "chosen", "reason"),
    [
        (1, ("1.jpg", "2.jpg"), "all", "only person 00 to evaluate"),
        (9, ("1.jpg", "2.jpg"), "validation", "every fifth is for validation, which leaves 1; .* --people all"),
        (5, ("1.jpg",), "all", "nobody has two pictures"),
    ],
)
def test_too_little_to_measure_on(
    make_features: Callable[..., Path], people: int, files: tuple[str, ...], chosen: str, reason: str
) -> None:
    features = make_features(people, files)
    with pytest.raises((InputError, ArtefactError), match=reason):
        evaluate_features(features, people=chosen)


def test_vectors_of_two_lengths_or_not_finite_are_refused(make_features: Callable[..., Path]) -> None:
    features = make_features(6)
    someone = read_features(features)[0]
    write_features(features, [replace(someone, vectors=np.ones((6, 17), np.float32))])
    with pytest.raises(ArtefactError, match="differ in length; extract both again"):
        evaluate_features(features, people="all")
    object.__setattr__(someone, "vectors", np.full((6, 16), np.nan, np.float32))  # no PersonVectors can be made so
    write_features(features, [someone])
    with pytest.raises(ArtefactError, match="not finite numbers"):
        evaluate_features(features, people="all")


def test_the_same_seed_gives_the_same_figures(make_features: Callable[..., Path]) -> None:
    features = make_features(20)
    first, again = (evaluate_features(features, people="all", seed=3) for _ in range(2))
    assert first.verifications[0].intervals == again.verifications[0].intervals
    assert first.identification is not None
    assert again.identification is not None
    assert first.identification.outcomes == again.identification.outcomes
    assert first.identification.intervals == again.identification.intervals

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from twinface.errors import InputError
from twinface.evaluation.differentials.on_groups import find_threshold, operating_point
from twinface.evaluation.differentials.pair_counts import AllPairs
from twinface.evaluation.protocols.comparison import choose_similarity
from twinface.matching.head_spec import DecisionCalibration, HeadSpec
from twinface.progress import no_progress
from twinface.settings import MatchingSettings

PEOPLE = 200


def strangers(metric: str, head: Path | None = None, people: int = PEOPLE) -> AllPairs:
    vectors = np.random.default_rng(2).normal(size=(people, 16)).astype(np.float32)
    return AllPairs(vectors, np.arange(people, dtype=np.int32), choose_similarity(metric, head, "7" * 64))


@pytest.mark.parametrize("rate", [0.001, 0.02, 0.5])
@pytest.mark.parametrize("metric", ["cosine", "l1", "head"])
def test_the_threshold_is_the_exact_one_to_within_its_resolution(
    metric: str, rate: float, write_head: Callable[..., Path]
) -> None:
    pairs = strangers(metric, write_head([]) if metric == "head" else None)
    found = find_threshold(pairs, rate, no_progress)
    (block,) = pairs
    scores = np.sort(block.scores[block.impostor])[::-1]
    highest_left_out = scores[int(rate * len(scores))]
    assert highest_left_out < found <= highest_left_out + abs(highest_left_out) * 2**-11 + 1e-38
    assert np.count_nonzero(scores >= found) <= rate * len(scores)


def test_pairs_that_are_set_aside_do_not_raise_the_threshold() -> None:
    pairs = strangers("cosine")
    twins = AllPairs(np.repeat(pairs.vectors, 2, axis=0), np.arange(2 * PEOPLE, dtype=np.int32), pairs.similarity)
    apart = AllPairs(twins.vectors, twins.person, pairs.similarity, same_person_above=0.99)
    rate = 0.01
    assert find_threshold(twins, rate, no_progress) > find_threshold(apart, rate, no_progress)
    assert find_threshold(apart, rate, no_progress) == pytest.approx(find_threshold(pairs, rate, no_progress), abs=0.01)


def test_a_rate_that_the_pairs_cannot_show_is_refused_with_the_lowest() -> None:
    with pytest.raises(InputError, match=r"--far 0.0005: of 19,900 .* fewer than 10; take 0.00051 or more, or add"):
        find_threshold(strangers("cosine"), 0.0005, no_progress)
    find_threshold(strangers("cosine"), 0.00051, no_progress)
    with pytest.raises(InputError, match=r"of 6 pairs of different people that is fewer than 10; add people"):
        find_threshold(strangers("cosine", people=4), 0.5, no_progress)


def test_more_of_the_highest_score_than_the_rate_is_refused() -> None:
    pairs = AllPairs(
        np.ones((30, 16), np.float32), np.arange(30, dtype=np.int32), choose_similarity("cosine", None, "")
    )
    with pytest.raises(InputError, match=re.escape("under several names (see --same-person-above)")):
        find_threshold(pairs, 0.1, no_progress)


def test_the_threshold_in_force_is_that_of_settings_and_head(write_head: Callable[..., Path]) -> None:
    pairs = strangers("head", write_head([]))

    def in_force(spec: HeadSpec | None = None, rate: float | None = None, **settings: object) -> tuple[float, str]:
        similarity = pairs.similarity
        if spec is not None:
            object.__setattr__(similarity, "spec", spec)
        matching = MatchingSettings.model_validate(settings)
        point = operating_point(pairs, similarity, matching, rate, no_progress)
        return point.threshold, point.source

    assert in_force() == (0.5, "default, not calibrated")
    assert in_force(threshold=0.25) == (0.25, "set, not calibrated")
    above, source = in_force(rule="vote", vote_score=0.7)
    assert 0.7 < above < 0.7001
    assert source == "vote_score of the settings"
    assert in_force(rate=0.01)[1] == "false-accept rate 0.01 of everybody"
    calibration = {"rule": "template", "best_k": 3, "comparisons": 9, "people": 60, "thresholds": {"0.001": 0.125}}
    spec = HeadSpec(architecture="mlp", decision=DecisionCalibration.model_validate(calibration))
    assert in_force(spec) == (0.125, "false-accept rate 0.001, from 60 people")


def test_a_metric_has_the_configured_false_accept_rate() -> None:
    pairs = strangers("cosine")
    point = operating_point(pairs, pairs.similarity, MatchingSettings(false_accept_rate=0.01), None, no_progress)
    assert (point.rate, point.source) == (0.01, "false-accept rate 0.01 of everybody, as configured")
    assert point.threshold == find_threshold(pairs, 0.01, no_progress)

"""The cohort of the bundled head against real strangers whom it was not trained on."""

import io
import tarfile
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import pytest

from twinface.matching import Head, load_head
from twinface.matching.threshold import imagined_rate, least_score, share_asked_for
from twinface.matching.vectors import adjust, normalised
from twinface.networks import Network
from twinface.types import Vectors

COUNT, MARGIN_PX, AT_ONCE, ONE_PERSON_COSINE = 1000, 8, 100, 0.6


def read_held_out(shard: Path) -> np.ndarray:
    """Crops, uint8 (COUNT, 112, 112, 3), of strangers whom no head is trained on: every fifth, by name."""
    crops: list[np.ndarray] = []
    with tarfile.open(fileobj=io.BytesIO(shard.read_bytes())) as archive:
        members = (one for one in archive if one.isfile() and int(Path(one.name).stem) % 5 == 4)
        for member in islice(members, COUNT):
            content = archive.extractfile(member)
            assert content is not None
            crop = cv2.imdecode(np.frombuffer(content.read(), np.uint8), cv2.IMREAD_COLOR)
            assert crop is not None
            crops.append(crop[MARGIN_PX:-MARGIN_PX, MARGIN_PX:-MARGIN_PX])
    return np.stack(crops)


@pytest.fixture(scope="module")
def strangers(sface: Network, shared_data: Path) -> Vectors:
    shard = shared_data / "strangers/strangers-000.tar"
    if not shard.is_file():
        pytest.skip(f"needs the strangers of {shard}, which are not part of the project")
    crops = read_held_out(shard)
    return np.concatenate([sface.embed(crops[start : start + AT_ONCE]) for start in range(0, COUNT, AT_ONCE)])


@pytest.fixture(scope="module")
def head(sface: Network) -> Head:
    return load_head(None, sface.recipe.fingerprint)


@pytest.fixture(scope="module")
def told(strangers: Vectors, head: Head) -> Vectors:
    """The strangers, told from their own average."""
    assert head.cohort is not None
    return adjust(strangers, normalised(strangers).mean(axis=0), head.cohort.prior)


@pytest.mark.slow
def test_imagined_strangers_have_the_tail_of_real_ones(strangers: Vectors, told: Vectors, head: Head) -> None:
    assert head.tail is not None
    unit = normalised(strangers)
    apart = np.triu(unit @ unit.T < ONE_PERSON_COSINE, 1)
    real = np.sort(head.prepare(told)(told)[apart])
    imagined = np.sort(head.score_strangers(head.prepare_gallery(told))[0].ravel())
    assert len(real) > 490_000
    for rate in (1e-2, 1e-3):
        score = real[len(real) - int(rate * len(real))]
        share = 1.0 - np.searchsorted(imagined, score) / len(imagined)
        assert share == pytest.approx(imagined_rate(rate, head.tail), rel=0.2)


def test_few_strangers_are_named_with_a_hundred_of_their_kind_enrolled(told: Vectors, head: Head) -> None:
    assert head.tail is not None
    asked, named = share_asked_for(None, 100), []
    for draw in range(3):
        order = np.random.default_rng(draw).permutation(COUNT)
        gallery, probes = told[order[:100]], told[order[100:]]
        best = [scores.max(axis=1) for scores in head.score_strangers(head.prepare_gallery(gallery))]
        needed = least_score(best, 100, asked, head.tail)
        named.append((head.prepare(gallery)(probes).max(axis=1) >= needed).mean())
    assert 0.0 < np.mean(named) <= 0.01

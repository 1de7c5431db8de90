"""A threshold found on some people keeps its false-accept rate on others."""

from itertools import islice
from pathlib import Path

import cv2
import numpy as np

from twinface.evaluation.figures.working_point import find_threshold, measure
from twinface.evaluation.protocols.leave_one_out import compare
from twinface.gallery import PersonVectors
from twinface.gallery.person import take_snapshot
from twinface.matching.head import MetricHead
from twinface.matching.head_spec import SFACE_SCALE, cosine_spec
from twinface.networks import Network
from twinface.settings import MatchingSettings

PEOPLE, PICTURES, RATE, MARGIN_PX = 60, 4, 0.005, 8


def read_person(folder: Path, network: Network) -> PersonVectors:
    files = tuple(str(path) for path in sorted(folder.iterdir())[:PICTURES])
    crops = [cv2.imread(file)[MARGIN_PX:-MARGIN_PX, MARGIN_PX:-MARGIN_PX] for file in files]
    vectors = network.embed(np.stack(crops))
    return PersonVectors(folder.name, files, vectors, np.ones(len(files), np.float32), network.recipe.fingerprint)


def test_it_holds_on_people_it_was_not_found_on(sface: Network, shared_data: Path) -> None:
    folders = (path for path in sorted((shared_data / "crops128").iterdir()) if len(list(path.iterdir())) >= PICTURES)
    people = [read_person(folder, sface) for folder in islice(folders, 2 * PEOPLE)]
    network = sface.recipe.fingerprint
    some, others = (
        compare(take_snapshot(half, 1, network), [], MetricHead(cosine_spec(network), SFACE_SCALE), MatchingSettings())
        for half in (people[::2], people[1::2])
    )
    found = measure(some, RATE, find_threshold(some, RATE))
    elsewhere = measure(others, RATE, found.threshold)
    assert found.accepted.of == elsewhere.accepted.of == PEOPLE * (PEOPLE - 1) * PICTURES
    assert found.accepted.interval.low <= elsewhere.accepted.share <= found.accepted.interval.high
    assert elsewhere.accepted.interval.low <= RATE <= elsewhere.accepted.interval.high

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from twinface.errors import ArtefactError, FingerprintError
from twinface.training.heads.feature_table import compute_statistics, read_statistics, read_table

MakeFeatures = Callable[..., Path]


def test_statistics_are_exact_and_found_again(make_features: MakeFeatures) -> None:
    folder = make_features(people=4, pictures=3)
    vectors = read_table(folder).vectors.astype(np.float64)
    statistics = compute_statistics(folder)
    assert statistics.count == 12
    assert np.allclose(statistics.mean, vectors.mean(axis=0), rtol=0, atol=1e-12)
    assert np.allclose(statistics.deviation, vectors.std(axis=0), rtol=0, atol=1e-12)
    found = read_statistics(folder, read_table(folder))
    assert np.array_equal(found.mean, statistics.mean)
    assert np.array_equal(found.deviation, statistics.deviation)


def test_some_people_of_a_table(make_features: MakeFeatures) -> None:
    table = read_table(make_features(people=4, pictures=3))
    some = table.of_people([2, 0])
    assert some.names == ("person 02", "person 00")
    assert some.counts.tolist() == [3, 3]
    assert np.array_equal(some.vectors, np.concatenate([table.vectors[6:9], table.vectors[:3]]))


def test_missing_statistics_name_the_command(make_features: MakeFeatures) -> None:
    folder = make_features(people=2, pictures=2)
    with pytest.raises(ArtefactError, match="run `twinface stats"):
        read_statistics(folder, read_table(folder))


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"network": "other"}, FingerprintError),
        ({"count": 5}, ArtefactError),
        ({"mean": [1.0]}, ArtefactError),
        ({"deviation": "wide"}, ArtefactError),
    ],
)
def test_statistics_of_something_else_are_refused(
    make_features: MakeFeatures, change: dict[str, object], error: type[ArtefactError]
) -> None:
    folder = make_features(people=2, pictures=2)
    compute_statistics(folder)
    path = folder / "stats.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(error, match="twinface stats"):
        read_statistics(folder, read_table(folder))


def test_statistics_need_no_tensorflow(make_features: MakeFeatures) -> None:
    folder = make_features(people=2, pictures=2)
    code = (
        "import sys; from pathlib import Path; from twinface.training.heads.feature_table import compute_statistics;"
        "compute_statistics(Path(sys.argv[1])); assert not {'tensorflow', 'keras'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code, str(folder)], check=True, timeout=120)

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twinface.faces.association import assign


@given(st.integers(0, 5), st.integers(0, 5), st.integers(0, 1000), st.booleans())
def test_no_other_assignment_is_cheaper(rows: int, columns: int, seed: int, ties: bool) -> None:
    rng = np.random.default_rng(seed)
    costs = rng.integers(0, 3, (rows, columns)).astype(np.float64) if ties else rng.normal(size=(rows, columns))
    pairs = assign(costs)
    assert len(pairs) == len({row for row, _ in pairs}) == len({column for _, column in pairs}) == min(rows, columns)
    wide = costs if rows <= columns else costs.T
    cheapest = min(
        sum(float(wide[row, column]) for row, column in enumerate(order))
        for order in permutations(range(wide.shape[1]), wide.shape[0])
    )
    assert sum(float(costs[pair]) for pair in pairs) == pytest.approx(cheapest)


def test_costs_without_a_number_are_refused() -> None:
    with pytest.raises(ValueError, match="finite"):
        assign(np.array([[1.0, np.nan]]))

"""The cheapest one-to-one assignment of rows to columns."""

import numpy as np
from numpy.typing import NDArray


def assign(costs: NDArray[np.float64]) -> list[tuple[int, int]]:
    """Pairs (row, column) of a cost matrix (n, m), all rows or all columns of them, whose costs sum up to the least.

    The Hungarian method by shortest augmenting paths (Jonker and Volgenant, Computing 1987), in time n² · m. The same
    costs give the same pairs, whatever ties there are. Raises ValueError for costs that are not finite.
    """
    if not np.isfinite(costs).all():
        raise ValueError("costs: expected finite numbers")
    rows, columns = costs.shape
    if rows > columns:
        return sorted((row, column) for column, row in assign(costs.T))
    row_of = np.full(columns, -1)
    price = np.zeros(columns)
    for first in range(rows):
        distance = costs[first] - price
        before, done = np.full(columns, -1), np.zeros(columns, np.bool_)
        while True:
            column = int(np.where(done, np.inf, distance).argmin())
            if (row := int(row_of[column])) < 0:
                break
            done[column] = True
            onward = distance[column] + (costs[row] - price) - (costs[row, column] - price[column])
            shorter = ~done & (onward < distance)
            distance[shorter], before[shorter] = onward[shorter], column
        price[done] += distance[done] - distance[column]
        while (previous := int(before[column])) >= 0:
            row_of[column], column = row_of[previous], previous
        row_of[column] = first
    return sorted((int(row_of[column]), int(column)) for column in np.flatnonzero(row_of >= 0))

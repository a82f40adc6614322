"""The best way to pair rows with columns, each at most once."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

import numpy as np
from numpy.typing import NDArray

Pairs = tuple[NDArray[np.intp], NDArray[np.intp]]


def assign(costs: NDArray[np.float64], limit: float) -> Pairs:
    """Pairs rows with columns so that what the pairs cost less than `limit` adds up to the most.

    Args:
        costs: (n, m), of any sign; infinite where a pair is out of the question.
        limit: a pair that costs this or more is not made.

    Returns:
        (k,) rows, ascending, and (k,) the column of each.
    """
    paired = np.full(len(costs), -1, np.intp)
    possible = costs < limit
    rows, columns = np.nonzero(possible)
    # Most pairs have no rival, and need no search.
    alone = (possible.sum(axis=1)[rows] == 1) & (possible.sum(axis=0)[columns] == 1)
    paired[rows[alone]] = columns[alone]
    contested, wanted = np.unique(rows[~alone]), np.unique(columns[~alone])
    if len(contested):
        gains = np.minimum(costs[np.ix_(contested, wanted)] - limit, 0.0)
        # Whoever gets one of the further columns goes without.
        further = np.zeros((len(contested), max(0, len(contested) - len(wanted))))
        chosen = np.asarray(_cheapest(np.hstack([gains, further]).tolist()))
        made = np.flatnonzero(chosen < len(wanted))
        made = made[gains[made, chosen[made]] < 0]
        paired[contested[made]] = wanted[chosen[made]]
    rows = np.flatnonzero(paired >= 0)
    return rows, paired[rows]


def _cheapest(costs: Sequence[Sequence[float]]) -> list[int]:
    """The column of each row in the cheapest complete assignment of n rows to m >= n columns.

    By shortest augmenting paths (Jonker and Volgenant 1987), row after row: `u` and `v` are the
    prices of rows and columns, and a path leads from a new row to a free column over cheapest
    reduced costs.
    """
    columns = range(len(costs[0]))
    u, v = [0.0] * len(costs), [0.0] * len(columns)
    owner = [-1] * len(columns)
    for new in range(len(costs)):
        distance, before = [inf] * len(columns), [-1] * len(columns)
        tree: list[int] = []
        open_columns = set(columns)
        row, column, reached = new, -1, 0.0
        while row >= 0:
            nearest, at = inf, -1
            for j in open_columns:
                through = reached + costs[row][j] - u[row] - v[j]
                if through < distance[j]:
                    distance[j], before[j] = through, column
                if distance[j] < nearest:
                    nearest, at = distance[j], j
            open_columns.remove(at)
            tree.append(at)
            column, reached, row = at, nearest, owner[at]
        u[new] += reached
        for j in tree[:-1]:
            u[owner[j]] += reached - distance[j]
            v[j] += distance[j] - reached
        while column >= 0:
            earlier = before[column]
            owner[column] = new if earlier < 0 else owner[earlier]
            column = earlier
    return [column for _, column in sorted((row, j) for j, row in enumerate(owner) if row >= 0)]

"""Fewer token vectors a text: like ones are joined by Ward's method and stand as their mean.

Clavie, Chaffin and Adams 2024 (arXiv:2409.14683) found that a half or a third of the vectors of a
late-interaction model rank nearly as well as all. The clusters are those of
`scipy.cluster.hierarchy.ward` on the same rows; scipy would be 90 MB more to install.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from octavo.index.encoders.block_matmul import matmul_blocks
from octavo.index.encoders.encoder import Matrix, unit

_Ints = npt.NDArray[np.int64]


def pool_tokens(rows: Matrix, factor: float) -> Matrix:
    """`(n, d)` float32 unit rows to the unit means of `n / factor` clusters, rounded up, in the
    order of each cluster's first row. The same rows give the same clusters, bit for bit."""
    count = len(rows) - int(np.ceil(len(rows) / factor))
    if count < 1:
        return rows
    cluster = _clusters(_merges(rows, count), len(rows), count)
    firsts, number = np.unique(cluster, return_inverse=True)
    sums = np.zeros((len(firsts), rows.shape[1]), np.float32)
    np.add.at(sums, number, rows)
    return unit(sums)


@dataclass(frozen=True, slots=True)
class _Merges:
    """Clusters that were joined, by their first rows; `cost` is the growth of the sum of squared
    distances to the means."""

    cost: Matrix
    first: _Ints
    other: _Ints

    def extended(self, cost: Matrix, first: _Ints, other: _Ints) -> _Merges:
        return _Merges(
            np.concatenate([self.cost, cost]),
            np.concatenate([self.first, first]),
            np.concatenate([self.other, other]),
        )


def _merges(rows: Matrix, count: int) -> _Merges:
    """At least the `count` cheapest merges of the whole tree.

    Every pair of clusters that are each other's nearest is joined in one round: for Ward's cost
    that makes the same tree as the cheapest pair at a time (Murtagh 1983), in 10 rounds instead of
    100. No later merge is cheaper than the cheapest of a round, which says when it is enough.
    """
    cost, size = _costs(rows), np.ones(len(rows), np.float32)
    first = np.arange(len(rows))
    merges = _Merges(np.zeros(0, np.float32), first[:0], first[:0])
    while True:
        places, near = np.arange(len(cost)), cost.argmin(axis=1)
        best = cost[places, near]
        a = np.flatnonzero((near[near] == places) & (places < near))
        b = near[a]
        # Without a pair there is one cluster left, or a model gave what are no numbers.
        if len(a) == 0 or np.count_nonzero(merges.cost <= best.min()) >= count:
            return merges
        merges = merges.extended(best[a], first[a], first[b])
        cost, size, first = _joined(cost, size, first, a, b)


def _costs(rows: Matrix) -> Matrix:
    """Of joining two single rows: half their squared distance, 1 - cosine. Infinite for a row
    with itself. Exactly symmetric, or two could each be the other's second nearest."""
    cost = 1 - matmul_blocks(rows, rows.T)
    np.fill_diagonal(cost, np.inf)
    return np.minimum(cost, cost.T)


def _joined(
    cost: Matrix, size: Matrix, first: _Ints, a: _Ints, b: _Ints
) -> tuple[Matrix, Matrix, _Ints]:
    """Clusters `b` go into `a`: costs after Lance and Williams 1967, first rows, then columns."""
    pair, left, right = cost[a, b], size[a], size[b]
    cost[a] = _ward(cost[a].T, cost[b].T, left, right, pair, size[:, None]).T
    size[a] += right
    cost[:, a] = _ward(cost[:, a], cost[:, b], left, right, pair, size[:, None])
    keep = np.delete(np.arange(len(cost)), b)
    cost = cost[np.ix_(keep, keep)]
    return np.minimum(cost, cost.T), size[keep], first[keep]


def _ward(to_a: Matrix, to_b: Matrix, a: Matrix, b: Matrix, pair: Matrix, other: Matrix) -> Matrix:
    """Cost of joining others of size `other` with pairs just joined, of sizes `a` and `b`."""
    joined: Matrix = ((a + other) * to_a + (b + other) * to_b - other * pair) / (a + b + other)
    return joined


def _clusters(merges: _Merges, rows: int, count: int) -> _Ints:
    """First row of each row's cluster after the `count` cheapest merges."""
    cluster = np.arange(rows)
    cheapest = np.argsort(merges.cost, kind="stable")[:count]
    cluster[merges.other[cheapest]] = merges.first[cheapest]
    while (cluster[cluster] != cluster).any():  # what was joined was joined again
        cluster = cluster[cluster]
    return cluster

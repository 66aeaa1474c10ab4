"""Is a symmetric matrix positive semidefinite? Sparse, block by block, and whatever the scale of its variables.

The eigenvalues are those of D⁻½ H D⁻½ with D the diagonal of H: a change of units does not change the answer, and a
rounding error in an entry of H counts for what it is beside that entry's own row and column.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_DENSE = 500
ROUNDING = 1e-8  # an eigenvalue between -ROUNDING and 0 may be the rounding of printed data: nothing is said of it


@dataclass(frozen=True)
class Definiteness:
    """The smallest eigenvalue of the scaled matrix, what of it is rounding, and a direction of negative curvature."""

    eigenvalue: float
    tolerance: float
    direction: np.ndarray | None = None

    @property
    def semidefinite(self) -> bool:
        return self.eigenvalue >= -self.tolerance

    @property
    def definite(self) -> bool:
        return self.eigenvalue > self.tolerance


def definiteness(diagonal, rows, columns, values) -> Definiteness:
    """Look at the matrix with this diagonal and with ``values`` at (rows, columns) and at (columns, rows).

    Parameters
    ----------
    diagonal : array (n,)
    rows, columns, values : arrays (m,)
        Off the diagonal, each pair of variables at most once.

    Returns
    -------
    Definiteness
        Of eigenvalue 1 where H is diagonal and positive, 0 where an unscaled row is zero, −1 where a diagonal entry is
        negative or a zero one stands in a row that is not zero.
    """
    size = len(diagonal)
    rows, columns = rows[values != 0], columns[values != 0]
    values = values[values != 0]
    if (diagonal < 0).any():
        return Definiteness(-1.0, 0.0, _unit(size, int(np.argmin(diagonal))))
    lone = diagonal[rows] * diagonal[columns] == 0
    if lone.any():
        k = int(np.argmax(lone))
        return Definiteness(-1.0, 0.0, _flat_direction(diagonal, rows[k], columns[k], values[k]))
    coupled = np.unique(np.concatenate([rows, columns]))
    alone = np.delete(diagonal, coupled)
    lowest = Definiteness(0.0 if (alone == 0).any() else 1.0, 0.0)
    if not len(coupled):
        return lowest
    root = np.sqrt(diagonal)
    scaled = values / (root[rows] * root[columns])
    for block in _blocks(coupled, rows, columns, size):
        found = _block_definiteness(block, rows, columns, scaled, size)
        if found.eigenvalue + found.tolerance < lowest.eigenvalue + lowest.tolerance:
            lowest = found
    if lowest.direction is None:
        return lowest
    return Definiteness(lowest.eigenvalue, lowest.tolerance, lowest.direction / np.where(root > 0, root, 1.0))


def _unit(size, k):
    direction = np.zeros(size)
    direction[k] = 1.0
    return direction


def _flat_direction(diagonal, row, column, value):
    """d with d'Hd < 0 where one of the two diagonal entries is zero."""
    if diagonal[row] != 0:
        row, column = column, row
    direction = _unit(len(diagonal), column)
    direction[row] = -(diagonal[column] + 1.0) / (2 * value) - np.sign(value)
    return direction


def _blocks(coupled, rows, columns, size):
    """The sets of variables that hang together."""
    if len(coupled) <= _DENSE:
        return [coupled]
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    graph = coo_array((np.ones(len(rows)), (rows, columns)), shape=(size, size))
    label = connected_components(graph, directed=False)[1][coupled]
    order = np.argsort(label, kind="stable")
    return np.split(coupled[order], np.flatnonzero(np.diff(label[order])) + 1)


def _block_definiteness(block, rows, columns, scaled, size):
    place = np.full(size, -1)
    place[block] = np.arange(len(block))
    inside = place[rows] >= 0
    rows, columns, scaled = place[rows[inside]], place[columns[inside]], scaled[inside]
    tolerance = 1e-13 * len(block)
    direction = np.zeros(size)
    if len(block) <= _DENSE:
        matrix = np.eye(len(block))
        matrix[rows, columns] = matrix[columns, rows] = scaled
        values, vectors = np.linalg.eigh(matrix)
        direction[block] = vectors[:, 0]
        return Definiteness(float(values[0]), tolerance, direction)
    from scipy.sparse import coo_array, eye_array

    upper = coo_array((scaled, (rows, columns)), shape=(len(block), len(block)))
    identity = eye_array(len(block), format="csc")
    matrix = (upper + upper.T + identity).tocsc()
    down = _pivot_down(matrix + tolerance * identity)
    if down is None:
        strictly = _pivot_down(matrix - 2 * tolerance * identity) is None
        return Definiteness(2 * tolerance if strictly else 0.0, tolerance)
    if not down.any():
        return Definiteness(-ROUNDING / 2, tolerance)
    direction[block] = down / np.linalg.norm(down)
    return Definiteness(float(direction[block] @ (matrix @ direction[block])), tolerance, direction)


def _pivot_down(matrix):
    """None where L D L' has a positive D, else d with d'Hd < 0, or zeros where the factors do not tell.

    A sparse LU that takes its pivots on the diagonal is L D L'; where L'd is the k-th unit vector, d'Hd = D_k.
    """
    from scipy.sparse.linalg import splu, spsolve

    size = matrix.shape[0]
    try:
        factors = splu(matrix, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True})
    except RuntimeError:  # an exactly singular matrix
        return np.zeros(size)
    pivots = factors.U.diagonal()
    if (factors.perm_r != factors.perm_c).any():
        return np.zeros(size)
    if (pivots > 0).all():
        return None
    return spsolve(factors.L.T.tocsc(), _unit(size, int(np.argmin(pivots))), permc_spec="NATURAL")[factors.perm_c]

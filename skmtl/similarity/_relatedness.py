"""How related tasks are, measured on a representation that never saw the targets.

With ``a`` the representation of a row and ``y_i`` the (one-hot or standardised)
target of task i, the whitened covariance ``R_i = Sigma_a^(-1/2) Cov(a, y_i)`` is what a
linear read-out of task i needs. Two tasks are related when their ``R`` span the same
directions. Rows shared by both factors of ``R_i' R_j`` would make noise look like
signal, so the two factors come from disjoint halves of the rows.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_random_state

from ..exceptions import InputError
from ._permutation import Whitened, beside_others, permuted_reliability
from ._targets import TargetColumns, target_columns
from ._trunk import finite_table

Float = NDArray[np.float64]

# Ridge of the "auto" rule, in units of (mean eigenvalue) * (width / rows): the noise of
# a covariance grows with the width and falls with the rows.
_AUTO_RIDGE = 3.0
_AUTO_RIDGE_FLOOR = 0.3
# A pair counts only where its squared product exceeds chance at the 1 % level (of a
# squared normal), and twice the mean of chance is taken off, so that two weak tasks,
# whose similarity is mostly noise over noise, do not found a group.
_PAIR_LEVEL = 6.63
_CHANCE_SHARE = 2.0


class Relatedness(NamedTuple):
    """How related tasks are, returned by :func:`target_relatedness`.

    Parameters
    ----------
    similarity : ndarray of shape (n_tasks, n_tasks)
        Symmetric, in [0, 1], unit diagonal; 0 for tasks that did not pass.
    cross : ndarray of shape (n_tasks, n_tasks)
        The ungated ``C_ij``: squared cosines in excess of chance, symmetric,
        attenuated by noise.
    reliability : ndarray of shape (n_tasks,)
        Share of the power of ``R_i`` that repeats across disjoint rows; at most 1,
        around 0 (also slightly below) for random labels.
    null : ndarray of shape (n_tasks,)
        Quantile of the reliability under permuted labels, at least 0.
    passed : ndarray of shape (n_tasks,), bool
        Tasks above their null, or related to such a task beyond chance.

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl.similarity import random_trunk, target_relatedness
    >>> X = np.random.default_rng(0).normal(size=(300, 3))
    >>> found = target_relatedness(random_trunk(X, random_state=0), X > 0)
    >>> bool(np.all(found.reliability > found.null))
    True
    """

    similarity: Float
    cross: Float
    reliability: Float
    null: Float
    passed: NDArray[np.bool_]


def target_relatedness(
    representation: ArrayLike,
    y: ArrayLike,
    *,
    classification: bool | ArrayLike = True,
    n_permutations: int = 100,
    ridge: float | str = "auto",
    quantile: float = 0.95,
    random_state: int | np.random.RandomState | None = None,
) -> Relatedness:
    """Similarity of tasks by the directions of a representation they need.

    With ``R_i = (Sigma_a + ridge)^(-1/2) Cov(a, y_i)``, estimated on two disjoint
    halves A and B of the rows, ``G_ij`` is the mean of ``R_i^A' R_j^B`` over *all*
    halvings and ``F_ii`` the plain ``R_i' R_i`` of all rows, noise included::

        C_ij = (||G_ij||^2 - 2 chance_ij) / (||F_ii|| ||F_jj||)
        C_ii = ||G_ii||^2 / ||F_ii||^2
        S_ij = clip(C_ij / sqrt(C_ii C_jj), 0, 1)
        r_i  = tr G_ii / tr F_ii

    where ``chance_ij`` is the mean of ``||G_ij||^2`` under permuted labels (a pair
    that does not exceed it at the 1 % level has ``C_ij = 0``), ``||G_ii||`` takes the
    positive part, and all norms are Frobenius norms, so that tasks with different
    numbers of outputs compare; with one output each, C is a squared cosine. The
    measure is blind to the sign of a task: ``y`` and ``1 - y`` are the same task.

    A task whose reliability ``r_i`` does not exceed its null stands alone, unless it
    is related beyond chance to one that does.

    Parameters
    ----------
    representation : array-like of shape (n_samples, n_units)
        Any finite features; those of :func:`random_trunk` need no training.
    y : array-like of shape (n_samples, n_tasks)
        Targets, missing where NaN, None or pandas NA. Classification columns hold
        class indices or any hashable labels, regression columns hold numbers.
    classification : bool or array-like of shape (n_tasks,), default=True
        Which tasks are classification; the others are regression.
    n_permutations : int, default=100
        Permutations of the labels behind the null. Tasks with an unmistakable signal
        get by with fewer. 0 leaves the gate out: the null is NaN and all tasks pass
        whose labels vary.
    ridge : float or "auto", default="auto"
        Added to the eigenvalues of ``Sigma_a``, in units of their mean. "auto" is
        ``max(0.3, 3 * n_units / n_samples)``.
    quantile : float, default=0.95
        Quantile of the permuted reliabilities that is the null.
    random_state : int, RandomState instance or None, default=None
        Draws the permutations. Each task's permutations depend on the seed and on its
        own number of labels only.

    Returns
    -------
    Relatedness
        Similarity, ungated cross relatedness, reliability, null and who passed.

    Raises
    ------
    InputError
        If the representation, its number of rows or an option breaks the rules.
    TargetError
        If `y` is no table, or a task holds infinities or text marked as numbers.

    Notes
    -----
    The mean over all halvings has a closed form: the products of distinct rows only.
    It has no halving noise and keeps its sign, so the test of a task's own signal is
    one-sided and sharper than averaging squared cosines over a few random halvings.

    A task whose observed labels do not vary has reliability and null 0. A task with so
    few labels that permutations often leave them as they are (up to about five, with
    two classes) cannot pass.

    References
    ----------
    .. [1] G. Strezoski, N. van Noord, M. Worring, "Learning Task Relatedness in
       Multi-Task Learning for Images in Context", ICMR 2019.

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl.similarity import random_trunk, target_relatedness
    >>> X = np.random.default_rng(0).normal(size=(1000, 6))
    >>> y = np.column_stack([X[:, 0] > 0, X[:, 0] < 0, X[:, 1] > 0])
    >>> found = target_relatedness(random_trunk(X, random_state=0), y, random_state=0)
    >>> found.similarity.round(1) + 0.0
    array([[1., 1., 0.],
           [1., 1., 0.],
           [0., 0., 1.]])
    """
    features = finite_table(representation, "representation")
    _check_options(n_permutations, ridge, quantile)
    targets = target_columns(y, classification, len(features))
    white = _whiten(features, ridge)
    seed = int(check_random_state(random_state).randint(2**31 - 1))

    covariance = white.scores.T @ targets.values
    full = covariance.T @ covariance
    disjoint = full - (targets.values * white.power[:, None]).T @ targets.values
    reliability = _ratio(
        targets.sum_by_task(np.diag(disjoint)), targets.sum_by_task(np.diag(full))
    )
    null, permuted = permuted_reliability(
        white, targets, reliability, n_permutations, quantile, seed
    )
    passed = reliability > null if n_permutations else np.diff(targets.first) > 0
    beside = beside_others(
        covariance, disjoint, white, targets, passed, permuted, quantile
    )
    return _assemble(
        _chance(covariance, white, targets),
        full,
        disjoint,
        targets,
        reliability,
        null,
        passed,
        beside,
    )


def _whiten(features: Float, ridge: float | str) -> Whitened:
    n_samples, width = features.shape
    centred = features - features.mean(0)
    eigenvalues, vectors = np.linalg.eigh(centred.T @ centred / n_samples)
    eigenvalues = np.maximum(eigenvalues, 0.0)
    if ridge == "auto":
        ridge = max(_AUTO_RIDGE_FLOOR, _AUTO_RIDGE * width / n_samples)
    # An eigenvalue of rounding size must not be blown up when the ridge is 0.
    floor = width * np.finfo(np.float64).eps * eigenvalues[-1]
    ridged = eigenvalues + float(ridge) * eigenvalues.mean()
    weights = np.where(ridged > floor, 1.0 / np.maximum(ridged, 1e-300), 0.0)
    scores = (centred @ vectors) * np.sqrt(weights)
    return Whitened(scores, (scores**2).sum(1), eigenvalues * weights)


def _chance(covariance: Float, white: Whitened, targets: TargetColumns) -> Float:
    """Mean of ``||G_ij||^2`` when the labels of one of the two are permuted."""
    spread = targets.sum_by_task(white.variance @ covariance**2)
    noise = targets.sum_by_task((targets.values**2).sum(0))
    chance = np.outer(spread, noise)
    return (chance + chance.T) / 2


def _assemble(
    chance: Float,
    full: Float,
    disjoint: Float,
    targets: TargetColumns,
    reliability: Float,
    null: Float,
    passed: NDArray[np.bool_],
    beside: NDArray[np.bool_],
) -> Relatedness:
    power = np.sqrt(np.diag(targets.sum_blocks(full**2)))
    signal = np.array([_positive_norm(disjoint[b, b]) for b in targets.blocks()])
    # A task heard only beside others has a signal of its own that is mostly noise;
    # dividing by less than its null would exaggerate its similarities.
    signal = np.where(beside, np.maximum(signal, null * power), signal)
    squares = targets.sum_blocks(disjoint**2)
    squares = (squares + squares.T) / 2  # a product of matrices rounds either half
    excess = np.maximum(squares - _CHANCE_SHARE * chance, 0.0)
    excess[squares < _PAIR_LEVEL * chance] = 0.0
    excess[np.diag_indices_from(excess)] = signal**2
    heard = passed | beside
    similarity = np.clip(_ratio(excess, np.outer(signal, signal)), 0.0, 1.0)
    similarity *= np.outer(heard, heard)
    np.fill_diagonal(similarity, 1.0)
    cross = _ratio(excess, np.outer(power, power))
    return Relatedness(similarity, cross, reliability, null, heard)


def _positive_norm(block: Float) -> float:
    """Frobenius norm of the positive part of a symmetric matrix."""
    return float(np.linalg.norm(np.maximum(np.linalg.eigvalsh(block), 0.0)))


def _ratio(numerator: Float, denominator: Float) -> Float:
    """Quotient that is 0 where the denominator is 0."""
    return np.divide(
        numerator,
        denominator,
        out=np.zeros_like(numerator),
        where=denominator > 0,
    )


def _check_options(n_permutations: int, ridge: float | str, quantile: float) -> None:
    if not 0 < quantile < 1:
        raise InputError(f"`quantile` must lie between 0 and 1; got {quantile}.")
    fewest = round(1 / (1 - quantile)) - 1
    if n_permutations != 0 and n_permutations < fewest:
        raise InputError(
            f"`n_permutations` must be 0, or at least {fewest} to reach the quantile "
            f"{quantile}; got {n_permutations}."
        )
    if isinstance(ridge, str) and ridge != "auto":
        raise InputError(f'`ridge` must be "auto" or a number; got {ridge!r}.')
    if not isinstance(ridge, str) and not 0 <= ridge < np.inf:
        raise InputError(f"`ridge` must be finite and at least 0; got {ridge}.")

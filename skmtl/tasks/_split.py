"""Rows to folds, so that every fold sees every label of every task in proportion."""

from collections.abc import Sequence

import numpy as np
from numpy.random import RandomState
from sklearn.utils import check_random_state

from skmtl.exceptions import InputError

__all__ = ["assign_folds", "validation_split"]

_MOST_BINS = 10


def assign_folds(
    codes: np.ndarray,
    observed: np.ndarray,
    is_classification: np.ndarray,
    proportions: Sequence[float] | np.ndarray,
    random_state: int | RandomState | None = None,
) -> np.ndarray:
    """Deal rows to folds by iterative stratification over tasks.

    Labels are the classes of each task, and quantile bins of real targets. The label
    with the fewest rows left goes first: its rows are dealt to the folds that lack
    it most, in an order that also spreads the labels of the scarcest other tasks.
    What rounding withholds from a fold is credited to the next label of the task.

    Parameters
    ----------
    codes : ndarray of shape (n_samples, n_tasks)
        Class indices and real targets.
    observed : ndarray of shape (n_samples, n_tasks), dtype bool
        Where a label is present.
    is_classification : ndarray of shape (n_tasks,), dtype bool
        Whether codes are class indices.
    proportions : array-like of shape (n_folds,)
        Positive shares of the rows; scaled to sum 1.
    random_state : int, RandomState or None, default=None
        Source of the order within labels; an int makes the result repeatable.

    Returns
    -------
    folds : ndarray of shape (n_samples,), dtype int64
        Fold of each row. Rows without any label are dealt at random, to even out the
        sizes.

    Raises
    ------
    InputError
        If `proportions` are not positive and finite.

    Notes
    -----
    A label's rows are dealt at once rather than one by one, so the time grows with
    the number of labels, not of rows. It departs from the published algorithm only
    in how ties are broken.

    References
    ----------
    Sechidis, Tsoumakas and Vlahavas, "On the stratification of multi-label data",
    ECML PKDD 2011, algorithm 1.

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl.tasks import assign_folds
    >>> codes = np.array([[0.0], [1.0], [0.0], [1.0], [0.0], [0.0]])
    >>> folds = assign_folds(codes, codes > -1, np.array([True]), [0.5, 0.5], 0)
    >>> [float(codes[folds == fold].sum()) for fold in range(2)]
    [1.0, 1.0]
    """
    share = np.asarray(proportions, dtype=np.float64)
    if share.ndim != 1 or not np.all(np.isfinite(share) & (share > 0)):
        raise InputError(
            f"`proportions` must be positive numbers, one per fold; found {share}."
        )
    share = share / share.sum()
    random = check_random_state(random_state)
    labels, task_of_label = _label_ids(
        codes, observed, np.asarray(is_classification, dtype=bool), len(share)
    )
    return _Dealer(labels, task_of_label, share, random).deal()


def _label_ids(
    codes: np.ndarray, observed: np.ndarray, is_classification: np.ndarray, n_folds: int
) -> tuple[np.ndarray, np.ndarray]:
    """Number the labels of all tasks; -1 where unobserved."""
    labels = np.full(codes.shape, -1, dtype=np.int64)
    task_of_label: list[int] = []
    for task in range(codes.shape[1]):
        rows = observed[:, task]
        values = codes[rows, task]
        if not is_classification[task]:
            values = _quantile_bins(values, n_folds)
        distinct, index = np.unique(values, return_inverse=True)
        labels[rows, task] = index + len(task_of_label)
        task_of_label += [task] * len(distinct)
    return labels, np.array(task_of_label, dtype=np.int64)


def _quantile_bins(values: np.ndarray, n_folds: int) -> np.ndarray:
    n_bins = int(np.clip(len(values) // (2 * n_folds), 1, _MOST_BINS))
    if n_bins == 1:
        return np.zeros(len(values))
    edges = np.quantile(values, np.arange(1, n_bins) / n_bins)
    return np.searchsorted(edges, values, side="right")


class _Dealer:
    """State of the deal: what each fold still lacks of each label.

    Parameters
    ----------
    labels : ndarray of shape (n_samples, n_tasks)
        Label numbers, -1 where unobserved.
    task_of_label : ndarray of shape (n_labels,)
        Task of each label.
    share : ndarray of shape (n_folds,)
        Proportions, of sum 1.
    random : RandomState
        Source of the order within labels.
    """

    def __init__(
        self,
        labels: np.ndarray,
        task_of_label: np.ndarray,
        share: np.ndarray,
        random: RandomState,
    ) -> None:
        n_samples, n_tasks = labels.shape
        self.labels = labels
        self.task_of_label = task_of_label
        self.random = random
        self.left = np.bincount(labels[labels >= 0], minlength=len(task_of_label))
        self.lacking = share[:, np.newaxis] * self.left
        self.credit = np.zeros((len(share), n_tasks))
        self.room = share * n_samples
        self.folds = np.full(n_samples, -1, dtype=np.int64)
        # Scarce tasks first: they decide the order within a label.
        self.scarce_tasks = np.argsort((labels >= 0).sum(axis=0), kind="stable")

    def deal(self) -> np.ndarray:
        """Return the fold of each row."""
        waiting = self.random.permutation(len(self.labels))
        while self.left.any():
            label = int(np.argmin(np.where(self.left > 0, self.left, np.inf)))
            task = self.task_of_label[label]
            chosen = self.labels[waiting, task] == label
            rows, waiting = waiting[chosen], waiting[~chosen]
            order = self._fold_order(
                self.lacking[:, label], self.credit[:, task], len(rows)
            )
            self._assign(self._spread(rows, task), order)
            self.credit[:, task] += self.lacking[:, label]
        self.folds[waiting] = self._fold_order(self.room, 0 * self.room, len(waiting))
        return self.folds

    def _fold_order(
        self, wanted: np.ndarray, credit: np.ndarray, n_rows: int
    ) -> np.ndarray:
        """Fold of each of `n_rows` rows: those that want most, evenly interleaved.

        Dealing one row lowers the want by one, so the folds taken are the `n_rows`
        largest of ``wanted - 0, wanted - 1, ...``. The credit decides who gets the
        fractions of rows, then the room left, then chance.
        """
        step = np.arange(n_rows)
        # Rounding keeps equal wants equal after many subtractions.
        want = np.round(wanted[:, np.newaxis] - step, 9)
        owed = np.round(want + credit[:, np.newaxis], 9)
        room = self.room[:, np.newaxis] - step
        keys = (self.random.random_sample(want.shape), -room, -owed, -np.ceil(want))
        fold = np.repeat(np.arange(len(wanted)), n_rows)
        first = np.lexsort([key.ravel() for key in keys])[:n_rows]
        taken = np.bincount(fold[first], minlength=len(wanted))
        # Neighbouring rows resemble each other: no fold may take its rows in a run.
        places = [
            (np.arange(count) + self.random.random_sample()) / count
            for count in taken[taken > 0]
        ]
        order = np.argsort(np.concatenate([*places, np.zeros(0)]), kind="stable")
        return np.repeat(np.arange(len(wanted)), taken)[order]

    def _spread(self, rows: np.ndarray, task: int, most_keys: int = 3) -> np.ndarray:
        """Put rows with equal labels of other tasks next to each other."""
        others = [
            other
            for other in self.scarce_tasks
            if other != task and (self.labels[rows, other] >= 0).any()
        ][:most_keys]
        if not others:
            return rows
        return rows[np.lexsort(self.labels[rows][:, others[::-1]].T)]

    def _assign(self, rows: np.ndarray, order: np.ndarray) -> None:
        self.folds[rows] = order
        self.room -= np.bincount(order, minlength=len(self.room))
        labels = self.labels[rows]
        present = labels >= 0
        row_folds = np.broadcast_to(order[:, np.newaxis], labels.shape)[present]
        n_labels = len(self.left)
        dealt = np.bincount(
            row_folds * n_labels + labels[present], minlength=self.lacking.size
        ).reshape(self.lacking.shape)
        self.lacking -= dealt
        self.left -= dealt.sum(axis=0)


def validation_split(
    codes: np.ndarray,
    observed: np.ndarray,
    is_classification: np.ndarray,
    fraction: float,
    random_state: int | RandomState | None = None,
    task_names: Sequence[str] | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Set rows aside for validation, stratified over all tasks.

    Parameters
    ----------
    codes : ndarray of shape (n_samples, n_tasks)
        Class indices and real targets.
    observed : ndarray of shape (n_samples, n_tasks), dtype bool
        Where a label is present.
    is_classification : ndarray of shape (n_tasks,), dtype bool
        Whether codes are class indices.
    fraction : float
        Share of the rows for validation, between 0 and 1 (exclusive).
    random_state : int, RandomState or None, default=None
        As in :func:`assign_folds`.
    task_names : sequence of n_tasks str, default=None
        Names for messages; "task_0" and so on when None.

    Returns
    -------
    train_rows : ndarray of shape (n_train,), dtype int64
        Sorted row numbers.
    valid_rows : ndarray of shape (n_valid,), dtype int64
        Sorted row numbers.

    Raises
    ------
    InputError
        If a task that has labels gets none in one of the two parts.

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl.tasks import validation_split
    >>> codes = np.array([[0.0, 1.0]] * 5 + [[1.0, 0.0]] * 5)
    >>> train, valid = validation_split(
    ...     codes, np.ones((10, 2), bool), np.array([True, True]), 0.2, random_state=0
    ... )
    >>> codes[valid].tolist()
    [[0.0, 1.0], [1.0, 0.0]]
    """
    if not 0 < fraction < 1:
        raise InputError(
            "`validation_fraction` must lie between 0 and 1, exclusive; found "
            f"{fraction!r}."
        )
    folds = assign_folds(
        codes, observed, is_classification, (1 - fraction, fraction), random_state
    )
    train_rows, valid_rows = np.flatnonzero(folds == 0), np.flatnonzero(folds == 1)
    n_train = observed[train_rows].sum(axis=0)
    n_valid = observed[valid_rows].sum(axis=0)
    short = (n_train + n_valid > 0) & ((n_train == 0) | (n_valid == 0))
    if short.any():
        task = int(np.argmax(short))
        name = f"task_{task}" if task_names is None else task_names[task]
        part = "validation" if n_valid[task] == 0 else "training"
        change = "larger" if n_valid[task] == 0 else "smaller"
        raise InputError(
            f"`validation_fraction` must leave every task a label in both parts; with "
            f"{fraction} task {name!r} has {n_train[task]} labels for training and "
            f"{n_valid[task]} for validation, none for {part} ({int(short.sum())} such "
            f"tasks). Choose a {change} fraction, give more rows, or set "
            "early_stopping=False."
        )
    return train_rows, valid_rows

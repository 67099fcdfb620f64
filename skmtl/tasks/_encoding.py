"""Targets of any layout to codes and observed mask, and back."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from skmtl._validation import check_sample_weight
from skmtl.exceptions import InputError, TargetError
from skmtl.tasks._columns import Column
from skmtl.tasks._fitting import (
    class_codes,
    classification_spec,
    real_codes,
    real_spec,
)
from skmtl.tasks._frames import build_frame
from skmtl.tasks._kinds import choose_types
from skmtl.tasks._layout import decode, output_layout, stack_columns
from skmtl.tasks._spec import TaskSpec
from skmtl.tasks._table import (
    TargetTable,
    check_same_tasks,
    read_classes,
    read_targets,
)

__all__ = ["TargetEncoder"]


class TargetEncoder:
    """Encode y as class indices, standardised reals and ranks beside an observed mask.

    Each column of y is a task. Missing labels are NaN, None, pandas.NA, polars' null
    or masked entries of a numpy masked array.

    Parameters
    ----------
    task_types : {"auto", "classification", "regression", "ranking"}, list of str, or \
            dict, default="auto"
        Type of all tasks, a list with one type per task, or a dict of types by name
        of the task, where "auto" decides on those without a name. "auto" takes a
        column as classification if it is text, boolean, categorical, holds 0 and 1
        only, or holds integers with at most 20 distinct values of on average more
        than 5 labels each; all else is regression (floats too, whole or not). Whole
        numbers that could be read both ways give a warning.
    allowed : tuple of str, default=("classification", "regression")
        Types that tasks may have; of a single one "auto" makes that of all tasks.

    Attributes
    ----------
    specs : tuple of n_tasks TaskSpec
        Kind, classes and scaling of each task.
    one_dimensional : bool
        Whether y was 1-D.
    container : {"array", "pandas", "polars"}
        Library of the DataFrame that y was; "array" for all else, Series included.
    task_names : list of n_tasks str
        Columns of a DataFrame, name of a Series, else "task_0" and so on. All are
        different: a repeated name gets a number as suffix.
    task_table : dict of equally long lists
        Per task its "name", "kind", "n_classes" (1 if real), "n_observed", "missing"
        (fraction of rows without label) and "guessed" (whether "auto" chose).

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl.tasks import TargetEncoder
    >>> y = np.array([["red", 1.5], ["blue", None], [None, 3.0]], dtype=object)
    >>> encoder = TargetEncoder().fit(y)
    >>> encoder.task_table["kind"]
    ['binary', 'continuous']
    """

    def __init__(
        self,
        task_types: str | Sequence[str] | Mapping[str, str] = "auto",
        allowed: Sequence[str] = ("classification", "regression"),
    ) -> None:
        self.task_types = task_types
        self.allowed = allowed

    def fit(
        self, y: Any, sample_weight: np.ndarray | None = None, classes: Any = None
    ) -> "TargetEncoder":
        """Learn kinds, classes, scaling and layout from y.

        Parameters
        ----------
        y : array-like, Series or DataFrame of shape (n_samples,) or \
                (n_samples, n_tasks)
            Labels.
        sample_weight : array-like of shape (n_samples,) or (n_samples, n_tasks), \
                default=None
            Weights of location and scale. Labels of weight zero do not count, except
            that their classes are kept.
        classes : array-like, list of n_tasks array-likes, or dict, default=None
            Classes known beforehand: one array for 1-D y, else one per task (None
            for a real one), or by name. Such a task needs no observed label.

        Returns
        -------
        self : TargetEncoder
            The fitted encoder.

        Raises
        ------
        TargetError
            If y does not fit the rules; the message names the task.
        InputError
            If a parameter or the weights do not fit the rules.

        Warns
        -----
        TaskTypeWarning
            If "auto" met whole numbers that may be grades or quantities.
        """
        table = read_targets(y)
        n_tasks = len(table.columns)
        weight = check_sample_weight(
            sample_weight, table.n_samples, n_tasks, np.float64, table.names
        )
        given = read_classes(classes, table.names)
        types, guessed = choose_types(
            self.task_types,
            self.allowed,
            table.columns,
            [one is not None for one in given],
        )
        if not table.observed_matrix().any():
            raise TargetError(
                "Input y contains NaN only: no task has an observed label "
                f"({', '.join(table.names)})."
            )
        self.specs: tuple[TaskSpec, ...] = tuple(
            _make_spec(column, one, known, _weight_of_task(weight, task))
            for task, (column, one, known) in enumerate(
                zip(table.columns, types, given, strict=True)
            )
        )
        self._set_layout(table, given)
        self.task_table = _summarise(table, self.specs, guessed)
        return self

    def _set_layout(
        self, table: TargetTable, given: Sequence[np.ndarray | None]
    ) -> None:
        self.one_dimensional = table.one_dimensional
        self.container = table.container
        self.task_names = table.names
        self._labels = table.labels
        self._layouts = [
            output_layout(column.layout, spec, known, table.container)
            for column, spec, known in zip(
                table.columns, self.specs, given, strict=True
            )
        ]

    @property
    def column_labels(self) -> list[Any]:
        """Labels of the columns of y, as the user had them."""
        return list(self._labels)

    def transform(self, y: Any, unseen: str = "error") -> tuple[np.ndarray, np.ndarray]:
        """Encode y.

        Parameters
        ----------
        y : array-like, Series or DataFrame of shape (n_samples,) or \
                (n_samples, n_tasks)
            Labels of the same tasks in the same order.
        unseen : {"error", "code"}, default="error"
            What to do with a label that is no class of its task: raise, or give it
            the code -1 (it stays observed, so that it counts as an error in scores).

        Returns
        -------
        codes : ndarray of shape (n_samples, n_tasks), dtype float64
            Class index, standardised real, or, of a ranking task, standardised rank
            among the labels given; 0 where unobserved.
        observed : ndarray of shape (n_samples, n_tasks), dtype bool
            Where a label is present.

        Raises
        ------
        TargetError
            If y does not fit the tasks; the message names the task.
        """
        if unseen not in ("error", "code"):
            raise InputError(f"`unseen` must be 'error' or 'code'; found {unseen!r}.")
        table = read_targets(y)
        check_same_tasks(table, self.task_names, self.container)
        codes = np.zeros((table.n_samples, len(self.specs)))
        for task, (column, spec) in enumerate(
            zip(table.columns, self.specs, strict=True)
        ):
            if spec.classes is not None:
                codes[column.observed, task] = class_codes(column, spec.classes, unseen)
            else:
                codes[column.observed, task] = real_codes(column, spec)
        return codes, table.observed_matrix()

    def inverse_transform(self, codes: np.ndarray, as_frame: bool = True) -> Any:
        """Return labels in the layout of the y given to fit.

        Parameters
        ----------
        codes : ndarray of shape (n_samples, n_tasks)
            Class indices, standardised reals, and scores of ranking tasks, which are
            returned as they are.
        as_frame : bool, default=True
            Whether to return a DataFrame if y was one.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_tasks), or DataFrame
            1-D if y was 1-D; a DataFrame with the columns and data types of y if it
            was one (real values in a float type); else a 2-D array: of one data type
            if all tasks are classification with the same kind of classes or all are
            real, of objects otherwise.

        Raises
        ------
        InputError
            If a class index is out of range or not a number.
        """
        codes = np.asarray(codes, dtype=np.float64)
        if codes.ndim != 2 or codes.shape[1] != len(self.specs):
            raise InputError(
                f"`codes` must have shape (n_samples, {len(self.specs)}); found "
                f"{codes.shape}."
            )
        columns = [
            decode(codes[:, task], spec, layout)
            for task, (spec, layout) in enumerate(
                zip(self.specs, self._layouts, strict=True)
            )
        ]
        if self.one_dimensional:
            return columns[0]
        if as_frame and self.container != "array":
            return build_frame(self.container, self._labels, columns, self._layouts)
        mixed = len({spec.is_classification for spec in self.specs}) == 2
        return stack_columns(columns, mixed)

    def class_list(self) -> Any:
        """Return the classes of each task.

        Returns
        -------
        classes : list of n_tasks (ndarray or None), or ndarray or None
            Sorted classes, None for a real task; a single entry instead of a list if
            y was 1-D.
        """
        classes = [spec.classes for spec in self.specs]
        return classes[0] if self.one_dimensional else classes


def _weight_of_task(weight: np.ndarray | None, task: int) -> np.ndarray | None:
    return weight if weight is None or weight.ndim == 1 else weight[:, task]


def _make_spec(
    column: Column,
    task_type: str,
    known: np.ndarray | None,
    weight: np.ndarray | None,
) -> TaskSpec:
    if task_type == "classification":
        return classification_spec(column, known, weight)
    if known is not None:
        raise InputError(
            f"`classes` must be None for a {task_type} task; found "
            f"{len(known)} classes for task {column.name!r}."
        )
    return real_spec(column, task_type, weight)


def _summarise(
    table: TargetTable, specs: Sequence[TaskSpec], guessed: Sequence[bool]
) -> dict[str, list[Any]]:
    counts = [column.n_observed for column in table.columns]
    return {
        "name": table.names,
        "kind": [spec.kind for spec in specs],
        "n_classes": [spec.n_classes for spec in specs],
        "n_observed": counts,
        "missing": [1.0 - count / table.n_samples for count in counts],
        "guessed": list(guessed),
    }

"""Heat map of the similarity of tasks, with their groups."""

import numpy as np
from sklearn.utils.validation import check_is_fitted

from ..exceptions import InputError
from ._checks import (
    check_groups,
    check_names,
    check_switch,
    fitted_step,
    refuse_strangers,
)
from ._drawing import draw_brackets, draw_names, draw_scale, draw_values, new_axes
from ._order import display_order, group_spans

_MOST_VALUES = 25


class TaskSimilarityDisplay:
    """Heat map of the similarity of tasks, ordered by group.

    Make one with :meth:`from_estimator` or :meth:`from_similarity`. Tasks of a group
    are neighbours and a bracket beside the map holds them together; tasks that stand
    alone come last, without a bracket.

    Parameters
    ----------
    similarity : array-like of shape (n_tasks, n_tasks)
        0: no more related than unrelated tasks; 1: the same task.
    groups : array-like of shape (n_tasks,), default=None
        Group of each task. None draws no brackets and keeps the order of the tasks.
    task_names : sequence of n_tasks str, default=None
        None takes "task_0", "task_1", ...

    Attributes
    ----------
    order_ : ndarray of int, shape (n_tasks,)
        The task in each row and column of the picture.
    ax_ : matplotlib Axes
        What the map is drawn in.
    figure_ : matplotlib Figure
        The figure of the axes.
    im_ : matplotlib AxesImage
        The map.
    text_ : ndarray of matplotlib Text, shape (n_tasks, n_tasks), or None
        The values in the cells, rows and columns as in the picture.
    brackets_ : list of matplotlib Line2D
        One for each group of two or more tasks, from top to bottom.
    colorbar_ : matplotlib Colorbar, or None
        The scale.

    Raises
    ------
    InputError
        If the similarity is no symmetric matrix in [0, 1], or the groups or names are
        not one per task.

    See Also
    --------
    skmtl.similarity.group_tasks : Groups from a similarity.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("Agg")
    >>> from skmtl import HardSharingClassifier
    >>> from skmtl.datasets import load_grouped_digits
    >>> from skmtl.display import TaskSimilarityDisplay
    >>> digits = load_grouped_digits(as_frame=True)
    >>> est = HardSharingClassifier(max_epochs=5, random_state=0)
    >>> est = est.fit(digits.data, digits.target)
    >>> display = TaskSimilarityDisplay.from_estimator(est)
    >>> len(display.brackets_)
    2
    """

    def __init__(self, similarity, *, groups=None, task_names=None):
        self.similarity = similarity
        self.groups = groups
        self.task_names = task_names

    @classmethod
    def from_estimator(cls, estimator, *, task_names=None, **plot_options):
        """Draw what a fitted estimator found.

        Parameters
        ----------
        estimator : fitted estimator of skmtl
            Or a fitted pipeline that ends in one, or a fitted search over either.
        task_names : sequence of n_tasks str, default=None
            Names to show; None takes those of the estimator.
        **plot_options : dict
            Options of :meth:`plot`.

        Returns
        -------
        display : TaskSimilarityDisplay
            Holds the arrays and what was drawn.

        Raises
        ------
        NotFittedError
            If the estimator has no `task_similarity_` yet.
        InputError
            If it will never have one, since it is no estimator of skmtl.
        """
        refuse_strangers(estimator)
        estimator = fitted_step(estimator)
        check_is_fitted(estimator, "task_similarity_")
        return cls.from_similarity(
            estimator.task_similarity_,
            groups=estimator.task_groups_,
            task_names=estimator.task_names_ if task_names is None else task_names,
            **plot_options,
        )

    @classmethod
    def from_similarity(
        cls, similarity, *, groups=None, task_names=None, **plot_options
    ):
        """Draw a similarity matrix.

        Parameters
        ----------
        similarity : array-like of shape (n_tasks, n_tasks)
            Values between 0 and 1.
        groups : array-like of shape (n_tasks,), default=None
            Group of each task; None draws no brackets.
        task_names : sequence of n_tasks str, default=None
            Names of the tasks.
        **plot_options : dict
            Options of :meth:`plot`.

        Returns
        -------
        display : TaskSimilarityDisplay
            Holds the arrays and what was drawn.
        """
        display = cls(similarity, groups=groups, task_names=task_names)
        return display.plot(**plot_options)

    def plot(
        self,
        *,
        ax=None,
        cmap="GnBu",
        values="auto",
        values_format=".2f",
        colorbar=True,
        im_kw=None,
        text_kw=None,
        bracket_kw=None,
    ):
        """Draw the map.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure whose size suits the number of tasks.
        cmap : str or matplotlib Colormap, default="GnBu"
            Colours from 0 to 1.
        values : bool or "auto", default="auto"
            Whether to write the values into the cells; "auto" does so up to 25 tasks.
        values_format : str, default=".2f"
            Format specification of the values.
        colorbar : bool, default=True
            Whether to draw the scale.
        im_kw : dict, default=None
            Further options of `imshow`.
        text_kw : dict, default=None
            Further options of the values' `text`.
        bracket_kw : dict, default=None
            Further options of the brackets' lines.

        Returns
        -------
        display : TaskSimilarityDisplay
            This object, with what was drawn.
        """
        similarity, groups, names = self._checked()
        check_switch("values", values)
        self.order_ = display_order(similarity, groups)
        shown = similarity[np.ix_(self.order_, self.order_)]
        spans = group_spans(groups, self.order_)
        if ax is None:
            ax = new_axes(len(shown))
        self.ax_, self.figure_ = ax, ax.figure
        self.im_ = ax.imshow(
            shown, **{"cmap": cmap, "vmin": 0.0, "vmax": 1.0, **(im_kw or {})}
        )
        draw_names(ax, [names[task] for task in self.order_], spans)
        self.text_ = None
        if values is True or (values == "auto" and len(shown) <= _MOST_VALUES):
            self.text_ = draw_values(self.im_, values_format, text_kw or {})
        self.brackets_ = draw_brackets(ax, spans, bracket_kw or {})
        self.colorbar_ = None
        if colorbar:
            self.colorbar_ = draw_scale(
                self.im_, "similarity of tasks", bool(spans), [0, 0.25, 0.5, 0.75, 1]
            )
        return self

    def _checked(self):
        similarity = np.asarray(self.similarity, dtype=float)
        if (
            similarity.ndim != 2
            or len(set(similarity.shape)) != 1
            or not len(similarity)
        ):
            raise InputError(
                "`similarity` must be a square matrix, a row and a column per task; "
                f"found shape {similarity.shape}."
            )
        if not ((similarity >= -1e-9) & (similarity <= 1 + 1e-9)).all():
            raise InputError(
                "`similarity` must lie in [0, 1]; its values span "
                f"[{similarity.min()}, {similarity.max()}]. Pass similarities, not "
                "distances."
            )
        if not np.allclose(similarity, similarity.T, atol=1e-8):
            raise InputError("`similarity` must be symmetric.")
        n_tasks = len(similarity)
        groups = check_groups(self.groups, n_tasks)
        return similarity, groups, check_names(self.task_names, n_tasks)

"""Heat map of what each task reads of each latent dimension."""

import numpy as np

from ..exceptions import InputError
from ..similarity import capacity_overlap
from ._checks import check_groups, check_names, check_switch, fitted_step_with
from ._drawing import (
    axes_of_size,
    draw_brackets,
    draw_column_names,
    draw_gaps,
    draw_row_names,
    draw_scale,
    draw_values,
)
from ._order import dimension_order, display_order, group_spans

_MOST_VALUES = 25


class CapacityDisplay:
    """Heat map of the capacities of tasks' channels, ordered to show what is shared.

    Make one with :meth:`from_estimator` or :meth:`from_capacity`. Rows are tasks, those
    of a group next to each other. Columns are dimensions of the representation: first
    those that several groups read, then those of each group, and last those that no
    task reads. Wider gaps part these blocks.

    Parameters
    ----------
    capacity : array-like of shape (n_tasks, n_dimensions)
        Capacity of each task's channel per dimension, in nats.
    groups : array-like of shape (n_tasks,), default=None
        Group of each task. None draws no brackets and keeps the order of the tasks.
    task_names : sequence of n_tasks str, default=None
        None takes "task_0", "task_1", ...

    Attributes
    ----------
    order_ : ndarray of int, shape (n_tasks,)
        The task in each row of the picture.
    dimension_order_ : ndarray of int, shape (n_dimensions,)
        The dimension in each column of the picture.
    ax_ : matplotlib Axes
        What the map is drawn in.
    figure_ : matplotlib Figure
        The figure of the axes.
    im_ : matplotlib AxesImage
        The map.
    text_ : ndarray of matplotlib Text, shape (n_tasks, n_dimensions), or None
        The values in the cells, rows and columns as in the picture.
    brackets_ : list of matplotlib Line2D
        One for each group of two or more tasks, from top to bottom.
    colorbar_ : matplotlib Colorbar, or None
        The scale.

    Raises
    ------
    InputError
        If the capacities are no matrix of numbers of at least 0, or the groups or
        names are not one per task.

    See Also
    --------
    TaskSimilarityDisplay : How similar the tasks are, by what they read.
    InformationPlaneDisplay : What reading more or less does to the score.

    References
    ----------
    "Compressed Hierarchical Representations for Multi-Task Learning and Task
    Clustering", IJCNN 2022: figure 2.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("Agg")
    >>> from skmtl.display import CapacityDisplay
    >>> display = CapacityDisplay.from_capacity(
    ...     [[0.0, 1.5, 0.6], [1.1, 0.0, 0.5], [0.0, 1.2, 0.4]], groups=[0, 1, 0]
    ... )
    >>> display.order_
    array([0, 2, 1])
    >>> display.dimension_order_
    array([2, 1, 0])
    """

    def __init__(self, capacity, *, groups=None, task_names=None):
        self.capacity = capacity
        self.groups = groups
        self.task_names = task_names

    @classmethod
    def from_estimator(cls, estimator, *, member=0, **plot_options):
        """Draw what the tasks of a fitted estimator read.

        Parameters
        ----------
        estimator : fitted estimator of skmtl
            With an attribute `capacity_`; or a fitted pipeline that ends in one, or a
            fitted search over either.
        member : int, default=0
            The member of an ensemble to draw. Their dimensions have nothing to do with
            each other, so that there is no mean.
        **plot_options : dict
            Options of :meth:`plot`.

        Returns
        -------
        display : CapacityDisplay
            Holds the arrays and what was drawn.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        InputError
            If it is fitted but has no `capacity_`, or there is no such member.
        """
        estimator = fitted_step_with(
            estimator,
            "capacity_",
            "channels with noise, such as HierarchicalIBClassifier",
            "from_capacity",
        )
        members = np.asarray(estimator.capacity_)
        members = members.reshape(-1, *members.shape[-2:])
        if not isinstance(member, int | np.integer) or not 0 <= member < len(members):
            raise InputError(
                "`member` must be the number of a member of the ensemble, from 0 to "
                f"{len(members) - 1}; found {member!r}."
            )
        return cls.from_capacity(
            members[member],
            groups=estimator.task_groups_,
            task_names=estimator.task_names_,
            **plot_options,
        )

    @classmethod
    def from_capacity(cls, capacity, *, groups=None, task_names=None, **plot_options):
        """Draw a matrix of capacities.

        Parameters
        ----------
        capacity : array-like of shape (n_tasks, n_dimensions)
            Capacities in nats.
        groups : array-like of shape (n_tasks,), default=None
            Group of each task; None draws no brackets.
        task_names : sequence of n_tasks str, default=None
            Names of the tasks.
        **plot_options : dict
            Options of :meth:`plot`.

        Returns
        -------
        display : CapacityDisplay
            Holds the arrays and what was drawn.
        """
        display = cls(capacity, groups=groups, task_names=task_names)
        return display.plot(**plot_options)

    def plot(
        self,
        *,
        ax=None,
        cmap="GnBu",
        values="auto",
        values_format=".1f",
        colorbar=True,
        im_kw=None,
        text_kw=None,
        bracket_kw=None,
    ):
        """Draw the map.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure whose size suits the map.
        cmap : str or matplotlib Colormap, default="GnBu"
            Colours from 0 to the largest capacity.
        values : bool or "auto", default="auto"
            Whether to write the values into the cells, but for those that would read
            as zero; "auto" does so up to 25 tasks and 25 dimensions.
        values_format : str, default=".1f"
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
        display : CapacityDisplay
            This object, with what was drawn.
        """
        capacity, groups, names = self._checked()
        check_switch("values", values)
        self.order_ = display_order(capacity_overlap(capacity), groups)
        shown_groups = None if groups is None else groups[self.order_]
        self.dimension_order_, blocks = dimension_order(
            capacity[self.order_], shown_groups
        )
        shown = capacity[np.ix_(self.order_, self.dimension_order_)]
        spans = group_spans(groups, self.order_)
        if ax is None:
            height, width = np.clip(0.42 * np.array(shown.shape), 1.2, (8.0, 10.0))
            ax = axes_of_size(width + 2.4, height + 0.9)
        self.ax_, self.figure_ = ax, ax.figure
        options = {"cmap": cmap, "vmin": 0.0, "vmax": shown.max() or 1.0}
        self.im_ = ax.imshow(shown, **{**options, "aspect": "auto", **(im_kw or {})})
        self._draw_frame(names, spans, blocks)
        self.text_ = None
        if values is True or (values == "auto" and max(shown.shape) <= _MOST_VALUES):
            self.text_ = draw_values(
                self.im_, values_format, text_kw or {}, zeros=False
            )
        self.brackets_ = draw_brackets(ax, spans, bracket_kw or {})
        self.colorbar_ = None
        if colorbar:
            self.colorbar_ = draw_scale(self.im_, "capacity (nats)", bool(spans))
        return self

    def _draw_frame(self, names, spans, blocks):
        draw_row_names(self.ax_, [names[task] for task in self.order_])
        draw_column_names(self.ax_, [str(number) for number in self.dimension_order_])
        bounds = [edge for _, first, last in spans for edge in (first, last + 1)]
        draw_gaps(self.ax_, bounds, blocks)
        self.ax_.set_xlabel("latent dimension")

    def _checked(self):
        capacity = np.asarray(self.capacity, dtype=float)
        if capacity.ndim != 2 or not capacity.size:
            raise InputError(
                "`capacity` must have a row per task and a column per dimension; found "
                f"shape {capacity.shape}. Choose one member of an ensemble."
            )
        if not (np.isfinite(capacity) & (capacity >= 0)).all():
            raise InputError(
                "`capacity` must be finite and at least 0, in nats; its values span "
                f"[{capacity.min()}, {capacity.max()}]. Pass capacities, not "
                "log-variances."
            )
        n_tasks = len(capacity)
        groups = check_groups(self.groups, n_tasks)
        return capacity, groups, check_names(self.task_names, n_tasks)

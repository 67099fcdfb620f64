"""The whole tree of tasks."""

import numpy as np
from sklearn.utils.validation import check_is_fitted

from ..exceptions import InputError
from ._checks import check_groups, check_names, fitted_step, refuse_strangers
from ._drawing import INK, axes_of_size, short_name

_COLOURS = "tab10"
_GREY = "0.55"


class TaskTreeDisplay:
    """Dendrogram of the tasks: at which similarity they join.

    Make one with :meth:`from_estimator` or :meth:`from_linkage`. Joins inside a group
    have its colour, others are grey.

    Parameters
    ----------
    linkage : array-like of shape (n_tasks - 1, 4)
        Tree in scipy's form, on distances ``1 - similarity``.
    groups : array-like of shape (n_tasks,), default=None
        Group of each task; None draws everything grey.
    task_names : sequence of n_tasks str, default=None
        None takes "task_0", "task_1", ...

    Attributes
    ----------
    order_ : ndarray of int, shape (n_tasks,)
        The task in each row, from the top.
    lines_ : list of n_tasks - 1 matplotlib Line2D
        One for each join, in the order of the tree.
    ax_ : matplotlib Axes
        What the tree is drawn in.
    figure_ : matplotlib Figure
        The figure of the axes.

    Raises
    ------
    InputError
        If the tree is none, or groups or names are not one per task.

    See Also
    --------
    TaskSimilarityDisplay : The similarities themselves.
    SharingHistoryDisplay : Which branches became one.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("Agg")
    >>> from skmtl.display import TaskTreeDisplay
    >>> from skmtl.similarity import group_tasks
    >>> found = group_tasks([[1.0, 0.1, 0.8], [0.1, 1.0, 0.0], [0.8, 0.0, 1.0]])
    >>> display = TaskTreeDisplay.from_linkage(
    ...     found.linkage, groups=found.labels, task_names=["heart", "eyes", "lungs"]
    ... )
    >>> [label.get_text() for label in display.ax_.get_yticklabels()]
    ['eyes', 'heart', 'lungs']
    """

    def __init__(self, linkage, *, groups=None, task_names=None):
        self.linkage = linkage
        self.groups = groups
        self.task_names = task_names

    @classmethod
    def from_estimator(cls, estimator, *, task_names=None, **plot_options):
        """Draw the tree of a fitted estimator.

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
        display : TaskTreeDisplay
            Holds the tree and what was drawn.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        InputError
            If it is no estimator of skmtl.
        """
        refuse_strangers(estimator)
        estimator = fitted_step(estimator)
        check_is_fitted(estimator, "task_similarity_")
        return cls.from_linkage(
            estimator.task_linkage_,
            groups=estimator.task_groups_,
            task_names=estimator.task_names_ if task_names is None else task_names,
            **plot_options,
        )

    @classmethod
    def from_linkage(cls, linkage, *, groups=None, task_names=None, **plot_options):
        """Draw a tree.

        Parameters
        ----------
        linkage : array-like of shape (n_tasks - 1, 4)
            In scipy's form, as :func:`skmtl.similarity.group_tasks` returns it.
        groups : array-like of shape (n_tasks,), default=None
            Group of each task.
        task_names : sequence of n_tasks str, default=None
            Names of the tasks.
        **plot_options : dict
            Options of :meth:`plot`.

        Returns
        -------
        display : TaskTreeDisplay
            Holds the tree and what was drawn.
        """
        return cls(linkage, groups=groups, task_names=task_names).plot(**plot_options)

    def plot(self, *, ax=None, line_kw=None):
        """Draw the tree.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure whose size suits the number of tasks.
        line_kw : dict, default=None
            Further options of the lines.

        Returns
        -------
        display : TaskTreeDisplay
            This object, with what was drawn.
        """
        tree = self._checked()
        n_tasks = len(tree) + 1
        groups = check_groups(self.groups, n_tasks)
        names = check_names(self.task_names, n_tasks)
        members = _members_of(tree)
        self.order_ = np.array(members[-1])
        if ax is None:
            ax = axes_of_size(5.0, float(np.clip(1.2 + 0.32 * n_tasks, 2.2, 12)))
        self.ax_, self.figure_ = ax, ax.figure
        place = {int(task): (0.0, float(row)) for row, task in enumerate(self.order_)}
        self.lines_ = []
        for join, (left, right, distance, _) in enumerate(tree):
            (x_one, one), (x_two, two) = place[int(left)], place[int(right)]
            colour = _colour_of(members[n_tasks + join], groups)
            options = {"color": colour, "linewidth": 1.6, **(line_kw or {})}
            self.lines_ += ax.plot(
                [1 - x_one, 1 - distance, 1 - distance, 1 - x_two],
                [one, one, two, two],
                **options,
            )
            place[n_tasks + join] = (distance, (one + two) / 2)
        ax.set_yticks(range(n_tasks), [short_name(names[t]) for t in self.order_])
        ax.set_ylim(n_tasks - 0.5, -0.5)
        ax.set_xlim(1.02, min(-0.02, 0.98 - tree[:, 2].max(initial=0)))
        ax.set_xlabel("similarity at which tasks join")
        ax.yaxis.set_ticks_position("left")
        ax.tick_params(axis="y", length=0, colors=INK)
        ax.spines[["top", "right", "left"]].set_visible(False)
        return self

    def _checked(self):
        tree = np.asarray(self.linkage, dtype=float)
        if tree.ndim != 2 or tree.shape[1] != 4 or not np.isfinite(tree).all():
            raise InputError(
                "`linkage` must be a tree in scipy's form, shape (n_tasks - 1, 4); "
                f"found shape {tree.shape}."
            )
        return tree


def _members_of(tree):
    """Tasks below each node, in the order in which they are drawn."""
    members = [[task] for task in range(len(tree) + 1)]
    for left, right in tree[:, :2].astype(int):
        pair = sorted((members[left], members[right]), key=min)
        # The smaller branch above keeps deep trees from crossing the page.
        small, large = sorted(pair, key=len)
        members.append(small + large)
    return members


def _colour_of(tasks, groups):
    """Colour of a join: that of the group that holds all its tasks."""
    import matplotlib

    if groups is None or len(set(groups[tasks].tolist())) > 1:
        return _GREY
    colours = matplotlib.colormaps[_COLOURS]
    labels = np.unique(groups).tolist()
    return colours(labels.index(groups[tasks[0]]) % colours.N)

"""Which branches became one, and when."""

import numpy as np
from sklearn.utils.validation import check_is_fitted

from ..exceptions import InputError
from ._checks import check_names, fitted_step, refuse_strangers
from ._drawing import INK, axes_of_size, short_name

_COLOURS = "tab10"
# Part of the steps that is shown behind the last merge, where the end is not known.
_BEHIND = 0.35
# Part of the axis, at either end, where a text begins or ends at its merge.
_EDGE = 0.25


class SharingHistoryDisplay:
    """Branches of the tasks over the steps of the training, as lines that join.

    Make one with :meth:`from_estimator`. Each task starts as a line of its own; where
    branches are merged, their lines become one. Tasks that end in one group are
    neighbours. The numbers of parameters are written below the merges.

    Parameters
    ----------
    history : list of dict
        Merges in their order, each with `step` and `groups` (one label per task), as
        `merge_history_` of a fitted estimator has them; `parameters_before` and
        `parameters_after` are written if there.
    n_tasks : int
        Number of tasks.
    task_names : sequence of n_tasks str, default=None
        None takes "task_0", "task_1", ...
    n_steps : int, default=None
        Steps of the whole training, where the axis ends. None ends it shortly behind
        the last merge.

    Attributes
    ----------
    order_ : ndarray of int, shape (n_tasks,)
        The task in each row, from the top.
    lines_ : list of matplotlib Line2D
        One line for each task, in the order of the tasks.
    texts_ : list of matplotlib Text
        Numbers of parameters at the merges.
    ax_ : matplotlib Axes
        What the lines are drawn in.
    figure_ : matplotlib Figure
        The figure of the axes.

    Raises
    ------
    InputError
        If the groups of a merge are not one per task.

    See Also
    --------
    TaskTreeDisplay : How alike the tasks are.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("Agg")
    >>> from skmtl import SelectiveSharingClassifier
    >>> from skmtl.datasets import load_grouped_digits
    >>> from skmtl.display import SharingHistoryDisplay
    >>> X, y = load_grouped_digits(return_X_y=True)
    >>> est = SelectiveSharingClassifier(max_epochs=10, random_state=0).fit(X, y)
    >>> display = SharingHistoryDisplay.from_estimator(est)
    >>> ends = [float(line.get_ydata()[-1]) for line in display.lines_]
    >>> ends  # two pairs of tasks share a branch
    [0.5, 0.5, 2.5, 2.5]
    """

    def __init__(self, history, n_tasks, *, task_names=None, n_steps=None):
        self.history = history
        self.n_tasks = n_tasks
        self.task_names = task_names
        self.n_steps = n_steps

    @classmethod
    def from_estimator(cls, estimator, *, member=0, task_names=None, **plot_options):
        """Draw the merges of a fitted estimator, up to the end of its training.

        Parameters
        ----------
        estimator : fitted estimator with `merge_history_`
            Or a fitted pipeline that ends in one, or a fitted search over either.
        member : int, default=0
            Which member of an ensemble.
        task_names : sequence of n_tasks str, default=None
            Names to show; None takes those of the estimator.
        **plot_options : dict
            Options of :meth:`plot`.

        Returns
        -------
        display : SharingHistoryDisplay
            Holds the merges and what was drawn.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        InputError
            If it has no branches that merge.
        """
        refuse_strangers(estimator)
        estimator = fitted_step(estimator)
        check_is_fitted(estimator, "task_similarity_")
        if not hasattr(estimator, "merge_history_"):
            raise InputError(
                "`estimator` must have branches that merge, such as "
                f"SelectiveSharingClassifier; found {type(estimator).__name__}."
            )
        history = estimator.merge_history_
        if estimator.branch_of_.ndim == 2:
            history = history[member]
        names = estimator.task_names_ if task_names is None else task_names
        steps = _steps_of(estimator.net_)
        display = cls(history, estimator.n_tasks_, task_names=names, n_steps=steps)
        return display.plot(**plot_options)

    def plot(self, *, ax=None, line_kw=None, text_kw=None):
        """Draw the lines.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure whose size suits the number of tasks.
        line_kw : dict, default=None
            Further options of the lines.
        text_kw : dict, default=None
            Further options of the numbers of parameters.

        Returns
        -------
        display : SharingHistoryDisplay
            This object, with what was drawn.
        """
        import matplotlib

        names = check_names(self.task_names, self.n_tasks)
        partitions = [np.arange(self.n_tasks), *self._groups()]
        steps = [0, *(event["step"] for event in self.history)]
        final = partitions[-1]
        self.order_ = np.lexsort((np.arange(self.n_tasks), final))
        row_of = np.argsort(self.order_)
        if ax is None:
            ax = axes_of_size(5.5, float(np.clip(1.4 + 0.32 * self.n_tasks, 2.4, 12)))
        self.ax_, self.figure_ = ax, ax.figure
        last = max(steps[-1], 1)
        end = last * (1 + _BEHIND)
        if self.n_steps is not None:
            # Lines that join in the last step are seen to.
            end = max(self.n_steps, last * 1.1)
        colours = matplotlib.colormaps[_COLOURS]
        self.lines_ = []
        for task in range(self.n_tasks):
            x, y = _path(task, steps, partitions, row_of, end)
            shared = (final == final[task]).sum() > 1
            colour = colours(int(final[task]) % colours.N) if shared else "0.55"
            options = {"color": colour, "linewidth": 1.6, **(line_kw or {})}
            self.lines_ += ax.plot(x, y, **options)
        self._finish(ax, names, steps, end, text_kw or {})
        return self

    def _groups(self):
        found = []
        for event in self.history:
            groups = np.asarray(event["groups"])
            if groups.shape != (self.n_tasks,):
                raise InputError(
                    f"`groups` of a merge must hold one label for each of the "
                    f"{self.n_tasks} tasks; found shape {groups.shape}."
                )
            found.append(groups)
        return found

    def _finish(self, ax, names, steps, end, text_kw):
        from matplotlib.ticker import MaxNLocator

        rows = range(self.n_tasks)
        ax.set_yticks(rows, [short_name(names[task]) for task in self.order_])
        ax.set_ylim(self.n_tasks - 0.5, -0.5)
        ax.set_xlim(0, end)
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        ax.set_xlabel("steps")
        ax.tick_params(axis="y", length=0, colors=INK)
        ax.spines[["top", "right", "left"]].set_visible(False)
        self.texts_ = []
        for step, event in zip(steps[1:], self.history, strict=True):
            ax.axvline(step, color="0.8", linewidth=0.8, zorder=0)
            if "parameters_after" not in event:
                continue
            before, after = event["parameters_before"], event["parameters_after"]
            text = f"{before:,} \N{RIGHTWARDS ARROW} {after:,} parameters"
            side = "center"
            if self.n_steps is not None and step < _EDGE * end:
                side = "left"
            elif self.n_steps is not None and step > (1 - _EDGE) * end:
                side = "right"
            options = {"fontsize": 8, "color": INK, "ha": side, "va": "bottom"}
            self.texts_.append(ax.text(step, -0.5, text, **{**options, **text_kw}))


def _steps_of(net):
    """Steps of all epochs of the training, if its history tells them."""
    counts = [row.get("train_batch_count") for row in net.history]
    return None if None in counts else sum(counts)


def _path(task, steps, partitions, row_of, end):
    """Corners of the line of a task."""
    x, y = [], []
    bounds = [*steps[1:], end]
    slope = 0.04 * end
    for start, stop, groups in zip(steps, bounds, partitions, strict=True):
        row = float(row_of[groups == groups[task]].mean())
        begin = start + (slope if start else 0)
        x += [begin, max(stop, begin)]
        y += [row, row]
    return x, y

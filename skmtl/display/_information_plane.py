"""Score against information, over the price of information."""

import numpy as np

from ..exceptions import InputError
from ..inspection import information_path
from ._checks import check_names, check_switch
from ._drawing import INK, LETTER, axes_of_size, short_name

# The palette of Okabe and Ito, which the colour-blind tell apart, without yellow; in
# an order whose first colours differ most. Shapes tell the tasks apart as well.
_COLOURS = (
    "#0072b2",
    "#d55e00",
    "#009e73",
    "#cc79a7",
    "#56b4e9",
    "#e69f00",
    "#7f7f7f",
    "#8b5a2b",
)
_MARKERS = "os^DvPX*"
_CROWD = "#9aa5ae"
# Size of the prices in points, and by how much the layout may yet shrink the axes.
_SIZE, _SHRINKAGE = 8.0, 0.75


class InformationPlaneDisplay:
    """Scores of tasks against what they read, one point for each price.

    Make one with :meth:`from_path` or :meth:`from_estimator`. Each task is a line, a
    thick one is their mean, with the prices beside it: cheap information is at the
    right, dear information at the left. Where a line is level, the task reads more
    than it needs.

    Parameters
    ----------
    information : array-like of shape (n_betas, n_tasks)
        What each task reads, in nats.
    score : array-like of shape (n_betas, n_tasks)
        Score, or loss, of each task; NaN where there is none.
    betas : array-like of shape (n_betas,)
        Prices, in any order.
    task_names : sequence of n_tasks str, default=None
        None takes "task_0", "task_1", ...
    score_name : str, default="score"
        What the score is.

    Attributes
    ----------
    lines_ : list of matplotlib Line2D
        One for each task; empty if only the mean is drawn.
    mean_line_ : matplotlib Line2D, or None
        The mean over the tasks, of their information and of their scores.
    text_ : list of matplotlib Annotation
        The prices beside the mean, as many as there is room for.
    legend_ : matplotlib Legend, or None
        The names of the lines.
    ax_ : matplotlib Axes
        What the lines are drawn in.
    figure_ : matplotlib Figure
        The figure of the axes.

    Raises
    ------
    InputError
        If the shapes do not go together, or the information is negative.

    See Also
    --------
    skmtl.inspection.information_path : The numbers, with the fitted estimators.
    CapacityDisplay : What each task reads, dimension by dimension.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("Agg")
    >>> from skmtl.display import InformationPlaneDisplay
    >>> display = InformationPlaneDisplay(
    ...     information=[[4.0, 3.0], [1.5, 1.0], [0.2, 0.1]],
    ...     score=[[0.95, 0.91], [0.94, 0.90], [0.60, 0.70]],
    ...     betas=[0.01, 0.1, 1.0],
    ...     task_names=["heart", "lungs"],
    ...     score_name="accuracy",
    ... ).plot()
    >>> [text.get_text() for text in display.legend_.get_texts()]
    ['heart', 'lungs', 'mean']
    """

    def __init__(
        self, information, score, betas, *, task_names=None, score_name="score"
    ):
        self.information = information
        self.score = score
        self.betas = betas
        self.task_names = task_names
        self.score_name = score_name

    @classmethod
    def from_estimator(
        cls,
        estimator,
        X,
        y,
        betas,
        *,
        X_test=None,
        y_test=None,
        scoring=None,
        sample_weight=None,
        **plot_options,
    ):
        """Fit an estimator at several prices, all of them at once, and draw the path.

        To keep the fitted estimators, call :func:`~skmtl.inspection.information_path`
        and then :meth:`from_path`.

        Parameters
        ----------
        estimator : estimator
            With a parameter `beta` and, once fitted, an attribute `information_`; or
            a pipeline that ends with one. It is cloned.
        X : array-like of shape (n_samples, n_features)
            Features to fit to.
        y : array-like of shape (n_samples,) or (n_samples, n_tasks)
            Targets.
        betas : array-like of shape (n_betas,)
            Prices, at least 0.
        X_test : array-like of shape (n_test_samples, n_features), default=None
            Features of the rows to score; None scores the rows of the fit.
        y_test : array-like of shape (n_test_samples,) or (n_test_samples, n_tasks), \
default=None
            Targets of the rows to score.
        scoring : str or callable, default=None
            As in :func:`~skmtl.inspection.information_path`.
        sample_weight : array-like of shape (n_samples,) or (n_samples, n_tasks), \
default=None
            Weights as in ``fit``.
        **plot_options : dict
            Options of :meth:`plot`.

        Returns
        -------
        display : InformationPlaneDisplay
            Holds the arrays and what was drawn.
        """
        path = information_path(
            estimator,
            X,
            y,
            betas,
            X_test=X_test,
            y_test=y_test,
            scoring=scoring,
            sample_weight=sample_weight,
        )
        return cls.from_path(path, **plot_options)

    @classmethod
    def from_path(cls, path, **plot_options):
        """Draw a path.

        Parameters
        ----------
        path : :class:`~sklearn.utils.Bunch`
            What :func:`~skmtl.inspection.information_path` returns.
        **plot_options : dict
            Options of :meth:`plot`.

        Returns
        -------
        display : InformationPlaneDisplay
            Holds the arrays and what was drawn.
        """
        display = cls(
            path.information,
            path.score,
            path.betas,
            task_names=path.task_names,
            score_name=path.score_name,
        )
        return display.plot(**plot_options)

    def plot(
        self,
        *,
        ax=None,
        tasks=True,
        mean="auto",
        prices=True,
        line_kw=None,
        mean_kw=None,
    ):
        """Draw the lines.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.
        tasks : bool, default=True
            Whether to draw a line for each task. Up to eight have colours and names of
            their own.
        mean : bool or "auto", default="auto"
            Whether to draw the mean over the tasks; "auto" does so for two or more.
        prices : bool, default=True
            Whether to write the prices beside the mean, or beside a single task.
        line_kw : dict, default=None
            Further options of the lines of tasks.
        mean_kw : dict, default=None
            Further options of the line of the mean.

        Returns
        -------
        display : InformationPlaneDisplay
            This object, with what was drawn.
        """
        information, score, betas, names = self._checked()
        check_switch("mean", mean)
        if ax is None:
            ax = axes_of_size(5.6, 3.8)
        self.ax_, self.figure_ = ax, ax.figure
        self.lines_, self.mean_line_, self.text_ = [], None, []
        if tasks:
            self._draw_tasks(information, score, names, line_kw or {})
        if mean is True or (mean == "auto" and len(names) > 1):
            options = {"color": INK, "linewidth": 2.6, "marker": "o", "markersize": 4.5}
            [self.mean_line_] = ax.plot(
                information.mean(axis=1),
                _mean_score(score),
                label="mean",
                zorder=3,
                **{**options, **(mean_kw or {})},
            )
        self._dress()
        labelled = self.mean_line_ or (
            self.lines_[0] if len(self.lines_) == 1 else None
        )
        if prices and labelled is not None:
            self.text_ = _write_prices(ax, labelled, betas)
        return self

    def _draw_tasks(self, information, score, names, line_kw):
        few = len(names) <= len(_COLOURS)
        for task, name in enumerate(names):
            options = {"color": _CROWD, "linewidth": 0.8, "alpha": 0.7}
            if few:
                options = {"color": _COLOURS[task], "linewidth": 1.4, "markersize": 4.5}
                options |= {"marker": _MARKERS[task], "markeredgewidth": 0}
            # Of a crowd the first line alone stands for all in the legend.
            label = short_name(name) if few else "single tasks" if task == 0 else None
            self.lines_ += self.ax_.plot(
                information[:, task],
                score[:, task],
                **{"label": label, **options, **line_kw},
            )

    def _dress(self):
        ax = self.ax_
        ax.set_xlabel("information per task (nats)")
        ax.set_ylabel(self.score_name)
        ax.spines[["top", "right"]].set_visible(False)
        ax.grid(axis="y", color="0.9", linewidth=0.8)
        ax.set_axisbelow(True)
        ax.margins(0.06, 0.09)
        self.legend_ = None
        if len(self.lines_) + (self.mean_line_ is not None) > 1:
            self.legend_ = ax.legend(
                frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5)
            )

    def _checked(self):
        information = np.asarray(self.information, dtype=float)
        score = np.asarray(self.score, dtype=float)
        betas = np.asarray(self.betas, dtype=float)
        if information.ndim != 2 or not information.size:
            raise InputError(
                "`information` must have a row per price and a column per task; found "
                f"shape {information.shape}."
            )
        if not (np.isfinite(information) & (information >= 0)).all():
            raise InputError(
                "`information` must be finite and at least 0, in nats; its values span "
                f"[{information.min()}, {information.max()}]."
            )
        for name, value, shape in (
            ("score", score, information.shape),
            ("betas", betas, information.shape[:1]),
        ):
            if value.shape != shape:
                raise InputError(
                    f"`{name}` must go with `information`, shape {shape}; found shape "
                    f"{value.shape}."
                )
        names = check_names(self.task_names, information.shape[1])
        order = np.argsort(betas, kind="stable")
        return information[order], score[order], betas[order], names


def _mean_score(score):
    """Mean over the tasks that have a score; NaN without any."""
    known = np.isfinite(score)
    count = known.sum(axis=1)
    total = np.where(known, score, 0).sum(axis=1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _write_prices(ax, line, betas):
    """Write prices at the points of a line, on its hollow side, where there is room."""
    from matplotlib.patheffects import withStroke

    points = line.get_xydata()
    known = np.isfinite(points).all(axis=1)
    if not known.any():
        return []
    ax.get_xlim(), ax.get_ylim()  # these bring the scales up to date
    places = ax.transData.transform(points) * 72 / ax.figure.dpi
    cheapest, dearest = points[known, 1][[0, -1]]
    options = {"xytext": (6, -5), "va": "top"}
    if cheapest < dearest:
        options = {"xytext": (6, 5), "va": "bottom"}
    names = [f"{beta:.3g}" for beta in betas]
    apart = np.array([max(map(len, names)) * LETTER + 1, 1.3]) * _SIZE / _SHRINKAGE
    texts, taken = [], []
    for place in np.flatnonzero(known):
        if any((np.abs(places[place] - other) < apart).all() for other in taken):
            continue
        taken.append(places[place])
        prefix = "" if texts else "\N{GREEK SMALL LETTER BETA} = "
        texts.append(
            ax.annotate(
                prefix + names[place],
                points[place],
                textcoords="offset points",
                fontsize=_SIZE,
                color=INK,
                path_effects=[withStroke(linewidth=2.5, foreground="white")],
                zorder=4,
                **options,
            )
        )
    return texts

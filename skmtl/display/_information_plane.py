"""Score against information, over the price of information."""

import numpy as np

from ..exceptions import InputError
from ..inspection import information_path
from ._checks import check_names, check_switch
from ._drawing import axes_of_size
from ._lines import draw_legend, draw_mean, draw_tasks, write_prices


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
            self.lines_ = draw_tasks(ax, information, score, names, line_kw or {})
        if mean is True or (mean == "auto" and len(names) > 1):
            self.mean_line_ = draw_mean(ax, information, score, mean_kw or {})
        self._dress()
        drawn = [*self.lines_, *filter(None, [self.mean_line_])]
        self.legend_ = draw_legend(ax, len(drawn))
        if prices and (self.mean_line_ or len(drawn) == 1):
            self.text_ = write_prices(ax, drawn[-1], betas)
        return self

    def _dress(self):
        ax = self.ax_
        ax.set_xlabel("information per task (nats)")
        ax.set_ylabel(self.score_name)
        ax.spines[["top", "right"]].set_visible(False)
        ax.grid(axis="y", color="0.9", linewidth=0.8)
        ax.set_axisbelow(True)
        ax.margins(0.06, 0.09)

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

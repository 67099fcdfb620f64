"""Bars of how many tasks use each layer, beside a map of what tasks use together."""

import numpy as np

from ..exceptions import InputError
from ._axes import divided_axes
from ._checks import check_groups, check_names, check_switch, fitted_step_with
from ._drawing import INK, draw_brackets, draw_names, draw_scale, draw_values
from ._order import display_order, group_spans

_MOST_VALUES = 25


class SharingMaskDisplay:
    """Which share of each layer is used by how many tasks, and by which together.

    Make one with :meth:`from_estimator` or :meth:`from_masks`. On the left, a bar for
    each layer is parted into the shares of its weights that no task uses, one task,
    two, and so on up to all. On the right, a map shows for each two tasks the weights
    that both use, as a share of those that either uses.

    Parameters
    ----------
    masks : dict of str to array-like of shape (n_tasks, *weight), bool
        Which weights each task uses, by the name of the layer.
    groups : array-like of shape (n_tasks,), default=None
        Group of each task. None draws no brackets and keeps the order of the tasks.
    task_names : sequence of n_tasks str, default=None
        None takes "task_0", "task_1", ...

    Attributes
    ----------
    usage_ : ndarray of shape (n_layers, n_tasks + 1)
        Share of the weights of each layer that 0, 1, ..., n_tasks tasks use.
    density_ : ndarray of shape (n_tasks, n_layers)
        Share of the weights of each layer that each task uses.
    overlap_ : ndarray of shape (n_tasks, n_tasks)
        Weights of all layers that both tasks use, as a share of those that either uses.
    order_ : ndarray of int, shape (n_tasks,)
        The task in each row of the map.
    axes_ : ndarray of 2 matplotlib Axes
        Those of the bars and of the map.
    figure_ : matplotlib Figure
        The figure of the axes.
    bars_ : list of n_tasks + 1 matplotlib BarContainer
        The parts of the bars, from weights that no task uses to those that all use.
    im_ : matplotlib AxesImage
        The map.
    text_ : ndarray of matplotlib Text, shape (n_tasks, n_tasks), or None
        The values in the cells of the map.
    brackets_ : list of matplotlib Line2D
        One for each group of two or more tasks, from top to bottom.
    colorbar_ : matplotlib Colorbar, or None
        The scale of the map.

    Raises
    ------
    InputError
        If there is no layer, the layers have different numbers of tasks, or the groups
        or names are not one per task.

    See Also
    --------
    TaskSimilarityDisplay : How similar the tasks are.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("Agg")
    >>> from skmtl.display import SharingMaskDisplay
    >>> display = SharingMaskDisplay.from_masks(
    ...     {"first": [[1, 1, 0, 0], [0, 1, 1, 0]], "second": [[1, 0], [1, 0]]}
    ... )
    >>> display.usage_
    array([[0.25, 0.5 , 0.25],
           [0.5 , 0.  , 0.5 ]])
    >>> display.overlap_
    array([[1. , 0.5],
           [0.5, 1. ]])
    """

    def __init__(self, masks, *, groups=None, task_names=None):
        self.masks = masks
        self.groups = groups
        self.task_names = task_names

    @classmethod
    def from_estimator(cls, estimator, *, member=0, **plot_options):
        """Draw what the tasks of a fitted estimator use.

        Parameters
        ----------
        estimator : fitted estimator of skmtl
            With masks, such as FisherSparseMTLClassifier; or a fitted pipeline that
            ends in one, or a fitted search over either.
        member : int, default=0
            The member of an ensemble to draw.
        **plot_options : dict
            Options of :meth:`plot`.

        Returns
        -------
        display : SharingMaskDisplay
            Holds the arrays and what was drawn.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        InputError
            If it is fitted but has no `masks_`, or there is no such member.
        """
        estimator = fitted_step_with(
            estimator,
            "masks_",
            "masks, such as FisherSparseMTLClassifier",
            "from_masks",
        )
        return cls.from_masks(
            estimator.layer_masks(member),
            groups=estimator.task_groups_,
            task_names=estimator.task_names_,
            **plot_options,
        )

    @classmethod
    def from_masks(cls, masks, *, groups=None, task_names=None, **plot_options):
        """Draw masks.

        Parameters
        ----------
        masks : dict of str to array-like of shape (n_tasks, *weight), bool
            Which weights each task uses, by the name of the layer.
        groups : array-like of shape (n_tasks,), default=None
            Group of each task; None draws no brackets.
        task_names : sequence of n_tasks str, default=None
            Names of the tasks.
        **plot_options : dict
            Options of :meth:`plot`.

        Returns
        -------
        display : SharingMaskDisplay
            Holds the arrays and what was drawn.
        """
        display = cls(masks, groups=groups, task_names=task_names)
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
        """Draw the bars and the map.

        Parameters
        ----------
        ax : matplotlib Axes, or array-like of 2 of them, default=None
            Where to draw bars and map; a single one is divided. None makes a figure.
        cmap : str or matplotlib Colormap, default="GnBu"
            Colours, of the bars from no task to all, of the map from 0 to 1.
        values : bool or "auto", default="auto"
            Whether to write the values into the map; "auto" does so up to 25 tasks.
        values_format : str, default=".2f"
            Format specification of the values.
        colorbar : bool, default=True
            Whether to draw the scale of the map.
        im_kw : dict, default=None
            Further options of `imshow`.
        text_kw : dict, default=None
            Further options of the values' `text`.
        bracket_kw : dict, default=None
            Further options of the brackets' lines.

        Returns
        -------
        display : SharingMaskDisplay
            This object, with what was drawn.
        """
        tables, groups, names = self._checked()
        check_switch("values", values)
        self._count(tables)
        self.order_ = display_order(self.overlap_, groups)
        spans = group_spans(groups, self.order_)
        self.axes_ = _axes_in(ax, len(tables), len(names))
        bars, ax = self.axes_
        self.figure_ = ax.figure
        self._draw_bars(bars, list(self.masks), cmap)
        shown = self.overlap_[np.ix_(self.order_, self.order_)]
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
            label, ticks = "weights used by both", [0, 0.25, 0.5, 0.75, 1]
            self.colorbar_ = draw_scale(self.im_, label, bool(spans), ticks)
        return self

    def _count(self, tables):
        n_tasks = len(tables[0])
        self.density_ = np.stack([own.mean(1) for own in tables], axis=1)
        self.usage_ = np.stack(
            [
                np.bincount(own.sum(0), minlength=n_tasks + 1) / own.shape[1]
                for own in tables
            ]
        )
        flat = np.concatenate(tables, axis=1).astype(np.float32)
        both = np.rint(flat @ flat.T).astype(float)
        sizes = both.diagonal()
        either = sizes[:, None] + sizes - both
        empty = np.eye(n_tasks)
        self.overlap_ = np.divide(both, either, out=empty, where=either > 0)

    def _draw_bars(self, ax, layers, cmap):
        from matplotlib import colormaps

        palette = colormaps.get_cmap(cmap)
        n_tasks = self.usage_.shape[1] - 1
        start, self.bars_ = np.zeros(len(layers)), []
        for count, share in enumerate(self.usage_.T):
            # "no task" is as light as the map's zero
            colour = palette(count / n_tasks)
            options = {"color": colour, "edgecolor": "white", "linewidth": 0.6}
            label = {0: "no task", n_tasks: "all"}.get(count, str(count))
            bars = ax.barh(layers, share, left=start, label=label, **options)
            self.bars_.append(bars)
            start = start + share
        ax.set(xlim=(0, 1), xlabel="share of the layer's weights, by tasks that use it")
        ax.invert_yaxis()
        ax.spines[["top", "right", "left"]].set_visible(False)
        ax.tick_params(length=0, colors=INK)
        handles = [bars[0] for bars in self.bars_]
        chosen = range(n_tasks + 1) if n_tasks <= 5 else (0, 1, n_tasks // 2, n_tasks)
        ax.legend(
            [handles[count] for count in chosen],
            [self.bars_[count].get_label() for count in chosen],
            loc="lower center",
            bbox_to_anchor=(0.5, 1.0),
            ncols=len(chosen),
            frameon=False,
            handlelength=1.0,
            columnspacing=1.0,
        )

    def _checked(self):
        tables = [np.asarray(own).astype(bool) for own in dict(self.masks).values()]
        if not tables or min(own.ndim for own in tables) < 2:
            raise InputError(
                "`masks` must hold an array (n_tasks, *weight) for each layer; found "
                f"shapes {[own.shape for own in tables]}."
            )
        n_tasks = len(tables[0])
        if any(len(own) != n_tasks for own in tables):
            raise InputError(
                "`masks` must have one mask per task in every layer; found "
                f"{[len(own) for own in tables]}."
            )
        flat = [own.reshape(n_tasks, -1) for own in tables]
        groups = check_groups(self.groups, n_tasks)
        return flat, groups, check_names(self.task_names, n_tasks)


def _axes_in(ax, n_layers, n_tasks):
    """Axes for bars and map; without any, in a new figure whose size suits both."""
    side = float(np.clip(2.2 + 0.42 * n_tasks, 3.4, 9.5))
    widths = [4.5, side * 1.22]
    if ax is not None:
        return divided_axes(ax, 1, 2, width_ratios=widths)[0]
    from matplotlib import pyplot

    height = max(side, float(np.clip(1.6 + 0.5 * n_layers, 2.4, 9.5)))
    _, axes = pyplot.subplots(
        1, 2, figsize=(sum(widths), height), width_ratios=widths, layout="compressed"
    )
    return axes

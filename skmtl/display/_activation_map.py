"""Maps of what speaks for a class, over the pictures."""

import numpy as np

from ..exceptions import InputError
from ..inspection import class_activation_map
from ._axes import divided_axes

_MOST_PICTURES = 64


class ActivationMapDisplay:
    """Pictures, with what speaks for a class laid over them.

    Make one with :meth:`from_estimator`: a row for each task, a column for each
    picture.

    Parameters
    ----------
    pictures : array-like of shape (n_pictures, [channels,] height, width)
        Grey pictures, or three channels of colours; scaled to their own range.
    maps : array-like of shape (n_tasks, n_pictures, height, width)
        Not negative; the largest value of each task and picture is drawn full.
    task_names : sequence of n_tasks str, default=None
        None takes "task_0", "task_1", ...

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes, shape (n_tasks, n_pictures)
        What each picture is drawn in.
    images_ : ndarray of matplotlib AxesImage, shape (n_tasks, n_pictures)
        The maps; the pictures lie under them.
    figure_ : matplotlib Figure
        The figure of the axes.

    Raises
    ------
    InputError
        If the shapes do not fit each other.

    See Also
    --------
    skmtl.inspection.class_activation_map : The maps as numbers.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("Agg")
    >>> from skmtl import HardSharingClassifier
    >>> from skmtl.datasets import load_grouped_digits
    >>> from skmtl.display import ActivationMapDisplay
    >>> X, y = load_grouped_digits(return_X_y=True)
    >>> pictures = X.reshape(-1, 8, 8)
    >>> est = HardSharingClassifier(encoder="conv", max_epochs=2, random_state=0)
    >>> est = est.fit(pictures, y)
    >>> display = ActivationMapDisplay.from_estimator(est, pictures[:3])
    >>> display.axes_.shape
    (4, 3)
    """

    def __init__(self, pictures, maps, *, task_names=None):
        self.pictures = pictures
        self.maps = maps
        self.task_names = task_names

    @classmethod
    def from_estimator(cls, estimator, X, *, task=None, class_=None, **plot_options):
        """Draw what a fitted estimator looks at.

        Parameters
        ----------
        estimator : fitted estimator of skmtl
            With ``encoder="conv"``.
        X : array-like of shape (n_pictures, [channels,] height, width)
            Few pictures.
        task : str, int, or sequence of them, default=None
            Name or index of the task to show, or of several; None shows all.
        class_ : object, default=None
            As in :func:`skmtl.inspection.class_activation_map`, for every task.
        **plot_options : dict
            Options of :meth:`plot`.

        Returns
        -------
        display : ActivationMapDisplay
            Holds pictures, maps and what was drawn.
        """
        names = getattr(estimator, "task_names_", [])
        tasks = range(len(names)) if task is None else task
        if isinstance(tasks, str | int | np.integer):
            tasks = [tasks]
        maps = [class_activation_map(estimator, X, own, class_) for own in tasks]
        shown = [own if isinstance(own, str) else names[own] for own in tasks]
        return cls(X, np.array(maps), task_names=shown).plot(**plot_options)

    def plot(self, *, ax=None, cmap="inferno", alpha=0.55, im_kw=None):
        """Draw pictures and maps.

        Parameters
        ----------
        ax : matplotlib Axes, or array-like of n_tasks * n_pictures of them, \
default=None
            Where to draw; a single one is divided. None makes a figure.
        cmap : str or matplotlib Colormap, default="inferno"
            Colours of the maps.
        alpha : float, default=0.55
            How much of a picture a full map covers.
        im_kw : dict, default=None
            Further options of `imshow` for the maps.

        Returns
        -------
        display : ActivationMapDisplay
            This object, with what was drawn.
        """
        pictures, maps = self._checked()
        n_rows, n_columns = maps.shape[:2]
        self.axes_ = _axes_in(ax, n_rows, n_columns)
        self.figure_ = self.axes_[0, 0].figure
        self.images_ = np.empty((n_rows, n_columns), dtype=object)
        for (row, column), ax in np.ndenumerate(self.axes_):
            picture, own = pictures[column], maps[row, column]
            ax.imshow(picture, cmap="gray")
            full = own / max(float(own.max()), 1e-300)
            options = {"cmap": cmap, "vmin": 0.0, "vmax": 1.0, "alpha": alpha * full}
            self.images_[row, column] = ax.imshow(full, **{**options, **(im_kw or {})})
            ax.set_xticks([])
            ax.set_yticks([])
            ax.spines[:].set_visible(False)
        for row, ax in enumerate(self.axes_[:, 0]):
            names = self.task_names
            ax.set_ylabel(f"task_{row}" if names is None else str(names[row]))
        return self

    def _checked(self):
        pictures = np.asarray(self.pictures, dtype=float)
        maps = np.asarray(self.maps, dtype=float)
        if maps.ndim != 4 or 0 in maps.shape or pictures.ndim not in (3, 4):
            raise InputError(
                "`pictures` must have shape (n_pictures, [channels,] height, width) "
                "and `maps` (n_tasks, n_pictures, height, width); found "
                f"{pictures.shape} and {maps.shape}."
            )
        found = (len(pictures), *pictures.shape[-2:])
        if found != maps.shape[1:] or len(pictures) > _MOST_PICTURES:
            raise InputError(
                f"`maps` must have one map for each picture, of its size, and at most "
                f"{_MOST_PICTURES} of them; found {maps.shape[1:]} for {found}."
            )
        if pictures.ndim == 4:
            pictures = _as_colours(pictures)
        return pictures, maps


def _axes_in(ax, n_rows, n_columns):
    """Axes for each map; without any, in a new figure whose size suits them."""
    if ax is not None:
        return divided_axes(ax, n_rows, n_columns)
    from matplotlib import pyplot

    size = (1.3 * n_columns + 0.9, 1.3 * n_rows)
    _, axes = pyplot.subplots(
        n_rows, n_columns, figsize=size, squeeze=False, layout="compressed"
    )
    return axes


def _as_colours(pictures):
    """Channels last, in [0, 1]; other numbers of channels than three become grey."""
    if pictures.shape[1] != 3:
        return pictures.mean(1)
    low, high = pictures.min(), pictures.max()
    return np.moveaxis((pictures - low) / max(high - low, 1e-300), 1, -1)

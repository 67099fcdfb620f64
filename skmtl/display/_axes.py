"""Axes of displays that have several parts."""

import numpy as np

from ..exceptions import InputError


def divided_axes(ax, n_rows, n_columns, **options):
    """Axes for each part, out of what the user gave.

    Parameters
    ----------
    ax : matplotlib Axes, or array-like of n_rows * n_columns of them
        A single one is divided, as PartialDependenceDisplay of scikit-learn does.
    n_rows, n_columns : int
    **options : dict
        Of the grid that divides a single one.

    Returns
    -------
    axes : ndarray of matplotlib Axes, shape (n_rows, n_columns)
    """
    from matplotlib.axes import Axes

    given = np.array(ax, dtype=object)
    rule = f"`ax` must be one matplotlib Axes, or hold {n_rows} x {n_columns} of them"
    if not all(isinstance(own, Axes) for own in given.flat):
        found = sorted({type(own).__name__ for own in given.flat})
        raise InputError(f"{rule}; found {', '.join(found)}.")
    if given.ndim == 0:
        return _split(ax, n_rows, n_columns, options)
    if given.size != n_rows * n_columns:
        raise InputError(
            f"{rule}; found {given.size}. Make them with "
            f"matplotlib.pyplot.subplots({n_rows}, {n_columns})."
        )
    return given.reshape(n_rows, n_columns)


def _split(ax, n_rows, n_columns, options):
    place = ax.get_subplotspec()
    if place is None:
        raise InputError(
            "`ax` cannot be divided, since it stands free in its figure. Make it with "
            f"matplotlib.pyplot.subplots, or pass {n_rows} x {n_columns} Axes."
        )
    ax.set_axis_off()
    return place.subgridspec(n_rows, n_columns, **options).subplots(squeeze=False)

"""Masks that leave a task hardly anything to compute with."""

import numpy as np

from skmtl._base import warn_user
from skmtl.exceptions import CollapseWarning

__all__ = ["warn_of_thin_masks"]

# A layer of few inputs has few weights for each unit from the start.
_DENSE_ENOUGH = 0.05


def warn_of_thin_masks(estimator, names, shapes):
    """Warn where tasks keep fewer weights of a layer than it has units.

    On digits, with layers of 64 units, random masks left tasks at chance from there on
    down, masks over units well below; masks of the information lost a few points.

    Parameters
    ----------
    estimator : estimator
        Fitted.
    names : sequence of str
        Of the layers.
    shapes : sequence of tuple of int
        Of the layers' weights, units first.

    Warns
    -----
    CollapseWarning
    """
    n_tasks, n_layers = estimator.sparsity_.shape[-2:]
    density = 1 - estimator.sparsity_.reshape(-1, n_tasks, n_layers)
    kept = np.rint(density * [np.prod(shape) for shape in shapes])
    units = np.array([shape[0] for shape in shapes])
    thin = ((kept < units) & (density < _DENSE_ENOUGH)).any(0)
    if not thin.any():
        return
    least = np.where(thin.any(0), (kept / units).min((0, 1)), np.inf)
    layer = int(least.argmin())
    fewest = kept[..., layer].min(0)
    task = int(fewest.argmin())
    warn_user(
        f"{thin[:, layer].sum()} of the {n_tasks} tasks keep fewer weights of layer "
        f"{names[layer]!r} than it has units, {units[layer]} (task "
        f"{estimator.task_names_[task]!r}: {fewest[task]:.0f}), and may learn little "
        f"or nothing. Raise `keep_ratio` (now {estimator.keep_ratio}).",
        CollapseWarning,
    )

"""What later calls owe to the fit before them."""

import numpy as np

from skmtl.exceptions import InputError
from skmtl.nn import unstack_module
from skmtl.tasks._table import read_classes

__all__ = ["check_classes", "check_row_shape", "start_from"]


def check_classes(encoder, classes):
    """Compare the classes of a later call with those of the first.

    Parameters
    ----------
    encoder : TargetEncoder
        Fitted.
    classes : array-like or list of n_tasks array-likes, or None
        As in ``partial_fit``; None passes.

    Raises
    ------
    InputError
        If a task has other classes.
    """
    given = read_classes(classes, encoder.task_names)
    for spec, own in zip(encoder.specs, given, strict=True):
        if own is not None and not np.array_equal(own, spec.classes):
            known = None if spec.classes is None else spec.classes.tolist()
            raise InputError(
                f"`classes` must stay those of the first call, {known} for task "
                f"{spec.name!r}; found {own.tolist()}."
            )


def check_row_shape(X, fitted):
    """Refuse pictures of another shape with as many pixels.

    Parameters
    ----------
    X : ndarray
    fitted : tuple of int
        Shape of one row in fit.

    Raises
    ------
    InputError
    """
    if X.shape[1:] != fitted:
        raise InputError(
            f"Rows of X must have the shape they had in fit, {fitted}; found "
            f"{X.shape[1:]}."
        )


def start_from(estimator, prepared):
    """Give the network of a new fit the weights of the fitted one.

    Parameters
    ----------
    estimator : estimator
        Fitted.
    prepared : Prepared
        Its networks are changed.

    Raises
    ------
    InputError
        If tasks, classes or the network differ.
    """
    module = estimator.net_.module_
    plans = prepared.plans
    members = [module]
    if module.members:
        members = [unstack_module(module, m) for m in range(module.members[0])]
    same_size = len(members) == len(plans)
    same_shapes = _shapes(members[0]) == _shapes(plans[0].network)
    same_tasks = _same_tasks(estimator._targets, prepared.data.encoder)
    if not (same_size and same_shapes and same_tasks):
        raise InputError(
            "`warm_start=True` needs the features, tasks, classes, network and "
            "`n_estimators` of the previous fit; found others. Set warm_start=False "
            "to fit anew."
        )
    for plan, old in zip(plans, members, strict=True):
        plan.network.load_state_dict(old.state_dict())


def _shapes(module):
    return {name: tensor.shape for name, tensor in module.state_dict().items()}


def _same_tasks(one, other):
    kinds = [[(spec.name, spec.kind) for spec in own.specs] for own in (one, other)]
    classes = [[spec.classes for spec in own.specs] for own in (one, other)]
    return kinds[0] == kinds[1] and all(map(np.array_equal, *classes))

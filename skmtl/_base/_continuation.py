"""A new fit that starts from the weights of an earlier one."""

import numpy as np

from skmtl.exceptions import InputError
from skmtl.tasks._table import read_classes

__all__ = ["check_classes", "start_from"]


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


def start_from(estimator, prepared):
    """Give the network of a new fit the weights of the fitted one.

    Parameters
    ----------
    estimator : estimator
        Fitted.
    prepared : Prepared
        Its network is changed.

    Raises
    ------
    InputError
        If tasks, classes or the network differ.
    """
    old = estimator.net_.module_.state_dict()
    network = prepared.plan.network
    same_shapes = _shapes(old) == _shapes(network.state_dict())
    if not (same_shapes and _same_tasks(estimator._targets, prepared.encoder)):
        raise InputError(
            "`warm_start=True` needs the features, tasks, classes and network of the "
            "previous fit; found others. Set warm_start=False to fit anew."
        )
    network.load_state_dict(old)


def _shapes(state):
    return {name: tensor.shape for name, tensor in state.items()}


def _same_tasks(one, other):
    kinds = [[(spec.name, spec.kind) for spec in own.specs] for own in (one, other)]
    classes = [[spec.classes for spec in own.specs] for own in (one, other)]
    return kinds[0] == kinds[1] and all(map(np.array_equal, *classes))

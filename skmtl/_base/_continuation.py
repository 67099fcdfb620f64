"""A new fit that starts from the weights of an earlier one."""

import numpy as np

from skmtl.exceptions import InputError

__all__ = ["start_from"]


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

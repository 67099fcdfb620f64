"""What later calls owe to the fit before them."""

import copy

import numpy as np

from skmtl.exceptions import InputError
from skmtl.nn import unstack_module
from skmtl.tasks._table import read_classes

from ._tables import settled_parameters

__all__ = ["check_classes", "check_settled", "copied_net", "start_from"]


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


def check_settled(estimator):
    """Refuse parameters that a network in training would not hear of.

    Parameters
    ----------
    estimator : estimator
        Fitted.

    Raises
    ------
    InputError
        If one is not what it was when the network was built.
    """
    # Files written before estimators kept these have none.
    built_of = getattr(estimator, "_built_of", {})
    for name, now in settled_parameters(estimator).items():
        if name in built_of and not _equal(built_of[name], now):
            raise InputError(
                f"`{name}` must stay that of the first call, {built_of[name]!r}, since "
                f"the network goes on as it was built; found {now!r}. Set it back, or "
                "start anew with `fit`."
            )


def copied_net(net):
    """Copy a net for training that may fail; the user's callbacks hear on.

    Parameters
    ----------
    net : MultiTaskNet

    Returns
    -------
    MultiTaskNet
    """
    given = [own[1] if isinstance(own, tuple) else own for own in net.callbacks or ()]
    return copy.deepcopy(net, {id(own): own for own in given})


def _equal(before, now):
    if before is now:
        return True
    if any(callable(one) or isinstance(one, str | dict) for one in (before, now)):
        return type(before) is type(now) and before == now
    if any(hasattr(one, "iloc") for one in (before, now)):
        return type(before) is type(now) and before.equals(now)
    return np.array_equal(before, now)


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
        If tasks, classes or the network differ, or a parameter that shaped it.
    """
    module = estimator.net_.module_
    plans = prepared.plans
    members = [module]
    if module.members:
        members = [unstack_module(module, m) for m in range(module.members[0])]
    for plan in plans:
        plan.network.resize_like(members[0].state_dict())
    differences = (
        _difference("`n_estimators`", len(members), len(plans))
        or _difference(
            "shape of a row of X", estimator._input_shape, prepared.data.X.shape[1:]
        )
        or _other_tasks(estimator._targets, prepared.data.encoder)
        or _other_shapes(members[0], plans[0].network)
        or _other_parameter(members[0], plans[0].network)
    )
    if differences:
        raise InputError(
            "`warm_start=True` needs the features, tasks, classes, network and "
            f"`n_estimators` of the previous fit; found another {differences}. Set "
            "warm_start=False to fit anew."
        )
    for plan, old in zip(plans, members, strict=True):
        plan.network.load_state_dict(old.state_dict())


def _difference(what, before, now):
    """What differs, in words; None if nothing does."""
    return None if before == now else f"{what}, {now} instead of {before}"


def _other_tasks(before, now):
    names = _difference("list of tasks", before.task_names, now.task_names)
    if names:
        return names
    for old, new in zip(before.specs, now.specs, strict=True):
        kind = _difference(f"kind of task {old.name!r}", old.kind, new.kind)
        if kind:
            return kind
        if not np.array_equal(old.classes, new.classes):
            what = f"list of classes of task {old.name!r}"
            return _difference(what, old.classes.tolist(), new.classes.tolist())
    return None


def _other_shapes(before, now):
    old, new = (
        {name: tuple(tensor.shape) for name, tensor in own.state_dict().items()}
        for own in (before, now)
    )
    for name in {**old, **new}:
        if old.get(name) != new.get(name):
            shapes = f"{new.get(name)} instead of {old.get(name)}"
            return f"network, where {name!r} has the shape {shapes}"
    return None


def _other_parameter(before, now):
    found = now.difference_to(before)
    return None if found is None else _difference(*found)

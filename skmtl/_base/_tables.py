"""The parameters of an estimator, and what is read from their descriptions."""

from dataclasses import replace
from typing import Any

from ._parameters import SHARED, TASK_TYPES
from ._rules import Parameter

__all__ = [
    "Parameter",
    "constraints_of",
    "parameter_table",
    "settled_parameters",
    "stackable_parameters",
]


def parameter_table(
    own: dict[str, Parameter],
    defaults: dict[str, Any] | None = None,
    kind: str = "classifier",
) -> dict[str, Parameter]:
    """List an estimator's parameters: its own, then the shared ones.

    Parameters
    ----------
    own : dict of str to Parameter
    defaults : dict, optional
        Defaults of shared parameters that differ here, or a whole ``Parameter`` where
        its meaning does.
    kind : {"classifier", "regressor", "ranker", "mixed"}

    Returns
    -------
    dict of str to Parameter
    """
    table = dict(own)
    if kind == "mixed":
        table["task_types"] = TASK_TYPES
    changed = defaults or {}
    for name, parameter in SHARED.items():
        if name == "class_weight" and kind in ("regressor", "ranker"):
            continue
        own_form = changed.get(name)
        if isinstance(own_form, Parameter):
            parameter = own_form
        elif name in changed:
            parameter = replace(parameter, default=own_form)
        table[name] = parameter
    return table


def constraints_of(table: dict[str, Parameter]) -> dict[str, list[Any]]:
    """Constraints in the form that scikit-learn's validation reads."""
    return {name: list(parameter.constraint) for name, parameter in table.items()}


def stackable_parameters(estimator: Any) -> set[str]:
    """Parameters in which the members of one network may differ.

    Parameters
    ----------
    estimator : estimator or class of estimators

    Returns
    -------
    set of str
    """
    table: dict[str, Parameter] = estimator._parameter_table
    return {name for name, parameter in table.items() if parameter.stackable}


def settled_parameters(estimator: Any) -> dict[str, Any]:
    """What the network of an estimator, and its training, are built of.

    Parameters
    ----------
    estimator : estimator

    Returns
    -------
    dict of str to object
        Values of these parameters by their names.
    """
    table: dict[str, Parameter] = estimator._parameter_table
    names = [name for name, parameter in table.items() if parameter.settled]
    return {name: getattr(estimator, name) for name in names}

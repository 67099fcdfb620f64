"""The sparse methods, as fields of problems for the contract."""

from skmtl import (
    FisherSparseMTLClassifier,
    FisherSparseMTLMixed,
    FisherSparseMTLRegressor,
    MaximumRoamingClassifier,
    MaximumRoamingRegressor,
    RandomSparseMTLClassifier,
    RandomSparseMTLMixed,
    TaskRoutingClassifier,
    TaskRoutingMixed,
)

_KEPT = {"keep_ratio": (0.4, 0.5, 0.6, 0.3, 0.9)}
_MIXED = ["regression", "classification", "classification"]


def _problem(estimator, tasks=(2, 4, 3, 2), **parameters):
    return {
        "estimator": estimator,
        "tasks": tasks,
        "parameters": parameters,
        "stackable": _KEPT,
    }


SPARSE = [
    _problem(FisherSparseMTLClassifier),
    _problem(FisherSparseMTLClassifier, masking="gradient", fisher="predicted"),
    _problem(FisherSparseMTLRegressor, (1, 1, 1), fisher="batch", importance="fisher"),
    _problem(
        FisherSparseMTLMixed,
        (1, 3, 2),
        importance="relative",
        latent_dim=4,
        task_types=_MIXED,
    ),
    _problem(RandomSparseMTLClassifier),
    _problem(RandomSparseMTLMixed, (1, 3, 2), masking="gradient", task_types=_MIXED),
    _problem(TaskRoutingClassifier),
    _problem(TaskRoutingMixed, (1, 3, 2), latent_dim=6, task_types=_MIXED),
    _problem(MaximumRoamingClassifier),
    _problem(MaximumRoamingRegressor, (1, 1, 1)),
]

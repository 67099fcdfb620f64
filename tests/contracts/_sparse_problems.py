"""The sparse methods, and hard sharing with norms, as fields of problems."""

from skmtl import (
    FisherSparseMTLClassifier,
    FisherSparseMTLMixed,
    FisherSparseMTLRegressor,
    HardSharingClassifier,
    MaximumRoamingClassifier,
    MaximumRoamingRegressor,
    RandomSparseMTLClassifier,
    RandomSparseMTLMixed,
    TaskRoutingClassifier,
    TaskRoutingMixed,
)
from tests.contracts._plain_norm import PlainNormedSharing, PlainNormedSparse
from tests.contracts._plain_sparse import PlainSparse

_KEPT = {"keep_ratio": (0.4, 0.5, 0.6, 0.3, 0.9)}
_MIXED = ["regression", "classification", "classification"]


def _problem(estimator, tasks=(2, 4, 3, 2), is_relative=True, **parameters):
    plain = PlainNormedSparse if "batch_norm" in parameters else PlainSparse
    return {
        "plain": plain,
        "is_relative": is_relative,
        "estimator": estimator,
        "tasks": tasks,
        "parameters": parameters,
        "stackable": _KEPT,
    }


SPARSE = [
    _problem(FisherSparseMTLClassifier, is_relative=False),
    _problem(
        FisherSparseMTLClassifier,
        is_relative=False,
        masking="gradient",
        fisher="predicted",
    ),
    _problem(FisherSparseMTLClassifier, importance="units"),
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
    _problem(MaximumRoamingClassifier, is_relative=False),
    _problem(MaximumRoamingRegressor, (1, 1, 1)),
    {
        "estimator": HardSharingClassifier,
        "parameters": {"batch_norm": True},
        "plain": PlainNormedSharing,
    },
    _problem(FisherSparseMTLClassifier, batch_norm=True),
    _problem(
        FisherSparseMTLMixed,
        (1, 3, 2),
        masking="gradient",
        latent_dim=4,
        task_types=_MIXED,
        batch_norm=True,
    ),
    _problem(MaximumRoamingClassifier, batch_norm=True),
]

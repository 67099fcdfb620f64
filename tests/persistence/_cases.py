"""Estimators and data that cover what a file has to hold."""

import numpy as np
import pandas as pd
import polars as pl
import torch

from skmtl import (
    FisherSparseMTLClassifier,
    FisherSparseMTLRegressor,
    HardSharingClassifier,
    HardSharingMixed,
    HardSharingRanker,
    HardSharingRegressor,
    HierarchicalIBClassifier,
    HierarchicalIBMixed,
    HierarchicalIBRegressor,
    MaximumRoamingClassifier,
    MTVIBMixed,
    RandomSparseMTLClassifier,
    SelectiveSharingClassifier,
    SelectiveSharingMixed,
)

QUICK = {"max_epochs": 2, "hidden_layer_sizes": (8,), "random_state": 0}
RANDOM = np.random.RandomState(0)
X = RANDOM.normal(size=(60, 6))
PICTURES = RANDOM.normal(size=(60, 3, 9, 7))
SIGNS = (X[:, :3] > 0).astype(int)
WORDS = np.array(["no", "perhaps", "yes"])[SIGNS + (X[:, 3:] > 1)]


def frame():
    """One column for each way to store labels, with holes."""
    table = pd.DataFrame(
        {
            "colour": pd.Categorical(
                WORDS[:, 0], ["yes", "perhaps", "no", "never"], ordered=True
            ),
            "size": X[:, 1].astype(np.float32),
            "flag": pd.array(SIGNS[:, 2].astype(bool), dtype="boolean"),
            "text": WORDS[:, 1],
        }
    )
    table.loc[:9, ["colour", "text"]] = None
    table.loc[20:29, "flag"] = pd.NA
    table.loc[30:33, "size"] = np.nan
    return table


def with_holes():
    y = SIGNS.astype(float)
    y[:10, 0] = y[10:20, 1] = np.nan
    return y


CASES = {
    "bottleneck": (HierarchicalIBClassifier(latent_dim=4, **QUICK), X, SIGNS),
    "no noise": (HierarchicalIBClassifier(noise=None, **QUICK), X, with_holes()),
    "channels": (
        HierarchicalIBClassifier(
            marginal="learned", noise="fixed", n_samples=3, n_estimators=2, **QUICK
        ),
        X,
        SIGNS,
    ),
    "residual": (
        HierarchicalIBRegressor(noise="shared", residual="full", **QUICK),
        X,
        X[:, :2] + 5,
    ),
    "mixed residual": (
        HierarchicalIBMixed(
            residual="diagonal", task_types=["classification", "regression"], **QUICK
        ),
        X,
        np.column_stack([SIGNS[:, 0], X[:, 1]]),
    ),
    "norms": (
        HardSharingClassifier(batch_norm=True, n_estimators=2, **QUICK),
        X,
        with_holes(),
    ),
    "masks and norms": (
        FisherSparseMTLClassifier(batch_norm=True, **QUICK),
        X,
        with_holes(),
    ),
    "pictures and norms": (
        MaximumRoamingClassifier(encoder="conv", batch_norm=True, **QUICK),
        PICTURES,
        SIGNS,
    ),
    "branches": (
        SelectiveSharingClassifier(
            window=1, sharing=[0, 1, 0], branch_layer_sizes=(4,), **QUICK
        ),
        X,
        SIGNS,
    ),
    "found branches": (
        SelectiveSharingClassifier(
            window=2,
            min_reliability=None,
            min_similarity=0.0,
            n_estimators=2,
            recluster=True,
            **QUICK,
        ),
        X,
        SIGNS,
    ),
    "open window": (SelectiveSharingMixed(**QUICK), X, frame()),
    "masks": (FisherSparseMTLClassifier(keep_ratio=0.3, **QUICK), X, with_holes()),
    "masks of members": (
        FisherSparseMTLRegressor(n_estimators=2, masking="gradient", **QUICK),
        X,
        X[:, :2] + 5,
    ),
    "masks by chance": (RandomSparseMTLClassifier(**QUICK), PICTURES[:, 0, 0], SIGNS),
    "units": (
        MaximumRoamingClassifier(encoder="conv", n_estimators=2, **QUICK),
        PICTURES,
        SIGNS,
    ),
    "noisy encoder": (MTVIBMixed(**QUICK), X, frame()),
    "float32": (HardSharingClassifier(**QUICK), X.astype(np.float32), WORDS),
    "bf16": (HardSharingClassifier(precision="bf16", **QUICK), X, WORDS),
    "bytes": (HardSharingClassifier(**QUICK), X, WORDS.astype("S")),
    "objects": (HardSharingClassifier(**QUICK), X, WORDS.astype(object)),
    "one task": (HardSharingClassifier(**QUICK), X, WORDS[:, 0]),
    "weights": (
        HardSharingClassifier(
            task_weight={"task_1": 2.0}, class_weight={0: 3.0}, dropout=0.2, **QUICK
        ),
        X,
        SIGNS,
    ),
    "early stopping": (
        HardSharingRegressor(
            early_stopping=True, optimizer="sgd", device=torch.device("cpu"), **QUICK
        ),
        X,
        X[:, :2] + 5,
    ),
    "named features": (
        HardSharingRegressor(**QUICK),
        pd.DataFrame(X, columns=list("abcdef")),
        pd.Series(X[:, 0], name="target"),
    ),
    "pandas": (HardSharingMixed(**QUICK), X, frame()),
    "polars": (
        HardSharingMixed(**QUICK),
        X,
        pl.DataFrame(
            {
                "kind": pl.Series(
                    WORDS[:, 0].tolist(), dtype=pl.Enum(sorted({*WORDS[:, 0]}))
                ),
                "size": X[:, 1],
            }
        ),
    ),
    "mixed": (
        HardSharingMixed(task_types=["classification", "regression"], **QUICK),
        X,
        np.column_stack([SIGNS[:, 0], X[:, 1]]),
    ),
    "ranking": (HardSharingRanker(n_estimators=2, **QUICK), X, X[:, :2] ** 3),
    "rankings beside others": (
        HardSharingMixed(task_types=["classification", "ranking"], **QUICK),
        X.astype(np.float32),
        np.column_stack([SIGNS[:, 0], X[:, 1]]),
    ),
    "pictures": (HardSharingClassifier(encoder="conv", **QUICK), PICTURES, SIGNS),
    "grey pictures": (
        HierarchicalIBClassifier(
            encoder="conv", **{**QUICK, "hidden_layer_sizes": (), "latent_dim": None}
        ),
        PICTURES[:, 0],
        SIGNS,
    ),
}

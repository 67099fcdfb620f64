"""Methods and recipes of ``fisher_sparse.py``."""

from inspect import signature

import numpy as np
from _sparse_sets import SETS

import skmtl
from skmtl import FisherSparseMTLClassifier as Fisher
from skmtl import HardSharingClassifier as Hard

BATCH = 128
# Algorithm 2 has no moving average, no floor under a layer's density and no frozen end.
PRINTED = {"importance": "fisher", "ema": 0.0, "layer_floor": 0.0, "freeze": 0.0}
# The paper's rule with the label as printed, and what the package adds to it.
BATCH_PRINTED = {"fisher": "batch", **PRINTED}
RANDOM = "random masks"

METHODS = {
    "single task": (Hard, {}),
    "hard sharing": (Hard, {}),
    RANDOM: (skmtl.RandomSparseMTLClassifier, {}),
    "task routing": (skmtl.TaskRoutingClassifier, {}),
    "maximum roaming": (skmtl.MaximumRoamingClassifier, {}),
    "fisher, batch (algorithm 2)": (Fisher, BATCH_PRINTED),
    "fisher, predicted (eq. 10)": (Fisher, {**PRINTED, "fisher": "predicted"}),
    "fisher, exact (eq. 9)": (Fisher, {**PRINTED, "fisher": "exact"}),
    "fisher, default": (Fisher, {}),
}
RECIPES = {
    "printed": BATCH_PRINTED,
    "printed, predicted": {**PRINTED, "fisher": "predicted"},
    "printed, exact": {**PRINTED, "fisher": "exact"},
    "printed, warmup 0": {**BATCH_PRINTED, "warmup": 0.0},
    "printed, warmup .3": {**BATCH_PRINTED, "warmup": 0.3},
    "printed, saliency": {**BATCH_PRINTED, "importance": "saliency"},
    "printed, relative": {**BATCH_PRINTED, "importance": "relative"},
    "printed, frozen": {**BATCH_PRINTED, "freeze": 0.3},
    "printed, average": {**BATCH_PRINTED, "ema": 0.9},
    "printed, floor": {**BATCH_PRINTED, "layer_floor": 0.3},
    "all together": {},
    "all, batch": {"fisher": "batch"},
    "all, predicted": {"fisher": "predicted"},
    "all, fisher score": {"importance": "fisher"},
    "all, relative": {"importance": "relative"},
    "all, warmup 0": {"warmup": 0.0},
    "all, warmup .3": {"warmup": 0.3},
    "all, frozen at .7": {"freeze": 0.7},
    "all, not frozen": {"freeze": 0.0},
    "all, no average": {"ema": 0.0},
    "all, no floor": {"layer_floor": 0.0},
    "control: magnitude": {"fisher": "magnitude"},
    "control: random, redrawn never": {"fisher": "random"},
}
NORM = "batch_norm"


def has_norm(kind):
    """Whether an estimator offers batch norm with statistics of each task."""
    return NORM in signature(kind).parameters


def methods():
    """Class and parameters of each method, by name."""
    found = dict(METHODS)
    if has_norm(Hard):
        found["hard sharing, batch norm"] = (Hard, {NORM: True})
    if has_norm(Fisher):
        found["fisher, default, batch norm"] = (Fisher, {NORM: True})
    return found


def recipes():
    """Class and parameters of each recipe, by name, with its yardsticks."""
    found = {name: (Fisher, own) for name, own in RECIPES.items()}
    for name in ("hard sharing", RANDOM):
        found[name] = METHODS[name]
    if has_norm(Fisher):
        found["printed, batch norm"] = (Fisher, {**BATCH_PRINTED, NORM: True})
        found["all, batch norm"] = (Fisher, {NORM: True})
        found["hard sharing, batch norm"] = (Hard, {NORM: True})
    return found


def has_ratio(kind):
    """Whether a method keeps a share of the network."""
    return "keep_ratio" in signature(kind).parameters


def estimator(entry, key, n_rows, device):
    """Build what a row's key asks for.

    Parameters
    ----------
    entry : tuple of type and dict
        Of :func:`methods` or :func:`recipes`.
    key : dict
        ``set``, ``ratio``, ``seed``, ``decay`` and ``steps``.
    n_rows : int
        Rows that are fitted, which turn steps into epochs.
    device : str
    """
    kind, own = entry
    setting = SETS[key["set"]]
    batch = min(BATCH, max(n_rows // 4, 1))
    parameters = {
        "hidden_layer_sizes": setting.hidden,
        "batch_size": batch,
        "max_epochs": max(round(key["steps"] / np.ceil(n_rows / batch)), 2),
        "weight_decay": key["decay"],
        "random_state": key["seed"],
        "device": device,
    }
    if has_ratio(kind):
        parameters["keep_ratio"] = key["ratio"]
    if "masking" in signature(kind).parameters:
        parameters["masking"] = setting.masking
    return kind(**{**parameters, **own})

"""Parameters shared by all estimators: default, constraint and text, once."""

from numbers import Integral, Real

import torch
from sklearn.utils._param_validation import Interval, StrOptions

from ..nn import ACTIVATIONS
from ._rules import (
    CallbackList,
    LayerSizes,
    NetParams,
    Parameter,
    PrecomputedClusterer,
)

__all__ = ["BATCH_NORM", "SHARED", "TASK_TYPES"]


def _positive(kind: type = Real) -> Interval:
    return Interval(kind, 0, None, closed="neither")


_COUNT = Interval(Integral, 1, None, closed="left")
_FRACTION = Interval(Real, 0, 1, closed="both")

SHARED: dict[str, Parameter] = {
    "encoder": Parameter(
        "mlp",
        [StrOptions({"mlp", "conv"}), callable],
        "{'mlp', 'conv'}, torch Module, or callable",
        "Network from features to the shared representation. 'conv' takes pictures, "
        "X of shape (n, h, w) or (n, c, h, w). A module is copied with its weights. A "
        "callable gets the number of features (for pictures: the shape of one row) "
        "and returns a module that maps (batch, ...) to (batch, features).",
        settled=True,
    ),
    "hidden_layer_sizes": Parameter(
        (64, 64),
        [LayerSizes()],
        "sequence of int",
        "Widths of the encoder's fully connected hidden layers. Ignored if `encoder` "
        "is a module or a callable.",
        settled=True,
    ),
    "latent_dim": Parameter(
        None,
        [_COUNT, None],
        "int or None",
        "Width of a last affine layer of the encoder; None: the representation is "
        "the last hidden layer.",
        settled=True,
    ),
    "activation": Parameter(
        "relu",
        [StrOptions(set(ACTIVATIONS))],
        "{" + ", ".join(repr(name) for name in ACTIVATIONS) + "}",
        "Activation of the hidden layers.",
        settled=True,
    ),
    "dropout": Parameter(
        0.0,
        [Interval(Real, 0, 1, closed="left")],
        "float",
        "Fraction of the hidden units dropped in training.",
        settled=True,
    ),
    "max_epochs": Parameter(
        "auto",
        [_COUNT, StrOptions({"auto"})],
        "int or 'auto'",
        "Passes over the data. 'auto': enough for 2,000 steps, at least 10.",
    ),
    "lr": Parameter(
        3e-3, [_positive()], "float", "Initial learning rate of the optimiser."
    ),
    "lr_decay": Parameter(
        0.25,
        [_FRACTION],
        "float",
        "Fraction of the steps, at the end of training, over which the learning rate "
        "falls linearly to zero. 0 keeps it constant.",
    ),
    "batch_size": Parameter(
        "auto",
        [_COUNT, StrOptions({"auto"})],
        "int or 'auto'",
        "Rows per step. 'auto': a quarter of the rows, at most 128, or 256 from "
        "20,000 rows on.",
    ),
    "optimizer": Parameter(
        "adamw",
        [StrOptions({"adamw", "sgd"}), callable],
        "{'adamw', 'sgd'} or torch optimizer class",
        "Optimiser; 'sgd' uses Nesterov momentum 0.9. A class is called with "
        "parameter groups and `lr`.",
        settled=True,
    ),
    "weight_decay": Parameter(
        "auto",
        [Interval(Real, 0, None, closed="left"), StrOptions({"auto"})],
        "float or 'auto'",
        "Decoupled weight decay: each step multiplies the weights, not the biases, "
        "by 1 - lr * weight_decay. 'auto': 200 / sqrt(n_samples * n_labels), within "
        ".01 and 1, where n_labels is the mean number of labels of a task.",
        stackable=True,
    ),
    "early_stopping": Parameter(
        False,
        ["boolean"],
        "bool",
        "Whether to set rows aside, balanced over the tasks, and to stop when the "
        "loss on them no longer improves; the best epoch is kept.",
    ),
    "validation_fraction": Parameter(
        0.1,
        [Interval(Real, 0, 1, closed="neither")],
        "float",
        "Fraction of the rows set aside for early stopping.",
    ),
    "n_iter_no_change": Parameter(
        10, [_COUNT], "int", "Epochs without improvement before training stops."
    ),
    "tol": Parameter(
        1e-4,
        [Interval(Real, 0, None, closed="left")],
        "float",
        "Least improvement of the validation loss, in nats (of rankings: squared "
        "margins) summed over tasks, that counts.",
    ),
    "n_estimators": Parameter(
        1,
        [_COUNT],
        "int",
        "Networks with initial weights and noise of their own, trained side by side on "
        "the same batches. Predictions are averaged: probabilities of classes, and "
        "values of real targets.",
    ),
    "task_weight": Parameter(
        None,
        ["array-like", dict, None],
        "array-like of shape (n_tasks,), dict, or None",
        "Weight of each task's loss in the sum; a dict (or a Series with names) maps "
        "task names to weights, others weigh 1.",
        stackable=True,
    ),
    "class_weight": Parameter(
        None,
        [StrOptions({"balanced"}), dict, list, None],
        "'balanced', dict, list, or None",
        "Weights of classes within a task. 'balanced' weighs classes inversely to "
        "their frequency. A dict maps classes to weights and holds for every task "
        "(classes it does not name weigh 1). A list has one entry per task, or a dict "
        "maps names of tasks to such entries.",
    ),
    "clustering": Parameter(
        "gap",
        [StrOptions({"gap", "hdbscan"}), PrecomputedClusterer()],
        "{'gap', 'hdbscan'} or clusterer",
        "How `task_groups_` is made from `task_similarity_`: average linkage cut in "
        "its largest gap, density clustering (of four tasks or more), or a "
        "scikit-learn clusterer that takes ``metric='precomputed'``.",
    ),
    "min_similarity": Parameter(
        0.25,
        [_FRACTION],
        "float",
        "Least similarity at which two tasks may share a group.",
    ),
    "n_groups": Parameter(
        None,
        [_COUNT, None],
        "int or None",
        "Number of task groups; None finds it.",
    ),
    "device": Parameter(
        "auto",
        [str, torch.device],
        "str or torch.device",
        "Where to train. 'auto': CUDA where present, but the CPU in worker processes.",
    ),
    "precision": Parameter(
        "full",
        [StrOptions({"full", "bf16"})],
        "{'full', 'bf16'}",
        "'full' trains in the type of X (float32 on an accelerator), 'bf16' runs the "
        "forward pass in bfloat16.",
        settled=True,
    ),
    "compile": Parameter(
        False, ["boolean"], "bool", "Whether to compile the encoder with torch."
    ),
    "warm_start": Parameter(
        False,
        ["boolean"],
        "bool",
        "Whether `fit` starts from the weights of the previous fit.",
    ),
    "callbacks": Parameter(
        None,
        [CallbackList(), None],
        "list of skorch callbacks or None",
        "Callbacks of the training loop, or tuples (name, callback). They are used as "
        "they are, so that they can be read after the fit.",
    ),
    "net_params": Parameter(
        None,
        [NetParams(), None],
        "dict or None",
        "Further constructor arguments of the skorch net: ``callbacks__<name>`` and "
        "``torch_load_kwargs``. For options of an optimiser, give `optimizer` a "
        "``functools.partial``.",
    ),
    "random_state": Parameter(
        None,
        ["random_state"],
        "int, RandomState instance or None",
        "Seed of initial weights, batches, noise and splits. Equal seeds give equal "
        "fits on a CPU.",
        stackable=True,
    ),
    "verbose": Parameter(0, ["verbose"], "int", "Whether to print one line per epoch."),
}

BATCH_NORM = Parameter(
    False,
    ["boolean"],
    "bool",
    "Whether each task has batch norm of its own in front of each activation of the "
    "encoder: statistics over the rows that have a label of the task, kept for "
    "predictions, and a scale and a shift. Each row then passes the encoder once for "
    "each task, and `transform` gives the mean over the tasks. Must be False if "
    "`encoder` is a module or a callable.",
    settled=True,
)

TASK_TYPES = Parameter(
    "auto",
    [StrOptions({"auto"}), "array-like", dict],
    "'auto', list of {'classification', 'regression', 'ranking'}, or dict",
    "Kind of each task: a list in the order of the columns, or a dict (or a Series) "
    "from task names to kinds, which leaves the others to 'auto'. 'auto' guesses from "
    "the columns of y, see `task_table_`: a numeric column is regression unless its "
    "values are all 0 or 1, or it has an integer data type and few distinct values (a "
    "missing label turns integers of NumPy into floats); it is never a ranking, which "
    "predicts the order of the rows only.",
)

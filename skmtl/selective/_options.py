"""Parameters of selective sharing."""

from numbers import Integral, Real

from sklearn.utils._param_validation import Interval, StrOptions

from skmtl._base import LayerSizes, Parameter

__all__ = ["DEFAULTS", "OPTIONS"]

_COUNT = Interval(Integral, 1, None, closed="left")

DEFAULTS = {
    "hidden_layer_sizes": (64,),
    "weight_decay": Parameter(
        "auto",
        [Interval(Real, 0, None, closed="left"), StrOptions({"auto"})],
        "float or 'auto'",
        "Decoupled weight decay: each step multiplies the weights, not the biases, "
        "by 1 - lr * weight_decay. 'auto': c / sqrt(n_samples * n_labels), within "
        ".01 and 1, where n_labels is the mean number of labels of a task. c is 1500 "
        "times the variance of the targets that a ridge regression on random features "
        "cannot predict, over that which it can, and at least 200; 200 where "
        "`encoder` is not 'mlp'.",
        stackable=True,
    ),
}

_CRITERIA = {"similarity", "dissimilarity", "variance", "random"}

OPTIONS = {
    "sharing": Parameter(
        "similarity",
        [
            StrOptions({"similarity", "dissimilarity", "variance", "random"}),
            "array-like",
        ],
        "{'similarity', 'dissimilarity', 'variance', 'random'}, array-like of shape "
        "(n_tasks,), or dict",
        "Which tasks share a branch: those that are most alike; as many groups of "
        "those that are least alike; those whose gradients come close at some step; "
        "groups of the sizes that similarity finds, drawn at random. An array gives "
        "the group of each task, a dict (or a Series) by the names of the tasks.",
        settled=True,
    ),
    "representation": Parameter(
        "whitened",
        [StrOptions({"whitened", "tensor_train", "gram", "mean"})],
        "{'whitened', 'tensor_train', 'gram', 'mean'}",
        "What tasks are compared by: the whitened covariance of the trunk's features "
        "with the targets, before training, or the gradients of the first branch layer "
        "over the window, as cores of a tensor train (the paper), as G G', or as their "
        "mean.",
        settled=True,
    ),
    "branch_layer_sizes": Parameter(
        (64,),
        [LayerSizes()],
        "sequence of int",
        "Widths of the hidden layers of each branch, at least one.",
        settled=True,
    ),
    "window": Parameter(
        "auto",
        [StrOptions({"auto"}), _COUNT],
        "int or 'auto'",
        "Steps of the optimiser before branches are merged; 'auto' is 1 where groups "
        "are given or read before training, and 80 where gradients are compared.",
        settled=True,
    ),
    "merge": Parameter(
        "best",
        [StrOptions({"best", "mean", "max", "min"})],
        "{'best', 'mean', 'max', 'min'}",
        "What becomes of the branches of a group: the one with the lowest mean loss "
        "over the window stays, or mean, maximum or minimum of each weight.",
        settled=True,
    ),
    "min_reliability": Parameter(
        "null",
        [StrOptions({"null"}), Interval(Real, 0, 1, closed="both"), None],
        "'null', float or None",
        "Signal, in [0, 1], that two halves of the rows must agree on, else a task "
        "keeps its branch to itself. 'null': more than under permuted labels. None "
        "lets every task share.",
        settled=True,
    ),
    "recluster": Parameter(
        False,
        ["boolean"],
        "bool",
        "Whether to group anew after every epoch, until no task is alone or three "
        "epochs passed without a change (the paper). Branches never part again.",
        settled=True,
    ),
    "refit_output": Parameter(
        "auto",
        [StrOptions({"auto"}), "boolean"],
        "bool or 'auto'",
        "Whether the output layers are solved by ridge regression at a merge, so that "
        "outputs stay what they were. 'auto': where the loss rises by more than 10 %.",
        settled=True,
    ),
    "rank": Parameter(
        3,
        [_COUNT],
        "int",
        "Rank of the tensor train.",
        settled=True,
    ),
    "tensor_shape": Parameter(
        None,
        [LayerSizes(), None],
        "sequence of int or None",
        "Shape of the tensor that a gradient is factorised as, with as many entries. "
        "None: the matrix itself.",
        settled=True,
    ),
}
